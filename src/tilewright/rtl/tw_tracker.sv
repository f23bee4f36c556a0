// tw_tracker: what the next vector from OFIFO is: its PMEM address, and its place in the job.
//
// Contract
//   Vectors arrive in the order in which the controller streams: output tile outer, then
//   - weight stationary: input tile, tap, pixel. The vector is a hit if its pixel belongs to an
//     ofmap pixel; with is_skipping_i only those pixels are streamed. Hits come in the order of
//     onij, so the address is a counter. is_first in the first fold of an output tile, is_final in
//     the last;
//   - output stationary: pass, row from Rows-1 down to 0. Row r is ofmap pixel pass * Rows + r, a
//     hit if that is less than onij_i; the sum is complete, so is_first and is_final.
//   The address is onij after the words of the output tiles before.
//
// Timing
//   Everything describes the present vector, from registers; pop_i moves on to the next one.
//   restart_i, in an idle cycle, sets everything to the job's first vector.

module tw_tracker #(
    parameter int Rows     = 8,
    parameter int DimBits  = 16,
    parameter int AddrBits = 10
) (
    input  logic                clk_i,
    input  logic                rst_ni,
    input  logic                restart_i,
    input  logic                pop_i,
    // layer descriptor and mode
    input  logic                is_os_i,
    input  logic                is_skipping_i,
    input  logic [ DimBits-1:0] padded_h_i,
    input  logic [ DimBits-1:0] padded_w_i,
    input  logic [ DimBits-1:0] kh_i,
    input  logic [ DimBits-1:0] kw_i,
    input  logic [ DimBits-1:0] stride_h_i,
    input  logic [ DimBits-1:0] stride_w_i,
    input  logic [ DimBits-1:0] oh_i,
    input  logic [ DimBits-1:0] ow_i,
    input  logic [ DimBits-1:0] itiles_i,
    input  logic [ DimBits-1:0] otiles_i,
    input  logic [ DimBits-1:0] passes_i,
    // present vector
    output logic                hit_o,
    output logic [AddrBits-1:0] addr_o,
    output logic                is_first_o,
    output logic                is_final_o,
    output logic                fold_last_o,
    output logic                job_last_o
);

  localparam int IndexBits = AddrBits + 8;  // pixels of the last pass may lie beyond the end
  localparam int RowBits = (Rows > 1) ? $clog2(Rows) : 1;
  localparam logic [RowBits-1:0] LastRow = RowBits'(Rows - 1);

  logic [IndexBits-1:0] onij;
  assign onij = IndexBits'(oh_i) * IndexBits'(ow_i);

  // ---------------------------------------------------------------------------------------------
  // Place in the job. An output-stationary pass counts as an input tile with one tap.

  logic [  DimBits-1:0] otile_q;
  logic [  DimBits-1:0] itile_q;
  logic [  DimBits-1:0] ki_q;
  logic [  DimBits-1:0] kj_q;
  logic [  DimBits-1:0] next_ki;
  logic [  DimBits-1:0] next_kj;
  logic                 is_last_kj;
  logic                 is_last_tap;
  logic                 is_last_fold;
  logic                 is_last_otile;
  logic                 ends_fold;

  assign is_last_kj    = is_os_i || (kj_q == kw_i - DimBits'(1));
  assign is_last_tap   = is_last_kj && (is_os_i || ki_q == kh_i - DimBits'(1));
  assign is_last_fold  = is_last_tap
                         && (itile_q == (is_os_i ? passes_i : itiles_i) - DimBits'(1));
  assign is_last_otile = (otile_q == otiles_i - DimBits'(1));
  assign ends_fold     = pop_i && fold_last_o;
  assign next_kj       = is_last_kj ? '0 : kj_q + DimBits'(1);
  assign next_ki       = is_last_tap ? '0 : is_last_kj ? ki_q + DimBits'(1) : ki_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      otile_q <= '0;
      itile_q <= '0;
      ki_q    <= '0;
      kj_q    <= '0;
    end else if (restart_i) begin
      otile_q <= '0;
      itile_q <= '0;
      ki_q    <= '0;
      kj_q    <= '0;
    end else if (ends_fold) begin
      kj_q <= next_kj;
      ki_q <= next_ki;
      if (is_last_tap) itile_q <= is_last_fold ? '0 : itile_q + DimBits'(1);
      if (is_last_fold) otile_q <= otile_q + DimBits'(1);
    end
  end

  // ---------------------------------------------------------------------------------------------
  // Weight stationary: hits of a tap. Where only hits are streamed, the ofmap is the plane.

  logic [DimBits-1:0] window_ki;
  logic [DimBits-1:0] window_kj;
  logic               window_hit;
  logic               window_last;

  always_comb begin
    window_ki = ends_fold ? next_ki : ki_q;
    window_kj = ends_fold ? next_kj : kj_q;
    if (is_skipping_i || restart_i) begin
      window_ki = '0;
      window_kj = '0;
    end
  end

  tw_window #(
      .DimBits(DimBits)
  ) u_window (
      .clk_i,
      .rst_ni,
      .restart_i (restart_i || ends_fold),
      .pixel_i   (pop_i),
      .padded_h_i(is_skipping_i ? oh_i : padded_h_i),
      .padded_w_i(is_skipping_i ? ow_i : padded_w_i),
      .stride_h_i(is_skipping_i ? DimBits'(1) : stride_h_i),
      .stride_w_i(is_skipping_i ? DimBits'(1) : stride_w_i),
      .oh_i,
      .ow_i,
      .ki_i      (window_ki),
      .kj_i      (window_kj),
      .hit_o     (window_hit),
      .last_o    (window_last)
  );

  // ---------------------------------------------------------------------------------------------
  // Addresses

  logic [IndexBits-1:0] tile_q;  // word of onij 0 of this output tile
  logic [IndexBits-1:0] index_q;  // hits so far in this fold, or ofmap pixel of row 0 of this pass
  logic [  RowBits-1:0] row_q;
  logic [IndexBits-1:0] pixel;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      tile_q  <= '0;
      index_q <= '0;
      row_q   <= LastRow;
    end else if (restart_i) begin
      tile_q  <= '0;
      index_q <= '0;
      row_q   <= LastRow;
    end else if (pop_i) begin
      row_q <= (row_q == '0) ? LastRow : row_q - RowBits'(1);
      if (is_os_i) begin
        if (fold_last_o) index_q <= is_last_fold ? '0 : index_q + IndexBits'(Rows);
      end else begin
        index_q <= fold_last_o ? '0 : index_q + IndexBits'(hit_o);
      end
      if (fold_last_o && is_last_fold) tile_q <= tile_q + onij;
    end
  end

  assign pixel       = is_os_i ? index_q + IndexBits'(row_q) : index_q;
  assign hit_o       = is_os_i ? (pixel < onij) : window_hit;
  assign addr_o      = AddrBits'(tile_q + pixel);
  assign is_first_o  = is_os_i || (itile_q == '0 && ki_q == '0 && kj_q == '0);
  assign is_final_o  = is_os_i || is_last_fold;
  assign fold_last_o = is_os_i ? (row_q == '0) : window_last;
  assign job_last_o  = fold_last_o && is_last_fold && is_last_otile;

endmodule

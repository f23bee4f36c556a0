// tw_tracker: the PMEM address of the next vector from OFIFO, and its place in the job.
//
// Contract
//   Vectors arrive in the order in which the controller streams: output tile outer, then
//   - weight stationary: input tile, tap, pixel. The vector is a hit if its pixel belongs to an
//     ofmap pixel; with is_skipping only those pixels are streamed. Hits come in the order of
//     onij, so the address is a counter. is_first in the first fold of an output tile, is_final in
//     the last;
//   - output stationary: pass, row from Rows-1 down to 0. Row r is ofmap pixel pass * Rows + r, a
//     hit if that is less than onij; the sum is complete, so is_first and is_final.
//   The address is onij after the words of the output tiles before.
//
// Timing
//   Everything describes the present vector, from registers; pop_i moves on to the next one.
//   restart_i, in an idle cycle, sets everything to the job's first vector.

module tw_tracker
  import tw_pkg::*;
#(
    parameter int Rows     = 8,
    parameter int AddrBits = 10
) (
    input  logic                  clk_i,
    input  logic                  rst_ni,
    input  logic                  restart_i,
    input  logic                  pop_i,
    // verilator lint_off UNUSEDSIGNAL
    input  layer_t                layer_i,
    // verilator lint_on UNUSEDSIGNAL
    // present vector
    output logic                  hit_o,
    output logic   [AddrBits-1:0] addr_o,
    output logic                  is_first_o,
    output logic                  is_final_o,
    output logic                  fold_last_o,
    output logic                  job_last_o
);

  localparam int IndexBits = AddrBits + 8;  // pixels of the last pass may lie beyond the end
  localparam int RowBits = (Rows > 1) ? $clog2(Rows) : 1;
  localparam logic [RowBits-1:0] LastRow = RowBits'(Rows - 1);

  logic                 is_os;
  logic                 is_skipping;
  logic [IndexBits-1:0] onij;

  assign is_os       = (layer_i.mode.dataflow == OutputStationary);
  assign is_skipping = layer_i.mode.is_skipping;
  assign onij        = IndexBits'(layer_i.onij);

  // ---------------------------------------------------------------------------------------------
  // Place in the job. An output-stationary pass counts as an input tile with one tap.

  logic [DimBits-1:0] otile_q;
  logic [DimBits-1:0] itile_q;
  logic [DimBits-1:0] ki_q;
  logic [DimBits-1:0] kj_q;
  logic [DimBits-1:0] next_ki;
  logic [DimBits-1:0] next_kj;
  logic               is_last_kj;
  logic               is_last_tap;
  logic               is_last_fold;
  logic               is_last_otile;
  logic               ends_fold;

  assign is_last_kj   = is_os || (kj_q == layer_i.kw - DimBits'(1));
  assign is_last_tap  = is_last_kj && (is_os || ki_q == layer_i.kh - DimBits'(1));
  assign is_last_fold = is_last_tap
                         && (itile_q == (is_os ? layer_i.passes : layer_i.itiles) - DimBits'(1));
  assign is_last_otile = (otile_q == layer_i.otiles - DimBits'(1));
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

  assign window_ki = (is_skipping || restart_i) ? '0 : ends_fold ? next_ki : ki_q;
  assign window_kj = (is_skipping || restart_i) ? '0 : ends_fold ? next_kj : kj_q;

  tw_window #(
      .DimBits(DimBits)
  ) u_window (
      .clk_i,
      .rst_ni,
      .restart_i (restart_i || ends_fold),
      .pixel_i   (pop_i),
      .padded_h_i(is_skipping ? layer_i.oh : layer_i.padded_h),
      .padded_w_i(is_skipping ? layer_i.ow : layer_i.padded_w),
      .stride_h_i(is_skipping ? DimBits'(1) : layer_i.stride_h),
      .stride_w_i(is_skipping ? DimBits'(1) : layer_i.stride_w),
      .oh_i      (layer_i.oh),
      .ow_i      (layer_i.ow),
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
      if (is_os) begin
        if (fold_last_o) index_q <= is_last_fold ? '0 : index_q + IndexBits'(Rows);
      end else begin
        index_q <= fold_last_o ? '0 : index_q + IndexBits'(hit_o);
      end
      if (fold_last_o && is_last_fold) tile_q <= tile_q + onij;
    end
  end

  assign pixel       = is_os ? index_q + IndexBits'(row_q) : index_q;
  assign hit_o       = is_os ? (pixel < onij) : window_hit;
  assign addr_o      = AddrBits'(tile_q + pixel);
  assign is_first_o  = is_os || (itile_q == '0 && ki_q == '0 && kj_q == '0);
  assign is_final_o  = is_os || is_last_fold;
  assign fold_last_o = is_os ? (row_q == '0) : window_last;
  assign job_last_o  = fold_last_o && is_last_fold && is_last_otile;

endmodule

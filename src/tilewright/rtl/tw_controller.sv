// tw_controller: reads the words of a job, in order: weights and activations of one fold after the
// other.
//
// Contract
//   A job is otiles output tiles. layer_i is constant while busy_o;
//   start_i is sampled only while busy_o is low; busy_o falls after job_done_i. A word is read in a
//   cycle in which its memory is ready (else the request stays), and an activation only while the
//   vectors under way are fewer than OFIFO holds (Depth).
//   Weight stationary: the folds are input tile outer, tap inner. A fold's weight words are read
//   from the last to the first: Cols words, or 2 * Cols with half-width activations. Its
//   activations are all pixels of the padded plane, or only those of the tap (is_skipping).
//   Output stationary: the folds are passes of `steps` steps; both memories are read in each step.
//
// Timing
//   Weight stationary
//     the first activation is read no earlier than one cycle after the last weight word;
//     the first weight word of the next fold is read no earlier than
//       serial:     one cycle after fold_done_i of this fold,
//       overlapped: Cols cycles after the first activation of this fold, by when the weights have
//                   taken effect wherever the shadow registers shift.
//   Output stationary
//     the first step of the next pass is read no earlier than one cycle after fold_done_i (serial)
//     or flushed_i (overlapped) of this one.

module tw_controller
  import tw_pkg::*;
#(
    parameter int Rows         = 8,
    parameter int Cols         = 8,
    parameter int Depth        = 28,
    parameter int XmemAddrBits = 14,
    parameter int WmemAddrBits = 14
) (
    input  logic                      clk_i,
    input  logic                      rst_ni,
    // job
    input  logic                      start_i,
    output logic                      busy_o,
    output logic                      done_o,
    // verilator lint_off UNUSEDSIGNAL
    input  layer_t                    layer_i,
    // verilator lint_on UNUSEDSIGNAL
    // memories
    input  logic                      wmem_ready_i,
    output logic                      wmem_re_o,
    output logic   [WmemAddrBits-1:0] wmem_addr_o,
    input  logic                      xmem_ready_i,
    output logic                      xmem_re_o,
    output logic   [XmemAddrBits-1:0] xmem_addr_o,
    output logic                      is_first_o,
    output logic                      is_last_o,
    // from the array and behind it
    input  logic                      flushed_i,
    input  logic                      pop_i,
    input  logic                      fold_done_i,
    input  logic                      job_done_i
);

  localparam int WordBits = $clog2(2 * Cols) + 1;
  localparam int WaitBits = $clog2(Cols + 1);
  localparam int CountBits = $clog2(Depth + 1);

  logic is_os;
  logic is_half;
  logic is_skipping;

  assign is_os       = (layer_i.mode.dataflow == OutputStationary);
  assign is_half     = (layer_i.mode.dataflow == TwoChannels);
  assign is_skipping = layer_i.mode.is_skipping && !is_os;

  // ---------------------------------------------------------------------------------------------
  // Job

  logic busy_q;
  logic done_q;
  logic begins;

  assign begins = start_i && !busy_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      busy_q <= 1'b0;
      done_q <= 1'b0;
    end else begin
      busy_q <= begins || (busy_q && !job_done_i);
      done_q <= busy_q && job_done_i;
    end
  end

  assign busy_o = busy_q;
  assign done_o = done_q;

  // ---------------------------------------------------------------------------------------------
  // Which fold, and which word of it. A step is a pixel in a row of `steps` pixels.

  logic [DimBits-1:0] otile_q;
  logic [DimBits-1:0] itile_q;
  logic [DimBits-1:0] ki_q;
  logic [DimBits-1:0] kj_q;
  logic [DimBits-1:0] row_q;
  logic [DimBits-1:0] column_q;
  logic               active_q;  // activations of this job are still to be read
  logic               is_row_end;
  logic               is_fold_end;
  logic               is_last_kj;
  logic               is_last_tap;
  logic               is_last_itile;
  logic               is_last_fold;
  logic [DimBits-1:0] rows;
  logic [DimBits-1:0] columns;

  assign rows          = is_os ? DimBits'(1) : is_skipping ? layer_i.oh : layer_i.padded_h;
  assign columns       = is_os ? layer_i.steps : is_skipping ? layer_i.ow : layer_i.padded_w;
  assign is_row_end    = (column_q == columns - DimBits'(1));
  assign is_fold_end   = is_row_end && (row_q == rows - DimBits'(1));
  assign is_last_kj    = is_os || (kj_q == layer_i.kw - DimBits'(1));
  assign is_last_tap   = is_last_kj && (is_os || ki_q == layer_i.kh - DimBits'(1));
  assign is_last_itile = (itile_q == (is_os ? layer_i.passes : layer_i.itiles) - DimBits'(1));
  assign is_last_fold  = is_last_tap && is_last_itile && (otile_q == layer_i.otiles - DimBits'(1));
  assign is_first_o    = (row_q == '0) && (column_q == '0);
  assign is_last_o     = is_fold_end;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      otile_q  <= '0;
      itile_q  <= '0;
      ki_q     <= '0;
      kj_q     <= '0;
      row_q    <= '0;
      column_q <= '0;
      active_q <= 1'b0;
    end else if (begins) begin
      otile_q  <= '0;
      itile_q  <= '0;
      ki_q     <= '0;
      kj_q     <= '0;
      row_q    <= '0;
      column_q <= '0;
      active_q <= 1'b1;
    end else if (xmem_re_o) begin
      column_q <= is_row_end ? '0 : column_q + DimBits'(1);
      if (is_row_end) row_q <= is_fold_end ? '0 : row_q + DimBits'(1);
      if (is_fold_end) begin
        kj_q <= is_last_kj ? '0 : kj_q + DimBits'(1);
        if (is_last_kj) ki_q <= is_last_tap ? '0 : ki_q + DimBits'(1);
        if (is_last_tap) itile_q <= is_last_itile ? '0 : itile_q + DimBits'(1);
        if (is_last_tap && is_last_itile) otile_q <= otile_q + DimBits'(1);
        if (is_last_fold) active_q <= 1'b0;
      end
    end
  end

  // ---------------------------------------------------------------------------------------------
  // Activations

  localparam int PixelBits = (XmemAddrBits > DimBits) ? XmemAddrBits : DimBits;

  logic [PixelBits-1:0] tile_q;  // pixel 0 of this input tile
  logic [PixelBits-1:0] tap_q;  // first pixel of this tap
  logic [PixelBits-1:0] line_q;  // first pixel of this line
  logic [PixelBits-1:0] act_addr_q;
  logic [PixelBits-1:0] column_step;
  logic [PixelBits-1:0] line_step;
  logic [PixelBits-1:0] next_line;
  logic [PixelBits-1:0] next_tap;
  logic [PixelBits-1:0] next_tile;
  logic [PixelBits-1:0] skipped;  // pixels from the first one of a tap to that of the next

  assign column_step = is_skipping ? PixelBits'(layer_i.stride_w) : PixelBits'(1);
  assign line_step   = PixelBits'(is_skipping ? layer_i.line : ProductBits'(layer_i.padded_w));
  assign next_line   = line_q + line_step;
  assign next_tile   = is_os ? act_addr_q + PixelBits'(1) : tile_q + PixelBits'(layer_i.plane);
  assign skipped     = PixelBits'(1)
                       + (is_last_kj ? PixelBits'(layer_i.padded_w - layer_i.kw) : PixelBits'(0));

  // The next fold's first pixel: of another tile, of the next tap, or of the plane again.
  assign next_tap = is_last_tap ? (is_last_itile ? '0 : next_tile)
                    : is_skipping ? tap_q + skipped : tile_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      tile_q     <= '0;
      tap_q      <= '0;
      line_q     <= '0;
      act_addr_q <= '0;
    end else if (begins) begin
      tile_q     <= '0;
      tap_q      <= '0;
      line_q     <= '0;
      act_addr_q <= '0;
    end else if (xmem_re_o) begin
      act_addr_q <= act_addr_q + column_step;
      if (is_row_end) begin
        act_addr_q <= next_line;
        line_q     <= next_line;
      end
      if (is_fold_end) begin
        act_addr_q <= next_tap;
        line_q     <= next_tap;
        tap_q      <= next_tap;
        if (is_last_tap) tile_q <= next_tap;
      end
    end
  end

  assign xmem_addr_o = XmemAddrBits'(act_addr_q);

  // ---------------------------------------------------------------------------------------------
  // Weights. A fold's words, or an output tile's in output-stationary mode, begin at `base_q`.

  logic [    WordBits-1:0] words;  // of a fold
  logic [    WordBits-1:0] left_q;  // words of the fold still to be read
  logic [    WaitBits-1:0] wait_q;  // cycles until the next fold's words may follow
  logic                    loaded_q;  // all words of the fold that comes next are read
  logic [WmemAddrBits-1:0] base_q;
  logic                    wants_weight;
  logic                    takes_over;  // the first activation of a fold is read

  assign words        = WordBits'(is_half ? 2 * Cols : Cols);
  assign wants_weight = !is_os && (left_q != '0) && (wait_q == '0);
  assign takes_over   = xmem_re_o && is_first_o;
  assign wmem_re_o    = is_os ? xmem_re_o : wants_weight && wmem_ready_i;
  assign wmem_addr_o  = is_os ? base_q + WmemAddrBits'(column_q)
                                : base_q + WmemAddrBits'(left_q) - WmemAddrBits'(1);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      left_q   <= '0;
      wait_q   <= '0;
      loaded_q <= 1'b0;
      base_q   <= '0;
    end else if (begins) begin
      left_q   <= words;
      wait_q   <= '0;
      loaded_q <= 1'b0;
      base_q   <= '0;
    end else if (is_os) begin
      if (xmem_re_o && is_fold_end && is_last_itile)
        base_q <= base_q + WmemAddrBits'(layer_i.steps);
    end else begin
      if (wait_q != '0) wait_q <= wait_q - WaitBits'(1);
      if (wmem_re_o) begin
        left_q <= left_q - WordBits'(1);
        if (left_q == WordBits'(1)) begin
          loaded_q <= 1'b1;
          base_q   <= base_q + WmemAddrBits'(words);
        end
      end
      if (takes_over) loaded_q <= 1'b0;
      if (layer_i.mode.is_overlapped) begin
        if (takes_over && !is_last_fold) begin
          left_q <= words;
          wait_q <= WaitBits'(Cols - 1);
        end
      end else if (fold_done_i && active_q) begin
        left_q <= words;
      end
    end
  end

  // ---------------------------------------------------------------------------------------------
  // May a fold begin, and is there room for what it brings?

  logic                 waits_q;  // output stationary: for the end of the pass before
  logic [CountBits-1:0] under_way_q;
  logic                 may_begin;
  logic                 has_room;
  logic                 wants_act;

  assign may_begin = is_os ? !waits_q && (under_way_q <= CountBits'(Depth - Rows)) : loaded_q;
  assign has_room  = is_os || (under_way_q != CountBits'(Depth));
  assign wants_act = busy_q && active_q && has_room && (!is_first_o || may_begin);
  assign xmem_re_o = wants_act && xmem_ready_i && (!is_os || wmem_ready_i);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      waits_q     <= 1'b0;
      under_way_q <= '0;
    end else if (begins) begin
      waits_q     <= 1'b0;
      under_way_q <= '0;
    end else begin
      if (xmem_re_o && is_fold_end) waits_q <= 1'b1;
      else if (layer_i.mode.is_overlapped ? flushed_i : fold_done_i) waits_q <= 1'b0;
      under_way_q <= under_way_q - CountBits'(pop_i);
      if (is_os && takes_over) under_way_q <= under_way_q + CountBits'(Rows) - CountBits'(pop_i);
      if (!is_os && xmem_re_o) under_way_q <= under_way_q + CountBits'(1) - CountBits'(pop_i);
    end
  end

endmodule

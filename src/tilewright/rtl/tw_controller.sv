// tw_controller: reads the words of a job, in order: weights and activations of one fold after the
// other.
//
// Contract
//   A job is otiles output tiles. The layer descriptor and the mode are constant while busy_o;
//   start_i counts while not busy_o, which ends with job_done_i. A word is read in a cycle in which
//   its memory is ready (else the request stays), and an activation only while the vectors under
//   way are fewer than OFIFO holds (Depth).
//   Weight stationary: the folds are input tile outer, tap inner. A fold's weight words are read
//   from the last to the first: Cols words, or 2 * Cols with half-width activations. Its
//   activations are all pixels of the padded plane, or only those of the tap (is_skipping_i).
//   Output stationary: the folds are passes of steps_i steps; both memories are read in each step.
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

module tw_controller #(
    parameter int Rows         = 8,
    parameter int Cols         = 8,
    parameter int Depth        = 28,
    parameter int DimBits      = 16,
    parameter int XmemAddrBits = 14,
    parameter int WmemAddrBits = 14
) (
    input  logic                    clk_i,
    input  logic                    rst_ni,
    // job
    input  logic                    start_i,
    output logic                    busy_o,
    output logic                    done_o,
    // mode
    input  logic                    is_os_i,
    input  logic                    is_half_i,
    input  logic                    is_overlapped_i,
    input  logic                    is_skipping_i,
    // layer descriptor
    input  logic [     DimBits-1:0] padded_h_i,
    input  logic [     DimBits-1:0] padded_w_i,
    input  logic [     DimBits-1:0] kh_i,
    input  logic [     DimBits-1:0] kw_i,
    input  logic [     DimBits-1:0] stride_h_i,
    input  logic [     DimBits-1:0] stride_w_i,
    input  logic [     DimBits-1:0] oh_i,
    input  logic [     DimBits-1:0] ow_i,
    input  logic [     DimBits-1:0] itiles_i,
    input  logic [     DimBits-1:0] otiles_i,
    input  logic [     DimBits-1:0] steps_i,
    input  logic [     DimBits-1:0] passes_i,
    // memories
    input  logic                    wmem_ready_i,
    output logic                    wmem_re_o,
    output logic [WmemAddrBits-1:0] wmem_addr_o,
    input  logic                    xmem_ready_i,
    output logic                    xmem_re_o,
    output logic [XmemAddrBits-1:0] xmem_addr_o,
    output logic                    is_first_o,
    output logic                    is_last_o,
    // from the array and behind it
    input  logic                    flushed_i,
    input  logic                    pop_i,
    input  logic                    fold_done_i,
    input  logic                    job_done_i
);

  localparam int WordBits = $clog2(2 * Cols) + 1;
  localparam int WaitBits = $clog2(Cols + 1);
  localparam int CountBits = $clog2(Depth + 1);

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
  // Which fold, and which word of it. A step is a pixel in a row of `steps_i` pixels.

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

  always_comb begin
    rows    = is_skipping_i ? oh_i : padded_h_i;
    columns = is_skipping_i ? ow_i : padded_w_i;
    if (is_os_i) begin
      rows    = DimBits'(1);
      columns = steps_i;
    end
  end

  assign is_row_end    = (column_q == columns - DimBits'(1));
  assign is_fold_end   = is_row_end && (row_q == rows - DimBits'(1));
  assign is_last_kj    = is_os_i || (kj_q == kw_i - DimBits'(1));
  assign is_last_tap   = is_last_kj && (is_os_i || ki_q == kh_i - DimBits'(1));
  assign is_last_itile = (itile_q == (is_os_i ? passes_i : itiles_i) - DimBits'(1));
  assign is_last_fold  = is_last_tap && is_last_itile && (otile_q == otiles_i - DimBits'(1));
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

  always_comb begin
    column_step = PixelBits'(1);
    line_step   = PixelBits'(padded_w_i);
    next_tap    = tile_q;
    next_tile   = tile_q + PixelBits'(padded_h_i) * PixelBits'(padded_w_i);
    if (is_os_i) begin
      next_tile = act_addr_q + PixelBits'(1);
    end else if (is_skipping_i) begin
      column_step = PixelBits'(stride_w_i);
      line_step   = PixelBits'(stride_h_i) * PixelBits'(padded_w_i);
      next_tap    = tap_q + PixelBits'(1);
      if (is_last_kj) next_tap = tap_q + PixelBits'(padded_w_i - kw_i) + PixelBits'(1);
    end
    if (is_last_tap) next_tap = is_last_itile ? '0 : next_tile;
    next_line = line_q + line_step;
  end

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

  assign words        = WordBits'(is_half_i ? 2 * Cols : Cols);
  assign wants_weight = !is_os_i && (left_q != '0) && (wait_q == '0);
  assign takes_over   = xmem_re_o && is_first_o;
  assign wmem_re_o    = is_os_i ? xmem_re_o : wants_weight && wmem_ready_i;
  assign wmem_addr_o  = is_os_i ? base_q + WmemAddrBits'(column_q)
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
    end else if (is_os_i) begin
      if (xmem_re_o && is_fold_end && is_last_itile) base_q <= base_q + WmemAddrBits'(steps_i);
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
      if (is_overlapped_i) begin
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

  assign may_begin = is_os_i ? !waits_q && (under_way_q <= CountBits'(Depth - Rows)) : loaded_q;
  assign has_room  = is_os_i || (under_way_q != CountBits'(Depth));
  assign wants_act = busy_q && active_q && has_room && (!is_first_o || may_begin);
  assign xmem_re_o = wants_act && xmem_ready_i && (!is_os_i || wmem_ready_i);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      waits_q     <= 1'b0;
      under_way_q <= '0;
    end else if (begins) begin
      waits_q     <= 1'b0;
      under_way_q <= '0;
    end else begin
      if (xmem_re_o && is_fold_end) waits_q <= 1'b1;
      else if (is_overlapped_i ? flushed_i : fold_done_i) waits_q <= 1'b0;
      under_way_q <= under_way_q - CountBits'(pop_i);
      if (is_os_i && takes_over) under_way_q <= under_way_q + CountBits'(Rows) - CountBits'(pop_i);
      if (!is_os_i && xmem_re_o) under_way_q <= under_way_q + CountBits'(1) - CountBits'(pop_i);
    end
  end

endmodule

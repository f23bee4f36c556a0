// tw_core: systolic core with its memories, weight or output stationary.
//
//   WMEM --> weight L0 --> array --> OFIFO --> SFU <--> PMEM
//   XMEM ----------> L0 -----^                  |
//                                               +--> results
//
// Contract
//   The host writes XMEM and WMEM, sets the layer descriptor and the mode, and raises start_i for
//   one cycle. The core runs one job (otiles output tiles), putting out every word of their ofmaps
//   once. PMEM keeps the psums, output tile after output tile; the host reads them while the core
//   is idle. While busy_o descriptor and mode are constant and the host writes nothing.
//   Words, highest lane in the highest bits:
//   - weight stationary: XMEM itile * T + nij, one activation per row (with is_half_i, two channels
//     in its halves); WMEM (fold * Cols + col), one weight per row (with is_half_i,
//     (fold * Cols + col) * 2 + half);
//   - output stationary: XMEM pass * steps + step, one activation per row, which is an ofmap pixel;
//     WMEM otile * steps + step, one weight per column.
//   Activations are unsigned, weights and psums two's complement.
//   overflow_o tells in each cycle whether a sum did not fit: of those that PMEM takes in this
//   cycle, one in a column of the array (0), or the addition to PMEM (1).
//
//   The ready inputs say in each cycle whether a memory serves the core, and whether the host takes
//   a result. Whatever they do, values are the same; where they are always high, cycles are those
//   of the table.
//
// Timing
//   docs/dataflows.md has the table of events, cycle by cycle, and the cycles of folds and jobs.
//   busy_o is high for exactly the cycles of a job. fold_done_o marks the last cycle of each fold,
//   done_o the first idle cycle after a job. pmem_data_o follows pmem_addr_i by one cycle.

module tw_core #(
    parameter int Rows         = 8,
    parameter int Cols         = 8,
    parameter int ActBits      = 4,
    parameter int WeightBits   = 4,
    parameter int ColumnBits   = 16,
    parameter int PsumBits     = 16,
    parameter int XmemAddrBits = 14,
    parameter int WmemAddrBits = 14,
    parameter int PmemAddrBits = 10,
    parameter int DimBits      = 16,
    parameter int WmemBits     = ((Rows > Cols) ? Rows : Cols) * WeightBits
) (
    input  logic                     clk_i,
    input  logic                     rst_ni,
    // job
    input  logic                     start_i,
    output logic                     busy_o,
    output logic                     done_o,
    output logic                     fold_done_o,
    output logic [              1:0] overflow_o,
    // mode
    input  logic                     is_os_i,
    input  logic                     is_half_i,
    input  logic                     is_overlapped_i,
    input  logic                     is_skipping_i,
    input  logic                     saturate_i,
    input  logic [              1:0] function_i,
    input  logic [              4:0] leak_i,
    // layer descriptor
    input  logic [      DimBits-1:0] padded_h_i,
    input  logic [      DimBits-1:0] padded_w_i,
    input  logic [      DimBits-1:0] kh_i,
    input  logic [      DimBits-1:0] kw_i,
    input  logic [      DimBits-1:0] stride_h_i,
    input  logic [      DimBits-1:0] stride_w_i,
    input  logic [      DimBits-1:0] oh_i,
    input  logic [      DimBits-1:0] ow_i,
    input  logic [      DimBits-1:0] itiles_i,
    input  logic [      DimBits-1:0] otiles_i,
    input  logic [      DimBits-1:0] steps_i,
    input  logic [      DimBits-1:0] passes_i,
    // host port
    input  logic                     xmem_we_i,
    input  logic [ XmemAddrBits-1:0] xmem_addr_i,
    input  logic [ Rows*ActBits-1:0] xmem_data_i,
    input  logic                     wmem_we_i,
    input  logic [ WmemAddrBits-1:0] wmem_addr_i,
    input  logic [     WmemBits-1:0] wmem_data_i,
    input  logic [ PmemAddrBits-1:0] pmem_addr_i,
    output logic [Cols*PsumBits-1:0] pmem_data_o,
    // who serves the core in this cycle
    input  logic                     xmem_ready_i,
    input  logic                     wmem_ready_i,
    input  logic                     pmem_ready_i,
    // results
    input  logic                     out_ready_i,
    output logic                     out_valid_o,
    output logic [ PmemAddrBits-1:0] out_addr_o,
    output logic [Cols*PsumBits-1:0] out_psum_o,
    output logic [Cols*PsumBits-1:0] out_data_o
);

  // Vectors under way at most: enough that the stream never waits for room, and for two flushes.
  localparam int Depth = 2 * Rows + Cols + 4;
  localparam int LaneBits = ActBits + 2;  // an activation, with the marks first and last
  localparam int VectorBits = ColumnBits + 1;  // a psum, with its overflow bit

  // controller
  logic                       fold_done;
  logic                       job_done;
  logic                       flushed;
  logic                       is_first;
  logic                       is_last;
  // memories
  logic                       wmem_re;
  logic [   WmemAddrBits-1:0] wmem_raddr;
  logic [       WmemBits-1:0] wmem_rdata;
  logic                       xmem_re;
  logic [   XmemAddrBits-1:0] xmem_raddr;
  logic [   Rows*ActBits-1:0] xmem_rdata;
  logic                       pmem_re;
  logic [   PmemAddrBits-1:0] pmem_raddr;
  logic                       pmem_we;
  logic [   PmemAddrBits-1:0] pmem_waddr;
  logic [  Cols*PsumBits-1:0] pmem_wdata;
  // read registers to array
  logic                       wmem_valid_q;
  logic                       xmem_valid_q;
  logic                       is_first_q;
  logic                       is_last_q;
  logic [           Rows-1:0] weight_valid;
  logic [Rows*WeightBits-1:0] weight;
  logic [Cols*WeightBits-1:0] north;
  logic [  Rows*LaneBits-1:0] lanes_in;
  logic [  Rows*LaneBits-1:0] lanes;
  logic [           Rows-1:0] act_valid;
  logic [           Rows-1:0] act_first;
  logic [           Rows-1:0] act_last;
  logic [   Rows*ActBits-1:0] act;
  // array to SFU
  logic [           Cols-1:0] column_valid;
  logic [Cols*ColumnBits-1:0] column_psum;
  logic [           Cols-1:0] column_overflow;
  logic [Cols*VectorBits-1:0] vector_in;
  logic [Cols*VectorBits-1:0] vector;
  logic                       vector_valid;
  logic [Cols*ColumnBits-1:0] vector_psum;
  logic [           Cols-1:0] vector_overflow;
  logic                       pop;
  logic                       is_hit;
  logic [   PmemAddrBits-1:0] hit_addr;
  logic                       is_first_fold;
  logic                       is_final_fold;
  logic                       is_fold_last;
  logic                       is_job_last;

  tw_controller #(
      .Rows        (Rows),
      .Cols        (Cols),
      .Depth       (Depth),
      .DimBits     (DimBits),
      .XmemAddrBits(XmemAddrBits),
      .WmemAddrBits(WmemAddrBits)
  ) u_controller (
      .clk_i,
      .rst_ni,
      .start_i,
      .busy_o,
      .done_o,
      .is_os_i,
      .is_half_i,
      .is_overlapped_i,
      .is_skipping_i,
      .padded_h_i,
      .padded_w_i,
      .kh_i,
      .kw_i,
      .stride_h_i,
      .stride_w_i,
      .oh_i,
      .ow_i,
      .itiles_i,
      .otiles_i,
      .steps_i,
      .passes_i,
      .wmem_ready_i,
      .wmem_re_o  (wmem_re),
      .wmem_addr_o(wmem_raddr),
      .xmem_ready_i,
      .xmem_re_o  (xmem_re),
      .xmem_addr_o(xmem_raddr),
      .is_first_o (is_first),
      .is_last_o  (is_last),
      .flushed_i  (flushed),
      .pop_i      (pop),
      .fold_done_i(fold_done),
      .job_done_i (job_done)
  );

  tw_sram #(
      .Width   (Rows * ActBits),
      .AddrBits(XmemAddrBits)
  ) u_xmem (
      .clk_i,
      .we_i   (xmem_we_i),
      .waddr_i(xmem_addr_i),
      .wdata_i(xmem_data_i),
      .re_i   (xmem_re),
      .raddr_i(xmem_raddr),
      .rdata_o(xmem_rdata)
  );

  tw_sram #(
      .Width   (WmemBits),
      .AddrBits(WmemAddrBits)
  ) u_wmem (
      .clk_i,
      .we_i   (wmem_we_i),
      .waddr_i(wmem_addr_i),
      .wdata_i(wmem_data_i),
      .re_i   (wmem_re),
      .raddr_i(wmem_raddr),
      .rdata_o(wmem_rdata)
  );

  // A word is on its memory's output, to be pushed, in the cycle after its read.
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      wmem_valid_q <= 1'b0;
      xmem_valid_q <= 1'b0;
    end else begin
      wmem_valid_q <= wmem_re;
      xmem_valid_q <= xmem_re;
    end
  end

  always_ff @(posedge clk_i) begin
    is_first_q <= is_first;
    is_last_q  <= is_last;
  end

  for (genvar r = 0; r < Rows; r++) begin : gen_lane
    assign lanes_in[r*LaneBits+:LaneBits] = {is_last_q, is_first_q, xmem_rdata[r*ActBits+:ActBits]};
    assign {act_last[r], act_first[r], act[r*ActBits+:ActBits]} = lanes[r*LaneBits+:LaneBits];
  end

  tw_l0 #(
      .Lanes(Rows),
      .Width(LaneBits)
  ) u_l0 (
      .clk_i,
      .rst_ni,
      .push_i (xmem_valid_q),
      .word_i (lanes_in),
      .valid_o(act_valid),
      .lanes_o(lanes)
  );

  tw_l0 #(
      .Lanes(Rows),
      .Width(WeightBits)
  ) u_west (
      .clk_i,
      .rst_ni,
      .push_i (wmem_valid_q && !is_os_i),
      .word_i (wmem_rdata[Rows*WeightBits-1:0]),
      .valid_o(weight_valid),
      .lanes_o(weight)
  );

  // The weights from the north need no valid bits: they come in step with the activations.
  logic [Cols-1:0] unused_north_valid;

  tw_l0 #(
      .Lanes(Cols),
      .Width(WeightBits)
  ) u_north (
      .clk_i,
      .rst_ni,
      .push_i (wmem_valid_q && is_os_i),
      .word_i (wmem_rdata[Cols*WeightBits-1:0]),
      .valid_o(unused_north_valid),
      .lanes_o(north)
  );

  tw_array #(
      .Rows      (Rows),
      .Cols      (Cols),
      .ActBits   (ActBits),
      .WeightBits(WeightBits),
      .ColumnBits(ColumnBits)
  ) u_array (
      .clk_i,
      .rst_ni,
      .is_os_i,
      .is_half_i,
      .saturate_i,
      .weight_valid_i(weight_valid),
      .weight_i      (weight),
      .act_valid_i   (act_valid),
      .act_first_i   (act_first),
      .act_last_i    (act_last),
      .act_i         (act),
      .north_i       (north),
      .psum_valid_o  (column_valid),
      .psum_o        (column_psum),
      .overflow_o    (column_overflow),
      .flushed_o     (flushed)
  );

  for (genvar c = 0; c < Cols; c++) begin : gen_vector
    assign vector_in[c*VectorBits+:VectorBits] = {
      column_overflow[c], column_psum[c*ColumnBits+:ColumnBits]
    };
    assign {vector_overflow[c], vector_psum[c*ColumnBits+:ColumnBits]} =
        vector[c*VectorBits+:VectorBits];
  end

  tw_ofifo #(
      .Cols (Cols),
      .Width(VectorBits),
      .Depth(Depth)
  ) u_ofifo (
      .clk_i,
      .rst_ni,
      .push_i (column_valid),
      .word_i (vector_in),
      .pop_i  (pop),
      .valid_o(vector_valid),
      .word_o (vector)
  );

  tw_tracker #(
      .Rows    (Rows),
      .DimBits (DimBits),
      .AddrBits(PmemAddrBits)
  ) u_tracker (
      .clk_i,
      .rst_ni,
      .restart_i  (!busy_o),
      .pop_i      (pop),
      .is_os_i,
      .is_skipping_i,
      .padded_h_i,
      .padded_w_i,
      .kh_i,
      .kw_i,
      .stride_h_i,
      .stride_w_i,
      .oh_i,
      .ow_i,
      .itiles_i,
      .otiles_i,
      .passes_i,
      .hit_o      (is_hit),
      .addr_o     (hit_addr),
      .is_first_o (is_first_fold),
      .is_final_o (is_final_fold),
      .fold_last_o(is_fold_last),
      .job_last_o (is_job_last)
  );

  tw_sfu #(
      .Cols      (Cols),
      .ColumnBits(ColumnBits),
      .PsumBits  (PsumBits),
      .AddrBits  (PmemAddrBits)
  ) u_sfu (
      .clk_i,
      .rst_ni,
      .saturate_i,
      .function_i,
      .leak_i,
      .valid_i       (vector_valid),
      .psum_i        (vector_psum),
      .overflow_i    (vector_overflow),
      .hit_i         (is_hit),
      .addr_i        (hit_addr),
      .is_first_i    (is_first_fold),
      .is_final_i    (is_final_fold),
      .fold_last_i   (is_fold_last),
      .job_last_i    (is_job_last),
      .pop_o         (pop),
      .memory_ready_i(pmem_ready_i),
      .pmem_re_o     (pmem_re),
      .pmem_raddr_o  (pmem_raddr),
      .pmem_rdata_i  (pmem_data_o),
      .pmem_we_o     (pmem_we),
      .pmem_waddr_o  (pmem_waddr),
      .pmem_wdata_o  (pmem_wdata),
      .out_ready_i,
      .out_valid_o,
      .out_addr_o,
      .out_psum_o,
      .out_data_o,
      .overflow_o,
      .fold_done_o   (fold_done),
      .job_done_o    (job_done)
  );

  assign fold_done_o = fold_done;

  tw_sram #(
      .Width   (Cols * PsumBits),
      .AddrBits(PmemAddrBits)
  ) u_pmem (
      .clk_i,
      .we_i   (pmem_we),
      .waddr_i(pmem_waddr),
      .wdata_i(pmem_wdata),
      .re_i   (pmem_re || !busy_o),
      .raddr_i(busy_o ? pmem_raddr : pmem_addr_i),
      .rdata_o(pmem_data_o)
  );

endmodule

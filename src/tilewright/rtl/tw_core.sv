// tw_core: weight-stationary systolic core with its memories.
//
//   XMEM --+
//          +--> L0 --> array --> OFIFO --> SFU <--> PMEM
//   WMEM --+                                |
//                                           +--> results
//
// Contract
//   The host writes XMEM (word itile * T + nij: one activation per row, row Rows-1 in the highest
//   bits) and WMEM (word (itile * kh * kw + kij) * Cols + col: one weight per row), sets the layer
//   descriptor and raises start_i for one cycle. The core runs one job (one output tile), putting
//   out every word of the ofmap once, in the order of onij. PMEM keeps the psums; the host reads
//   them while the core is idle. Activations are unsigned, weights and psums two's complement;
//   psums wrap. While busy_o the descriptor is constant and the host writes nothing.
//
// Timing
//   With T = padded_h * padded_w, a fold takes T + 2 * Cols + Rows + 3 cycles, a job
//   itiles * kh * kw folds; busy_o is high for exactly these cycles. fold_done_o marks the last
//   cycle of each fold, done_o the first idle cycle after a job. pmem_data_o follows pmem_addr_i by
//   one cycle.
//   docs/dataflows.md has the table of events, cycle by cycle.

module tw_core #(
    parameter int Rows         = 8,
    parameter int Cols         = 8,
    parameter int ActBits      = 4,
    parameter int WeightBits   = 4,
    parameter int PsumBits     = 16,
    parameter int XmemAddrBits = 14,
    parameter int WmemAddrBits = 14,
    parameter int PmemAddrBits = 10,
    parameter int DimBits      = 16
) (
    input  logic                       clk_i,
    input  logic                       rst_ni,
    // job
    input  logic                       start_i,
    output logic                       busy_o,
    output logic                       done_o,
    output logic                       fold_done_o,
    // layer descriptor
    input  logic [        DimBits-1:0] padded_h_i,
    input  logic [        DimBits-1:0] padded_w_i,
    input  logic [        DimBits-1:0] kh_i,
    input  logic [        DimBits-1:0] kw_i,
    input  logic [        DimBits-1:0] stride_h_i,
    input  logic [        DimBits-1:0] stride_w_i,
    input  logic [        DimBits-1:0] oh_i,
    input  logic [        DimBits-1:0] ow_i,
    input  logic [        DimBits-1:0] itiles_i,
    // host port
    input  logic                       xmem_we_i,
    input  logic [   XmemAddrBits-1:0] xmem_addr_i,
    input  logic [   Rows*ActBits-1:0] xmem_data_i,
    input  logic                       wmem_we_i,
    input  logic [   WmemAddrBits-1:0] wmem_addr_i,
    input  logic [Rows*WeightBits-1:0] wmem_data_i,
    input  logic [   PmemAddrBits-1:0] pmem_addr_i,
    output logic [  Cols*PsumBits-1:0] pmem_data_o,
    // results
    output logic                       out_valid_o,
    output logic [   PmemAddrBits-1:0] out_addr_o,
    output logic [  Cols*PsumBits-1:0] out_psum_o,
    output logic [  Cols*PsumBits-1:0] out_relu_o
);

  // controller
  logic                       is_loading;
  logic [        DimBits-1:0] ki;
  logic [        DimBits-1:0] kj;
  logic                       is_first_fold;
  logic                       is_last_fold;
  // memories
  logic                       wmem_re;
  logic [   WmemAddrBits-1:0] wmem_raddr;
  logic [Rows*WeightBits-1:0] wmem_rdata;
  logic                       xmem_re;
  logic [   XmemAddrBits-1:0] xmem_raddr;
  logic [   Rows*ActBits-1:0] xmem_rdata;
  logic                       pmem_re;
  logic [   PmemAddrBits-1:0] pmem_raddr;
  logic                       pmem_we;
  logic [   PmemAddrBits-1:0] pmem_waddr;
  logic [  Cols*PsumBits-1:0] pmem_wdata;
  // L0 to array
  logic                       wmem_valid_q;
  logic                       xmem_valid_q;
  logic [           Rows-1:0] weight_valid;
  logic [Rows*WeightBits-1:0] weight;
  logic [           Rows-1:0] act_valid;
  logic [   Rows*ActBits-1:0] act;
  // array to OFIFO to SFU
  logic [           Cols-1:0] column_valid;
  logic [  Cols*PsumBits-1:0] column_psum;
  logic                       vector_valid;
  logic [  Cols*PsumBits-1:0] vector_psum;
  logic                       is_hit;
  logic [   PmemAddrBits-1:0] hit_addr;
  logic                       is_last_pixel;

  tw_controller #(
      .Cols        (Cols),
      .DimBits     (DimBits),
      .XmemAddrBits(XmemAddrBits),
      .WmemAddrBits(WmemAddrBits)
  ) u_controller (
      .clk_i,
      .rst_ni,
      .start_i,
      .busy_o,
      .done_o,
      .padded_h_i,
      .padded_w_i,
      .kh_i,
      .kw_i,
      .itiles_i,
      .wmem_re_o      (wmem_re),
      .wmem_addr_o    (wmem_raddr),
      .xmem_re_o      (xmem_re),
      .xmem_addr_o    (xmem_raddr),
      .is_loading_o   (is_loading),
      .ki_o           (ki),
      .kj_o           (kj),
      .is_first_fold_o(is_first_fold),
      .is_last_fold_o (is_last_fold),
      .fold_done_i    (fold_done_o)
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
      .Width   (Rows * WeightBits),
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

  tw_l0 #(
      .Rows      (Rows),
      .ActBits   (ActBits),
      .WeightBits(WeightBits)
  ) u_l0 (
      .clk_i,
      .rst_ni,
      .push_i        (wmem_valid_q || xmem_valid_q),
      .is_act_i      (xmem_valid_q),
      .act_i         (xmem_rdata),
      .weight_i      (wmem_rdata),
      .weight_valid_o(weight_valid),
      .weight_o      (weight),
      .act_valid_o   (act_valid),
      .act_o         (act)
  );

  tw_array #(
      .Rows      (Rows),
      .Cols      (Cols),
      .ActBits   (ActBits),
      .WeightBits(WeightBits),
      .PsumBits  (PsumBits)
  ) u_array (
      .clk_i,
      .rst_ni,
      .weight_valid_i(weight_valid),
      .weight_i      (weight),
      .act_valid_i   (act_valid),
      .act_i         (act),
      .psum_valid_o  (column_valid),
      .psum_o        (column_psum)
  );

  tw_ofifo #(
      .Cols    (Cols),
      .PsumBits(PsumBits)
  ) u_ofifo (
      .clk_i,
      .rst_ni,
      .push_i (column_valid),
      .psum_i (column_psum),
      .valid_o(vector_valid),
      .psum_o (vector_psum)
  );

  // Vectors come only after Load has ended, so Load is the time to restart the window.
  tw_window #(
      .DimBits (DimBits),
      .AddrBits(PmemAddrBits)
  ) u_window (
      .clk_i,
      .rst_ni,
      .restart_i(is_loading),
      .pixel_i  (vector_valid),
      .padded_h_i,
      .padded_w_i,
      .stride_h_i,
      .stride_w_i,
      .oh_i,
      .ow_i,
      .ki_i     (ki),
      .kj_i     (kj),
      .hit_o    (is_hit),
      .addr_o   (hit_addr),
      .last_o   (is_last_pixel)
  );

  tw_sfu #(
      .Cols    (Cols),
      .PsumBits(PsumBits),
      .AddrBits(PmemAddrBits)
  ) u_sfu (
      .clk_i,
      .rst_ni,
      .is_first_fold_i(is_first_fold),
      .is_last_fold_i (is_last_fold),
      .valid_i        (vector_valid),
      .psum_i         (vector_psum),
      .hit_i          (is_hit),
      .addr_i         (hit_addr),
      .last_i         (is_last_pixel),
      .pmem_re_o      (pmem_re),
      .pmem_raddr_o   (pmem_raddr),
      .pmem_rdata_i   (pmem_data_o),
      .pmem_we_o      (pmem_we),
      .pmem_waddr_o   (pmem_waddr),
      .pmem_wdata_o   (pmem_wdata),
      .out_valid_o,
      .out_addr_o,
      .out_psum_o,
      .out_relu_o,
      .fold_done_o
  );

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

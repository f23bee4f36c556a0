// tw_core: systolic core with its memories, weight or output stationary: a tw_engine and three
// tw_sram.
//
// Contract
//   The host writes XMEM and WMEM, sets layer_i (tw_pkg.sv), and raises start_i for one cycle. The
//   core runs one job (otiles output tiles), putting out every word of their ofmaps once. PMEM
//   keeps the psums, output tile after output tile; the host reads them while the core is idle.
//   While busy_o layer_i is constant and the host writes nothing; else the simulation stops. A word
//   put out stays until out_ready_i, of which only registers and fold_done_o depend.
//   Words, highest lane in the highest bits:
//   - weight stationary: XMEM itile * T + nij, one activation per row (TwoChannels: one
//     in each half of it); WMEM (fold * Cols + col), one weight per row (TwoChannels:
//     (fold * Cols + col) * 2 + half);
//   - output stationary: XMEM pass * steps + step, one activation per row, which is an ofmap pixel;
//     WMEM otile * steps + step, one weight per column.
//   Weights and psums are two's complement, activations too if ActSigned is 1, else unsigned.
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

module tw_core
  import tw_pkg::*;
#(
    parameter  int Rows         = 8,
    parameter  int Cols         = 8,
    parameter  int ActBits      = 4,
    parameter  int WeightBits   = 4,
    parameter  int ColumnBits   = 16,
    parameter  int PsumBits     = 16,
    parameter  int XmemAddrBits = 14,
    parameter  int WmemAddrBits = 14,
    parameter  int PmemAddrBits = 10,
    parameter  int ActSigned    = 0,
    localparam int WmemBits     = ((Rows > Cols) ? Rows : Cols) * WeightBits
) (
    input  logic                       clk_i,
    input  logic                       rst_ni,
    // job
    input  logic                       start_i,
    output logic                       busy_o,
    output logic                       done_o,
    output logic                       fold_done_o,
    output logic   [              1:0] overflow_o,
    input  layer_t                     layer_i,
    // host port
    input  logic                       xmem_we_i,
    input  logic   [ XmemAddrBits-1:0] xmem_addr_i,
    input  logic   [ Rows*ActBits-1:0] xmem_data_i,
    input  logic                       wmem_we_i,
    input  logic   [ WmemAddrBits-1:0] wmem_addr_i,
    input  logic   [     WmemBits-1:0] wmem_data_i,
    input  logic   [ PmemAddrBits-1:0] pmem_addr_i,
    output logic   [Cols*PsumBits-1:0] pmem_data_o,
    // memory handshakes: high when the memory accepts a request in this cycle
    input  logic                       xmem_ready_i,
    input  logic                       wmem_ready_i,
    input  logic                       pmem_ready_i,
    // results
    input  logic                       out_ready_i,
    output logic                       out_valid_o,
    output logic   [ PmemAddrBits-1:0] out_addr_o,
    output logic   [Cols*PsumBits-1:0] out_psum_o,
    output logic   [Cols*PsumBits-1:0] out_data_o
);

  logic                     xmem_re;
  logic [ XmemAddrBits-1:0] xmem_raddr;
  logic [ Rows*ActBits-1:0] xmem_rdata;
  logic                     wmem_re;
  logic [ WmemAddrBits-1:0] wmem_raddr;
  logic [     WmemBits-1:0] wmem_rdata;
  logic                     pmem_re;
  logic [ PmemAddrBits-1:0] pmem_raddr;
  logic                     pmem_we;
  logic [ PmemAddrBits-1:0] pmem_waddr;
  logic [Cols*PsumBits-1:0] pmem_wdata;

  tw_engine #(
      .Rows        (Rows),
      .Cols        (Cols),
      .ActBits     (ActBits),
      .WeightBits  (WeightBits),
      .ColumnBits  (ColumnBits),
      .PsumBits    (PsumBits),
      .XmemAddrBits(XmemAddrBits),
      .WmemAddrBits(WmemAddrBits),
      .PmemAddrBits(PmemAddrBits),
      .ActSigned   (ActSigned)
  ) u_engine (
      .clk_i,
      .rst_ni,
      .start_i,
      .busy_o,
      .done_o,
      .fold_done_o,
      .overflow_o,
      .layer_i,
      .xmem_re_o   (xmem_re),
      .xmem_raddr_o(xmem_raddr),
      .xmem_rdata_i(xmem_rdata),
      .wmem_re_o   (wmem_re),
      .wmem_raddr_o(wmem_raddr),
      .wmem_rdata_i(wmem_rdata),
      .pmem_re_o   (pmem_re),
      .pmem_raddr_o(pmem_raddr),
      .pmem_rdata_i(pmem_data_o),
      .pmem_we_o   (pmem_we),
      .pmem_waddr_o(pmem_waddr),
      .pmem_wdata_o(pmem_wdata),
      .xmem_ready_i,
      .wmem_ready_i,
      .pmem_ready_i,
      .out_ready_i,
      .out_valid_o,
      .out_addr_o,
      .out_psum_o,
      .out_data_o
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

`ifndef SYNTHESIS
  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni);
    else if (busy_o && (xmem_we_i || wmem_we_i))
      $fatal(1, "%m: the host writes a memory while the core is busy");
  end
`endif

endmodule

// tw_sram: memory with one write port and one read port.
//
// Contract
//   A word written in cycle k is read from cycle k + 1 on. Contents are undefined before the first
//   write. Without re_i, rdata_o keeps its value.
//
// Timing
//   rdata_o shows the word at raddr_i one cycle after re_i.

module tw_sram #(
    parameter int Width    = 32,
    parameter int AddrBits = 10
) (
    input  logic                clk_i,
    input  logic                we_i,
    input  logic [AddrBits-1:0] waddr_i,
    input  logic [   Width-1:0] wdata_i,
    input  logic                re_i,
    input  logic [AddrBits-1:0] raddr_i,
    output logic [   Width-1:0] rdata_o
);

  logic [Width-1:0] words_q[1 << AddrBits];
  logic [Width-1:0] rdata_q;

  always_ff @(posedge clk_i) begin
    if (we_i) words_q[waddr_i] <= wdata_i;
    if (re_i) rdata_q <= words_q[raddr_i];
  end

  assign rdata_o = rdata_q;

endmodule

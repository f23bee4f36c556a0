// tw_sfu: accumulate + ReLU, two stages beside PMEM.
//
// Contract
//   A vector that is a hit is added, column by column and modulo 2^PsumBits, to the word that PMEM
//   holds at its address; in the first fold of a job it is written as it is. In the last fold the
//   sum is also put out with its address, as it is and as max(0, sum). Other vectors are dropped.
//
// Timing
//   cycle k      valid_i with vector, hit and address; PMEM is read (if hit)
//   cycle k + 1  the sum is written to PMEM and, in the last fold, put out; fold_done_o if the
//                vector was the last one of the fold, hit or not
//   is_first_fold_i and is_last_fold_i are constant until fold_done_o. Addresses rise within a
//   fold, so a read never meets the write of the cycle before.

module tw_sfu #(
    parameter int Cols     = 8,
    parameter int PsumBits = 16,
    parameter int AddrBits = 10
) (
    input  logic                     clk_i,
    input  logic                     rst_ni,
    input  logic                     is_first_fold_i,
    input  logic                     is_last_fold_i,
    // from OFIFO and window
    input  logic                     valid_i,
    input  logic [Cols*PsumBits-1:0] psum_i,
    input  logic                     hit_i,
    input  logic [     AddrBits-1:0] addr_i,
    input  logic                     last_i,
    // PMEM
    output logic                     pmem_re_o,
    output logic [     AddrBits-1:0] pmem_raddr_o,
    input  logic [Cols*PsumBits-1:0] pmem_rdata_i,
    output logic                     pmem_we_o,
    output logic [     AddrBits-1:0] pmem_waddr_o,
    output logic [Cols*PsumBits-1:0] pmem_wdata_o,
    // results of a job
    output logic                     out_valid_o,
    output logic [     AddrBits-1:0] out_addr_o,
    output logic [Cols*PsumBits-1:0] out_psum_o,
    output logic [Cols*PsumBits-1:0] out_relu_o,
    output logic                     fold_done_o
);

  logic                     hit_q;
  logic                     last_q;
  logic [     AddrBits-1:0] addr_q;
  logic [Cols*PsumBits-1:0] psum_q;
  logic [Cols*PsumBits-1:0] sum;
  logic [Cols*PsumBits-1:0] relu;

  assign pmem_re_o    = valid_i && hit_i && !is_first_fold_i;
  assign pmem_raddr_o = addr_i;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      hit_q  <= 1'b0;
      last_q <= 1'b0;
    end else begin
      hit_q  <= valid_i && hit_i;
      last_q <= valid_i && last_i;
    end
  end

  always_ff @(posedge clk_i) begin
    if (valid_i) begin
      addr_q <= addr_i;
      psum_q <= psum_i;
    end
  end

  for (genvar c = 0; c < Cols; c++) begin : gen_col
    logic [PsumBits-1:0] column_sum;

    assign column_sum = is_first_fold_i
        ? psum_q[c*PsumBits+:PsumBits]
        : pmem_rdata_i[c*PsumBits+:PsumBits] + psum_q[c*PsumBits+:PsumBits];
    assign sum[c*PsumBits+:PsumBits]  = column_sum;
    assign relu[c*PsumBits+:PsumBits] = column_sum[PsumBits-1] ? '0 : column_sum;
  end

  assign pmem_we_o    = hit_q;
  assign pmem_waddr_o = addr_q;
  assign pmem_wdata_o = sum;

  assign out_valid_o  = hit_q && is_last_fold_i;
  assign out_addr_o   = addr_q;
  assign out_psum_o   = sum;
  assign out_relu_o   = relu;
  assign fold_done_o  = last_q;

endmodule

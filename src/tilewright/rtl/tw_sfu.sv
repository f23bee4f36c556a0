// tw_sfu: accumulate and activation function, two stages beside PMEM.
//
// Contract
//   A vector that is a hit is added, column by column, to the word that PMEM holds at its address;
//   the first one of an address is written as it is. With the final one, the sum is also put out
//   with its address, as it is and after the function: 0 where it is negative (Relu); shifted right
//   by leak_i where it is negative (Leaky); the sum itself (Signed). Other vectors are dropped.
//   A sum that does not fit PsumBits is stored wrapped, or saturated (saturate_i). overflow_o says
//   whether, of the vector that is written, a sum did not fit in a column (0), or here (1).
//
// Timing
//   cycle k      pop_o takes the vector and PMEM is read, if memory_ready_i and stage 2 is free
//   cycle k + 1  the sum is written to PMEM and, if final, put out; fold_done_o if the vector was
//                the last one, hit or not, of a fold that is not the job's last.
//   A word that is not taken in its cycle waits in a register, unchanged, until out_ready_i, and
//   everything else with it from the next cycle on. So out_ready_i reaches registers only, and
//   job_done_o, which marks the cycle in which the last vector is done and no word waits.
//   A read in the cycle of a write to its address takes the sum from the writer.

module tw_sfu
  import tw_pkg::*;
#(
    parameter int Cols       = 8,
    parameter int ColumnBits = 16,
    parameter int PsumBits   = 16,
    parameter int AddrBits   = 10
) (
    input  logic                            clk_i,
    input  logic                            rst_ni,
    // mode, constant during a job
    input  logic                            saturate_i,
    input  function_e                       function_i,
    input  logic      [       LeakBits-1:0] leak_i,
    // from OFIFO and tracker
    input  logic                            valid_i,
    input  logic      [Cols*ColumnBits-1:0] psum_i,
    input  logic      [           Cols-1:0] overflow_i,
    input  logic                            hit_i,
    input  logic      [       AddrBits-1:0] addr_i,
    input  logic                            is_first_i,
    input  logic                            is_final_i,
    input  logic                            fold_last_i,
    input  logic                            job_last_i,
    output logic                            pop_o,
    // PMEM
    input  logic                            memory_ready_i,
    output logic                            pmem_re_o,
    output logic      [       AddrBits-1:0] pmem_raddr_o,
    input  logic      [  Cols*PsumBits-1:0] pmem_rdata_i,
    output logic                            pmem_we_o,
    output logic      [       AddrBits-1:0] pmem_waddr_o,
    output logic      [  Cols*PsumBits-1:0] pmem_wdata_o,
    // results
    input  logic                            out_ready_i,
    output logic                            out_valid_o,
    output logic      [       AddrBits-1:0] out_addr_o,
    output logic      [  Cols*PsumBits-1:0] out_psum_o,
    output logic      [  Cols*PsumBits-1:0] out_data_o,
    output logic      [                1:0] overflow_o,
    output logic                            fold_done_o,
    output logic                            job_done_o
);

  localparam int SumBits = ((ColumnBits > PsumBits) ? ColumnBits : PsumBits) + 1;

  logic                       valid_q;
  logic                       hit_q;
  logic                       is_first_q;
  logic                       is_final_q;
  logic                       fold_last_q;
  logic                       job_last_q;  // also after stage 2 ended, while its word waits
  logic                       forward_q;  // PMEM's word is older than `written_q`
  logic [       AddrBits-1:0] addr_q;
  logic [Cols*ColumnBits-1:0] psum_q;
  logic [           Cols-1:0] overflow_q;
  logic [  Cols*PsumBits-1:0] written_q;
  logic [           Cols-1:0] misfit;
  logic                       is_done;  // stage 2 ends with this cycle
  logic                       puts_out;
  logic                       held_q;  // a word put out before waits in the register
  logic [       AddrBits-1:0] held_addr_q;
  logic [  Cols*PsumBits-1:0] held_psum_q;

  assign is_done      = valid_q && !held_q;
  assign pop_o        = valid_i && memory_ready_i && (!valid_q || is_done);
  assign pmem_re_o    = pop_o && hit_i && !is_first_i;
  assign pmem_raddr_o = addr_i;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) valid_q <= 1'b0;
    else if (pop_o) valid_q <= 1'b1;
    else if (is_done) valid_q <= 1'b0;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) held_q <= 1'b0;
    else held_q <= out_valid_o && !out_ready_i;
  end

  always_ff @(posedge clk_i) begin
    if (pop_o) begin
      hit_q       <= hit_i;
      is_first_q  <= is_first_i;
      is_final_q  <= is_final_i;
      fold_last_q <= fold_last_i;
      job_last_q  <= job_last_i;
      addr_q      <= addr_i;
      psum_q      <= psum_i;
      overflow_q  <= overflow_i;
      forward_q   <= pmem_we_o && (pmem_waddr_o == addr_i);
    end
    if (pmem_we_o) written_q <= pmem_wdata_o;
    if (puts_out) begin
      held_addr_q <= addr_q;
      held_psum_q <= pmem_wdata_o;
    end
  end

  for (genvar c = 0; c < Cols; c++) begin : gen_col
    logic        [PsumBits-1:0] stored;
    logic signed [ SumBits-1:0] base;
    logic signed [ SumBits-1:0] sum;
    logic                       fits;
    logic        [PsumBits-1:0] kept;
    logic        [PsumBits-1:0] shown;
    logic signed [PsumBits-1:0] leaked;

    assign stored = forward_q ? written_q[c*PsumBits+:PsumBits]
                              : pmem_rdata_i[c*PsumBits+:PsumBits];
    assign base = is_first_q ? '0 : SumBits'($signed(stored));
    assign sum  = base + SumBits'($signed(psum_q[c*ColumnBits+:ColumnBits]));
    assign fits = (sum == SumBits'($signed(sum[PsumBits-1:0])));
    assign kept = (fits || !saturate_i) ? sum[PsumBits-1:0]
                                          : {sum[SumBits-1], {(PsumBits - 1) {!sum[SumBits-1]}}};
    assign shown  = held_q ? held_psum_q[c*PsumBits+:PsumBits] : kept;
    assign leaked = $signed(shown) >>> leak_i;

    assign misfit[c]                          = !fits;
    assign pmem_wdata_o[c*PsumBits+:PsumBits] = kept;
    assign out_psum_o[c*PsumBits+:PsumBits]   = shown;
    assign out_data_o[c*PsumBits+:PsumBits]   = !shown[PsumBits-1]    ? shown
                                              : (function_i == Relu)  ? '0
                                              : (function_i == Leaky) ? leaked
                                                                      : shown;
  end

  assign pmem_we_o    = is_done && hit_q;
  assign pmem_waddr_o = addr_q;

  assign puts_out     = is_done && hit_q && is_final_q;
  assign out_valid_o  = puts_out || held_q;
  assign out_addr_o   = held_q ? held_addr_q : addr_q;
  assign overflow_o   = pmem_we_o ? {misfit != '0, overflow_q != '0} : '0;
  assign fold_done_o  = is_done && fold_last_q && !job_last_q;
  assign job_done_o   = job_last_q && (is_done || (!valid_q && held_q))
                        && (!out_valid_o || out_ready_i);

endmodule

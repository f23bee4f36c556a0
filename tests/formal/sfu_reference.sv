// What the accumulate unit does, as it is taught: a sum that is wide enough, comparisons with the largest
// and smallest number, one column after the other. Ports and registers are those of tw_sfu; nothing else is.

module tw_sfu
  import tw_pkg::*;
#(
    parameter int Cols       = 8,
    parameter int ColumnBits = 16,
    parameter int PsumBits   = 16,
    parameter int AddrBits   = 10
) (
    input  logic                       clk_i,
    input  logic                       rst_ni,
    input  logic                       saturate_i,
    input  function_e                  function_i,
    input  logic [       LeakBits-1:0] leak_i,
    input  logic                       valid_i,
    input  logic [Cols*ColumnBits-1:0] psum_i,
    input  logic [           Cols-1:0] overflow_i,
    input  logic                       hit_i,
    input  logic [       AddrBits-1:0] addr_i,
    input  logic                       is_first_i,
    input  logic                       is_final_i,
    input  logic                       fold_last_i,
    input  logic                       job_last_i,
    output logic                       pop_o,
    input  logic                       memory_ready_i,
    output logic                       pmem_re_o,
    output logic [       AddrBits-1:0] pmem_raddr_o,
    input  logic [  Cols*PsumBits-1:0] pmem_rdata_i,
    output logic                       pmem_we_o,
    output logic [       AddrBits-1:0] pmem_waddr_o,
    output logic [  Cols*PsumBits-1:0] pmem_wdata_o,
    input  logic                       out_ready_i,
    output logic                       out_valid_o,
    output logic [       AddrBits-1:0] out_addr_o,
    output logic [  Cols*PsumBits-1:0] out_psum_o,
    output logic [  Cols*PsumBits-1:0] out_data_o,
    output logic [                1:0] overflow_o,
    output logic                       fold_done_o,
    output logic                       job_done_o
);
  localparam int Wide = ColumnBits + PsumBits + 2;

  logic valid_q, hit_q, is_first_q, is_final_q, fold_last_q, job_last_q, forward_q, held_q;
  logic [AddrBits-1:0] addr_q, held_addr_q;
  logic [Cols*ColumnBits-1:0] psum_q;
  logic [Cols-1:0] overflow_q;
  logic [Cols*PsumBits-1:0] written_q, held_psum_q;

  logic works, puts_out, too_large, too_small, any_misfit;
  logic [PsumBits-1:0] old, kept, shown;
  logic [ColumnBits-1:0] added;
  logic [Wide-1:0] total, largest, smallest;
  integer c, n;

  always @* begin
    works      = 0;
    if (valid_q && !held_q) works = 1;
    puts_out   = works && hit_q && is_final_q;
    largest    = {{(Wide - PsumBits + 1) {1'b0}}, {(PsumBits - 1) {1'b1}}};
    smallest   = ~largest;
    any_misfit = 0;
    for (c = 0; c < Cols; c = c + 1) begin
      old   = pmem_rdata_i >> (c * PsumBits);
      if (forward_q) old = written_q >> (c * PsumBits);
      added = psum_q >> (c * ColumnBits);
      total = {{(Wide - ColumnBits) {added[ColumnBits-1]}}, added};
      if (!is_first_q) total = total + {{(Wide - PsumBits) {old[PsumBits-1]}}, old};
      too_large = $signed(total) > $signed(largest);
      too_small = $signed(total) < $signed(smallest);
      if (too_large || too_small) any_misfit = 1;
      kept = total;
      if (saturate_i && too_large) kept = largest;
      if (saturate_i && too_small) kept = smallest;
      shown = kept;
      if (held_q) shown = held_psum_q >> (c * PsumBits);
      pmem_wdata_o[c*PsumBits+:PsumBits] = kept;
      out_psum_o[c*PsumBits+:PsumBits]   = shown;
      // Halved and rounded down, once for each place.
      if (shown[PsumBits-1] && function_i == Relu) shown = 0;
      if (shown[PsumBits-1] && function_i == Leaky)
        for (n = 0; n < (1 << LeakBits); n = n + 1)
          if (n < leak_i) shown = {shown[PsumBits-1], shown[PsumBits-1:1]};
      out_data_o[c*PsumBits+:PsumBits] = shown;
    end
    pop_o        = valid_i && memory_ready_i && (works || !valid_q);
    pmem_re_o    = pop_o && hit_i && !is_first_i;
    pmem_raddr_o = addr_i;
    pmem_we_o    = works && hit_q;
    pmem_waddr_o = addr_q;
    out_valid_o  = puts_out || held_q;
    out_addr_o   = addr_q;
    if (held_q) out_addr_o = held_addr_q;
    overflow_o   = 0;
    if (pmem_we_o && overflow_q != 0) overflow_o[0] = 1;
    if (pmem_we_o && any_misfit) overflow_o[1] = 1;
    fold_done_o  = works && fold_last_q && !job_last_q;
    job_done_o   = 0;
    if (job_last_q && works && !(puts_out && !out_ready_i)) job_done_o = 1;
    if (job_last_q && !valid_q && held_q && out_ready_i) job_done_o = 1;
  end

  always @(posedge clk_i or negedge rst_ni)
    if (!rst_ni) {valid_q, held_q} <= 0;
    else begin
      held_q <= out_valid_o && !out_ready_i;
      if (works) valid_q <= 0;
      if (pop_o) valid_q <= 1;
    end

  always @(posedge clk_i) begin
    if (pop_o) begin
      {hit_q, is_first_q, is_final_q} <= {hit_i, is_first_i, is_final_i};
      {fold_last_q, job_last_q}       <= {fold_last_i, job_last_i};
      {addr_q, psum_q, overflow_q}    <= {addr_i, psum_i, overflow_i};
      forward_q                       <= pmem_we_o && addr_q == addr_i;
    end
    if (pmem_we_o) written_q <= pmem_wdata_o;
    if (puts_out) {held_addr_q, held_psum_q} <= {addr_q, pmem_wdata_o};
  end
endmodule

// tw_engine: the systolic core without its memories: control, array, queues and accumulate unit.
//
//   WMEM --> weight L0 --> array --> OFIFO --> SFU <--> PMEM
//   XMEM ----------> L0 -----^                  |
//                                               +--> results
//
// Contract
//   tw_core is this engine with three memories; its header says what they hold and how a job runs.
//   Who brings other memories (macros, error correction, a bus) connects them here: each has one
//   read port, PMEM also a write port. A word written in a cycle is read from the next one on.
//   layer_i is constant while busy_o. A word put out stays until out_ready_i.
//
// Timing
//   Memories answer in one cycle: rdata is the word of the cycle before, if re was high, else it
//   keeps its value. The ready inputs say in each cycle whether a memory would serve a read.

module tw_engine
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
    // memories: a word read is on rdata in the next cycle, and stays until the next read
    output logic                       xmem_re_o,
    output logic   [ XmemAddrBits-1:0] xmem_raddr_o,
    input  logic   [ Rows*ActBits-1:0] xmem_rdata_i,
    output logic                       wmem_re_o,
    output logic   [ WmemAddrBits-1:0] wmem_raddr_o,
    input  logic   [     WmemBits-1:0] wmem_rdata_i,
    output logic                       pmem_re_o,
    output logic   [ PmemAddrBits-1:0] pmem_raddr_o,
    input  logic   [Cols*PsumBits-1:0] pmem_rdata_i,
    output logic                       pmem_we_o,
    output logic   [ PmemAddrBits-1:0] pmem_waddr_o,
    output logic   [Cols*PsumBits-1:0] pmem_wdata_o,
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

  // Vectors under way at most: enough that the stream never waits for room, and for two flushes.
  localparam int Depth = 2 * Rows + Cols + 4;
  localparam int LaneBits = ActBits + 2;  // an activation, with the marks first and last
  localparam int VectorBits = ColumnBits + 1;  // a psum, with its overflow bit

  // mode
  logic                       is_os;
  logic                       is_half;
  // controller
  logic                       fold_done;
  logic                       job_done;
  logic                       flushed;
  logic                       is_first;
  logic                       is_last;
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
      .XmemAddrBits(XmemAddrBits),
      .WmemAddrBits(WmemAddrBits)
  ) u_controller (
      .clk_i,
      .rst_ni,
      .start_i,
      .busy_o,
      .done_o,
      .layer_i,
      .wmem_ready_i,
      .wmem_re_o,
      .wmem_addr_o(wmem_raddr_o),
      .xmem_ready_i,
      .xmem_re_o,
      .xmem_addr_o(xmem_raddr_o),
      .is_first_o (is_first),
      .is_last_o  (is_last),
      .flushed_i  (flushed),
      .pop_i      (pop),
      .fold_done_i(fold_done),
      .job_done_i (job_done)
  );

  // A word is on its memory's output, to be pushed, in the cycle after its read.
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      wmem_valid_q <= 1'b0;
      xmem_valid_q <= 1'b0;
    end else begin
      wmem_valid_q <= wmem_re_o;
      xmem_valid_q <= xmem_re_o;
    end
  end

  always_ff @(posedge clk_i) begin
    is_first_q <= is_first;
    is_last_q  <= is_last;
  end

  for (genvar r = 0; r < Rows; r++) begin : gen_lane
    assign lanes_in[r*LaneBits+:LaneBits] = {
      is_last_q, is_first_q, xmem_rdata_i[r*ActBits+:ActBits]
    };
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
      .push_i (wmem_valid_q && !is_os),
      .word_i (wmem_rdata_i[Rows*WeightBits-1:0]),
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
      .push_i (wmem_valid_q && is_os),
      .word_i (wmem_rdata_i[Cols*WeightBits-1:0]),
      .valid_o(unused_north_valid),
      .lanes_o(north)
  );

  tw_array #(
      .Rows      (Rows),
      .Cols      (Cols),
      .ActBits   (ActBits),
      .WeightBits(WeightBits),
      .ColumnBits(ColumnBits),
      .ActSigned (ActSigned)
  ) u_array (
      .clk_i,
      .rst_ni,
      .is_os_i       (is_os),
      .is_half_i     (is_half),
      .saturate_i    (layer_i.mode.saturate),
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
      .AddrBits(PmemAddrBits)
  ) u_tracker (
      .clk_i,
      .rst_ni,
      .restart_i  (!busy_o),
      .pop_i      (pop),
      .layer_i,
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
      .saturate_i    (layer_i.mode.saturate),
      .function_i    (layer_i.mode.output_function),
      .leak_i        (layer_i.mode.leak),
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
      .pmem_re_o,
      .pmem_raddr_o,
      .pmem_rdata_i,
      .pmem_we_o,
      .pmem_waddr_o,
      .pmem_wdata_o,
      .out_ready_i,
      .out_valid_o,
      .out_addr_o,
      .out_psum_o,
      .out_data_o,
      .overflow_o,
      .fold_done_o   (fold_done),
      .job_done_o    (job_done)
  );

  assign is_os   = (layer_i.mode.dataflow == OutputStationary);
  assign is_half = (layer_i.mode.dataflow == TwoChannels);

  // The job's last fold ends with the job, whose last word may have to wait.
  assign fold_done_o = fold_done || job_done;

`ifndef SYNTHESIS
  logic                       was_busy_q;
  layer_t                     layer_q;
  logic                       waits_q;  // a word put out in the cycle before was not taken
  logic   [ PmemAddrBits-1:0] out_addr_q;
  logic   [Cols*PsumBits-1:0] out_psum_q;
  logic   [Cols*PsumBits-1:0] out_data_q;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      was_busy_q <= 1'b0;
      waits_q    <= 1'b0;
    end else begin
      was_busy_q <= busy_o;
      waits_q    <= out_valid_o && !out_ready_i;
      layer_q    <= layer_i;
      out_addr_q <= out_addr_o;
      out_psum_q <= out_psum_o;
      out_data_q <= out_data_o;
      if (was_busy_q && busy_o && layer_i !== layer_q)
        $fatal(1, "%m: the layer descriptor changes while the core is busy");
      if (waits_q && !out_valid_o) $fatal(1, "%m: a result goes before it is taken");
      if (waits_q && {out_addr_o, out_psum_o, out_data_o} !== {out_addr_q, out_psum_q, out_data_q})
        $fatal(1, "%m: a result changes before it is taken");
    end
  end
`endif

endmodule

// tw_core_tb: self-checking testbench of tw_core, for Verilator and for Icarus 11.
//
// Contract
//   tw_tb_files reads, tw_tb_host loads and starts, tw_tb_judge compares; this module connects them
//   to the core. Layers run one after the other on the same core, whatever their mode.
//   +reset_at=N: each layer's first job is reset after N cycles and starts again. +vcd=PATH: the
//   waves of the first job that runs (Verilator: of a build with --trace).
//
// Timing
//   The clock rises at 5 ns and falls at 10 ns of each cycle; where Verilator runs this,
//   tw_core_tb.cpp drives it. Outputs of the core are looked at on the falling edge.
//
// Records, one fact a line (`=` separates key and value), besides what judge and files record
//   fold ...      busy cycles of a fold, since the end of the fold before
//   job ...       busy cycles of a job
//   summary ...   the last line: layers run, and lines before it; without it, nothing is concluded

`timescale 1ns / 1ps

module tw_core_tb
  import tw_pkg::*;
#(
    parameter int Rows = 8, parameter int Cols = 8,
    parameter int ActBits = 4, parameter int WeightBits = 4,
    parameter int ColumnBits = 16, parameter int PsumBits = 16,
    parameter int XmemAddrBits = 14, parameter int WmemAddrBits = 14,
    parameter int PmemAddrBits = 10, parameter int ActSigned = 0
)
`ifdef VERILATOR
(
    input logic clk
)
`endif
;

  localparam int Lanes = (Rows > Cols) ? Rows : Cols;
  localparam int InBits = Rows * ActBits > Lanes * WeightBits ? Rows * ActBits : Lanes * WeightBits;
  localparam int WordBits = (InBits > Cols * PsumBits) ? InBits : Cols * PsumBits;

  logic rst_n, start, busy, done, fold_done, xmem_we, wmem_we, out_valid;
  layer_t layer, layer_q;
  logic [1:0] overflow;
  logic [3:0] ready;
  logic [XmemAddrBits-1:0] xmem_addr;
  logic [Rows*ActBits-1:0] xmem_data;
  logic [WmemAddrBits-1:0] wmem_addr;
  logic [Lanes*WeightBits-1:0] wmem_data;
  logic [PmemAddrBits-1:0] pmem_addr, out_addr;
  logic [Cols*PsumBits-1:0] pmem_data, out_psum, out_data;

`ifndef VERILATOR
  logic clk;
  initial clk = 1'b0;
  always #5 clk = !clk;
`endif

  task static tick;
    #10;
  endtask

  // The core sees a job's descriptor from the rising edge on, like its own registers: a simulator
  // then has no reason to evaluate the array anew when the host moves.
  always @(posedge clk) layer_q <= layer;

  tw_tb_files #(.WordBits(WordBits)) u_files ();

  tw_tb_host #(
      .Rows(Rows), .Cols(Cols), .ActBits(ActBits), .WeightBits(WeightBits), .PsumBits(PsumBits),
      .ColumnBits(ColumnBits), .XmemAddrBits(XmemAddrBits), .WmemAddrBits(WmemAddrBits),
      .PmemAddrBits(PmemAddrBits), .ActSigned(ActSigned)
  ) u_host (
      .busy_i(busy), .rst_no(rst_n), .start_o(start), .layer_o(layer),
      .xmem_we_o(xmem_we), .xmem_addr_o(xmem_addr), .xmem_data_o(xmem_data),
      .wmem_we_o(wmem_we), .wmem_addr_o(wmem_addr), .wmem_data_o(wmem_data), .ready_o(ready)
  );

  tw_tb_judge #(.Cols(Cols), .PsumBits(PsumBits), .PmemAddrBits(PmemAddrBits)) u_judge (
      .overflow_i(overflow), .out_ready_i(ready[3]), .out_valid_i(out_valid),
      .out_addr_i(out_addr), .out_psum_i(out_psum), .out_data_i(out_data),
      .pmem_addr_o(pmem_addr), .pmem_data_i(pmem_data)
  );

  tw_core #(
      .Rows(Rows), .Cols(Cols), .ActBits(ActBits), .WeightBits(WeightBits), .PsumBits(PsumBits),
      .ColumnBits(ColumnBits), .XmemAddrBits(XmemAddrBits), .WmemAddrBits(WmemAddrBits),
`ifdef TW_ACT_SIGNED // else the core need not have that parameter
      .ActSigned(ActSigned),
`endif
      .PmemAddrBits(PmemAddrBits)
  ) u_core (
      .clk_i(clk), .rst_ni(rst_n), .start_i(start), .busy_o(busy), .done_o(done),
      .fold_done_o(fold_done), .overflow_o(overflow), .layer_i(layer_q),
      .xmem_we_i(xmem_we), .xmem_addr_i(xmem_addr), .xmem_data_i(xmem_data),
      .wmem_we_i(wmem_we), .wmem_addr_i(wmem_addr), .wmem_data_i(wmem_data),
      .pmem_addr_i(pmem_addr), .pmem_data_o(pmem_data),
      .xmem_ready_i(ready[0]), .wmem_ready_i(ready[1]), .pmem_ready_i(ready[2]),
      .out_ready_i(ready[3]), .out_valid_o(out_valid), .out_addr_o(out_addr),
      .out_psum_o(out_psum), .out_data_o(out_data)
  );

  // ---------------------------------------------------------------------------------------------
  // A job. Nothing waits in its cycles: what the core does in one is looked at on its falling edge.

  localparam int Nap = 16;  // cycles between two looks at whether a job is over

  logic   is_running;
  integer fold, fold_cycles, job_cycles;
  initial is_running = 1'b0;

  always @(negedge clk) if (is_running) follow_job;

  // One cycle: count it, have what is put out judged, or see that the job is over.
  task static follow_job;
    if (done === 1'b1 || job_cycles >= u_host.limit) end_job;
    else begin
      job_cycles = job_cycles + 1;
      if (busy === 1'b1) fold_cycles = fold_cycles + 1;
      u_judge.watch(fold);
      if (fold_done === 1'b1) begin
        u_files.begin_line;
        $fdisplay(u_files.record, "fold otile=%0d itile=%0d kij=%0d cycles=%0d",
                  u_host.job_otile + fold / u_host.folds, fold % u_host.folds / u_host.taps,
                  fold % u_host.taps, fold_cycles);
        fold        = fold + 1;
        fold_cycles = 0;
      end
    end
  endtask

  task static end_job;
    begin
      is_running = 1'b0;
      if (done !== 1'b1) u_judge.fault("the job did not end");
      if (fold_cycles != 0) u_judge.fault("the job's last fold did not end");
      if (busy !== 1'b0) u_judge.fault("the core is busy after the job");
    end
  endtask

  // Start the job, and wait until it is over: by a look now and then, since an event for which a
  // process waits would cost time in every cycle.
  task static run_job;
    begin
      fold        = 0;
      fold_cycles = 0;
      job_cycles  = 0;
      u_host.raise_start;
      is_running = 1'b1;
      u_host.lower_start;
      while (is_running) #(10 * Nap);
      if (busy !== 1'b0) u_host.reset_core;
      u_files.begin_line;
      $fdisplay(u_files.record, "job otile=%0d cycles=%0d", u_host.job_otile, job_cycles);
    end
  endtask

  task static run_layer;
    integer otile;
    begin
      u_host.read_layer;
      u_judge.begin_layer;
      otile = u_host.first_otile;
      while (otile < u_host.end_otile) begin
        u_host.choose_job(otile);
        u_judge.begin_job;
        u_host.load_job;
        if (reset_at != 0 && otile == u_host.first_otile) u_host.break_job(reset_at);
        run_job;
        u_judge.check_job;
        otile = otile + u_host.job_otiles;
      end
      u_files.close_files;
      u_judge.end_layer;
    end
  endtask

  integer reset_at;
  logic [8*1024-1:0] waves;  // path
  initial begin
    $timeformat(-9, 0, "", 0);
    if ($value$plusargs("reset_at=%d", reset_at) == 0) reset_at = 0;
    if ($value$plusargs("vcd=%s", waves) != 0) begin
      $dumpfile(waves);
      $dumpvars(0, u_core);
    end
    u_files.open_record;
    u_host.read_build;
    u_host.reset(3);
    u_host.release_reset;
    repeat (u_host.layers) run_layer;
    u_files.begin_line;
    $fdisplay(u_files.record, "summary layers=%0d lines=%0d", u_host.layers, u_files.lines - 1);
    $finish;
  end
endmodule

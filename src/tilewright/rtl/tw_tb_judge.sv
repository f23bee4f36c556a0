// tw_tb_judge: the testbench's judge: compares what the core puts out and stores, and counts.
//
// Contract
//   Each word that the core puts out (psum, and output after the activation function) and, after
//   the job, each word of PMEM is compared with ===. Lanes beyond the last output channel must
//   match too, but are counted apart. The core must put out each address exactly once.
//
// Timing
//   `watch` is called on the falling edge of the clock, once in every cycle, after everything has
//   settled.
//
// Records, one fact a line (`=` separates key and value)
//   mismatch ...  one lane that differs; the first MaxReports of a layer
//   overflow ...  a vector with a sum that does not fit; the first MaxReports of a layer
//   fault ...     the core broke its protocol, the first MaxReports of a layer; the job's remaining
//                 words count as mismatches
//   layer ...     the counts of a layer, after its last job

module tw_tb_judge #(
    parameter int Cols         = 8,
    parameter int PsumBits     = 16,
    parameter int PmemAddrBits = 10
) (
    input  logic [              1:0] overflow_i,
    input  logic                     out_ready_i,
    input  logic                     out_valid_i,
    input  logic [ PmemAddrBits-1:0] out_addr_i,
    input  logic [Cols*PsumBits-1:0] out_psum_i,
    input  logic [Cols*PsumBits-1:0] out_data_i,
    output logic [ PmemAddrBits-1:0] pmem_addr_o,
    input  logic [Cols*PsumBits-1:0] pmem_data_i
);

  localparam int MaxReports = 20;
  localparam int PsumWordBits = Cols * PsumBits;
  localparam int PmemWords = 1 << PmemAddrBits;

  logic   [PsumWordBits-1:0] expected_psum     [PmemWords];
  logic   [PsumWordBits-1:0] expected_data     [PmemWords];
  logic                      is_delivered      [PmemWords];

  integer                    psums;
  integer                    outputs;
  integer                    psum_mismatches;
  integer                    output_mismatches;
  integer                    stored_mismatches;
  integer                    unused_mismatches;
  integer                    overflows;
  integer                    faults;
  integer                    reports;

  localparam int Psum = 0;  // put out by the core
  localparam int Data = 1;  // put out by the core
  localparam int Stored = 2;  // read back from PMEM

  // Of the layer and of the present job, see tw_tb_host.
  integer onij;
  integer job_otile;
  integer job_words;

  initial pmem_addr_o = '0;

  // Compare one word of the present job, and count its lanes that have an output channel.
  task static compare(input integer what, input integer index,
                      input logic [PsumWordBits-1:0] expected,
                      input logic [PsumWordBits-1:0] actual, input logic is_missing);
    integer col, channels;
    begin
      channels = tw_core_tb.u_host.oc - (job_otile + index / onij) * Cols;
      if (channels > Cols) channels = Cols;
      if (what == Psum) psums = psums + channels;
      if (what == Data) outputs = outputs + channels;
      if (is_missing || actual !== expected) begin
        /*verilator unroll_disable*/
        for (col = 0; col < Cols; col = col + 1) begin
          if (is_missing || actual[col*PsumBits+:PsumBits] !== expected[col*PsumBits+:PsumBits])
            report(what, index, col, expected[col*PsumBits+:PsumBits],
                   actual[col*PsumBits+:PsumBits], is_missing);
        end
      end
    end
  endtask

  task static report(input integer what, input integer index, input integer col,
                     input logic [PsumBits-1:0] expected, input logic [PsumBits-1:0] actual,
                     input logic is_missing);
    integer otile;
    begin
      otile = job_otile + index / onij;
      if (otile * Cols + col >= tw_core_tb.u_host.oc) unused_mismatches = unused_mismatches + 1;
      else if (what == Psum) psum_mismatches = psum_mismatches + 1;
      else if (what == Data) output_mismatches = output_mismatches + 1;
      else stored_mismatches = stored_mismatches + 1;
      if (reports < MaxReports) begin
        tw_core_tb.u_files.begin_line;
        $fwrite(tw_core_tb.u_files.record,
                "mismatch what=%0s otile=%0d onij=%0d col=%0d expected=%b",
                (what == Psum) ? "psum" : (what == Data) ? "output" : "stored", otile, index % onij,
                col, expected);
        if (is_missing) $fwrite(tw_core_tb.u_files.record, " actual=missing");
        else $fwrite(tw_core_tb.u_files.record, " actual=%b", actual);
        $fdisplay(tw_core_tb.u_files.record, " time=%0t", $time);
      end
      reports = reports + 1;
    end
  endtask

  task static begin_layer;
    begin
      psums             = 0;
      outputs           = 0;
      psum_mismatches   = 0;
      output_mismatches = 0;
      stored_mismatches = 0;
      unused_mismatches = 0;
      overflows         = 0;
      faults            = 0;
      reports           = 0;
      onij              = tw_core_tb.u_host.onij;
    end
  endtask

  task static begin_job;
    begin
      job_otile = tw_core_tb.u_host.job_otile;
      job_words = tw_core_tb.u_host.job_otiles * onij;
    end
  endtask

  // The word read last: psums and outputs of the job in turn.
  task static expect_word(input integer index);
    if (index[0]) expected_data[index>>1] = tw_core_tb.u_files.word[PsumWordBits-1:0];
    else begin
      expected_psum[index>>1] = tw_core_tb.u_files.word[PsumWordBits-1:0];
      is_delivered[index>>1]  = 1'b0;
    end
  endtask

  // One cycle of a job, in which `fold` folds have ended.
  task static watch(input integer fold);
    begin
      if (out_valid_i === 1'b1 && out_ready_i) take_output;
      if (overflow_i !== 2'b00)
        take_overflow(job_otile + fold / tw_core_tb.u_host.folds, fold % tw_core_tb.u_host.folds);
    end
  endtask

  task static take_output;
    integer index, what;
    begin
      index = 32'(out_addr_i);
      if ($isunknown(out_addr_i) || index >= job_words)
        fault("the core puts out a word beyond its job");
      else if (is_delivered[index]) fault("the core puts out a word twice");
      else begin
        /*verilator unroll_disable*/
        for (what = Psum; what <= Data; what = what + 1)
        compare(what, index, (what == Psum) ? expected_psum[index] : expected_data[index],
                (what == Psum) ? out_psum_i : out_data_i, 1'b0);
        is_delivered[index] = 1'b1;
      end
    end
  endtask

  // In the cycle of a PMEM write, out_addr is its address.
  task static take_overflow(input integer otile, input integer fold);
    begin
      if (overflows < MaxReports) begin
        tw_core_tb.u_files.begin_line;
        $fdisplay(tw_core_tb.u_files.record,
                  "overflow otile=%0d itile=%0d kij=%0d onij=%0d pe=%b pmem=%b", otile,
                  fold / tw_core_tb.u_host.taps, fold % tw_core_tb.u_host.taps,
                  32'(out_addr_i) % onij, overflow_i[0], overflow_i[1]);
      end
      overflows = overflows + 1;
    end
  endtask

  // After the job: what was not put out, then what PMEM holds, while the core is idle.
  task static check_job;
    integer place, index, what;
    for (place = 0; place < 3 * job_words; place = place + 1) begin
      index = place >> 1;
      what  = place[0] ? Data : Psum;
      if (place >= 2 * job_words) begin
        index       = place - 2 * job_words;
        what        = Stored;
        pmem_addr_o = index[PmemAddrBits-1:0];
        tw_core_tb.tick;
      end
      if (what == Stored || !is_delivered[index])
        compare(what, index, (what == Data) ? expected_data[index] : expected_psum[index],
                pmem_data_i, what != Stored);
    end
  endtask

  task static fault(input logic [8*64-1:0] message);
    begin
      if (faults < MaxReports) begin
        tw_core_tb.u_files.begin_line;
        $fdisplay(tw_core_tb.u_files.record, "fault otile=%0d time=%0t %0s", job_otile, $time,
                  message);
      end
      faults = faults + 1;
    end
  endtask

  task static end_layer;
    begin
      tw_core_tb.u_files.begin_line;
      $fwrite(tw_core_tb.u_files.record, "layer psums=%0d psum_mismatches=%0d outputs=%0d", psums,
              psum_mismatches, outputs);
      $fwrite(tw_core_tb.u_files.record, " output_mismatches=%0d stored_mismatches=%0d",
              output_mismatches, stored_mismatches);
      $fdisplay(tw_core_tb.u_files.record, " unused_mismatches=%0d overflows=%0d faults=%0d",
                unused_mismatches, overflows, faults);
    end
  endtask

endmodule

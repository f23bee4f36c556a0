// tw_tb_host: the testbench's host: reads the run list, loads, starts and stalls the core.
//
// Contract
//   The run list holds a "KEY NUMBER" line for each key that `read_build` reads, in
//   that order; then for each layer one for each key of `read_layer`, and "file NAME" lines in the
//   order in which the files are opened: psums, outputs, activations, weights.
//   Per layer, activations are loaded once; output tiles first_otile .. end_otile-1 run, as many in
//   a job as otiles_per_job says, and the weights are loaded for each job.
//   +stall=N, 1..255: in each busy cycle each of XMEM, WMEM, PMEM and the receiver of results is
//   not ready with probability N/256, see `xorshift`; +seed=N, not 0, chooses the sequence. start_o
//   is then high in half of the busy cycles, in which the core does not look at it.
//
// Timing
//   Inputs of the core change on the falling edge of the clock, the ready inputs just after the
//   rising edge.

module tw_tb_host
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
    input  logic                      clk_i,
    input  logic                      busy_i,
    output logic                      rst_no,
    output logic                      start_o,
    output layer_t                    layer_o,
    output logic                      xmem_we_o,
    output logic   [XmemAddrBits-1:0] xmem_addr_o,
    output logic   [Rows*ActBits-1:0] xmem_data_o,
    output logic                      wmem_we_o,
    output logic   [WmemAddrBits-1:0] wmem_addr_o,
    output logic   [    WmemBits-1:0] wmem_data_o,
    output logic   [             3:0] ready_o       // results, PMEM, WMEM, XMEM
);

  layer_t layer;  // the descriptor of the present job
  integer layers;
  logic   is_os;
  integer otiles;  // of the layer
  integer first_otile;  // of those that run
  integer end_otile;  // after the last of them
  integer otiles_per_job;
  integer oc;
  integer act_files;
  integer act_words;  // in each file
  integer weight_words;  // in each file
  integer onij;
  integer taps;
  integer folds;  // of an output tile
  integer otile_weights;  // words of WMEM
  integer job_otile;  // first output tile of the present job
  integer job_otiles;  // of the present job

  assign layer_o = layer;

  initial begin
    rst_no      = 1'b0;
    start_o     = 1'b0;
    xmem_we_o   = 1'b0;
    xmem_addr_o = '0;
    xmem_data_o = '0;
    wmem_we_o   = 1'b0;
    wmem_addr_o = '0;
    wmem_data_o = '0;
    ready_o     = '1;
  end

  // ---------------------------------------------------------------------------------------------
  // Who is ready: all, or in a busy cycle a function of the cycle's number and the seed.

  integer stall;
  integer seed;
  logic [31:0] random;

  function static [31:0] xorshift(input logic [31:0] state);
    begin
      xorshift = state ^ (state << 13);
      xorshift = xorshift ^ (xorshift >> 17);
      xorshift = xorshift ^ (xorshift << 5);
    end
  endfunction

  initial begin
    if ($value$plusargs("stall=%d", stall) == 0) stall = 0;
    if ($value$plusargs("seed=%d", seed) == 0) seed = 1;
    forever begin
      @(posedge clk_i);
      #1;
      if (busy_i !== 1'b1) begin
        random  = seed;
        ready_o = '1;
        if (stall != 0) start_o = 1'b0;
      end else if (stall != 0) begin
        random     = xorshift(random);
        start_o    = random[4];
        ready_o[0] = 32'(random[7:0]) >= stall;
        ready_o[1] = 32'(random[15:8]) >= stall;
        ready_o[2] = 32'(random[23:16]) >= stall;
        ready_o[3] = 32'(random[31:24]) >= stall;
      end
    end
  end

  // ---------------------------------------------------------------------------------------------
  // The run list

  // What the core was built for, and how many layers follow.
  task static read_build;
    begin
      tw_core_tb.u_files.open_run_list;
      tw_core_tb.u_files.read_parameter("rows", Rows);
      tw_core_tb.u_files.read_parameter("cols", Cols);
      tw_core_tb.u_files.read_parameter("act_bits", ActBits);
      tw_core_tb.u_files.read_parameter("weight_bits", WeightBits);
      tw_core_tb.u_files.read_parameter("column_bits", ColumnBits);
      tw_core_tb.u_files.read_parameter("psum_bits", PsumBits);
      tw_core_tb.u_files.read_parameter("act_signed", ActSigned);
      tw_core_tb.u_files.read_number("layers", layers);
    end
  endtask

  integer number;  // read last

  task static read_below(input logic [8*16-1:0] key, input integer end_value);
    begin
      tw_core_tb.u_files.read_number(key, number);
      if (number < 0 || number >= end_value) begin
        tw_core_tb.u_files.begin_line;
        $fdisplay(tw_core_tb.u_files.record, "error %0s: the core does not know %0s %0d",
                  tw_core_tb.u_files.name[tw_core_tb.u_files.RunList], key, number);
        tw_core_tb.u_files.stop;
      end
    end
  endtask

  // Mode and layer descriptor, field by field in the order of tw_pkg.
  task static read_descriptor;
    begin
      read_below("dataflow", 3);
      layer.mode.dataflow = (number == 1) ? TwoChannels
                          : (number == 2) ? OutputStationary : WeightStationary;
      read_below("is_overlapped", 2);
      layer.mode.is_overlapped = number[0];
      read_below("is_skipping", 2);
      layer.mode.is_skipping = number[0];
      read_below("saturate", 2);
      layer.mode.saturate = number[0];
      read_below("output_function", 3);
      layer.mode.output_function = (number == 1) ? Leaky : (number == 2) ? Signed : Relu;
      read_below("leak", 1 << LeakBits);
      layer.mode.leak = number[LeakBits-1:0];
      read_below("padded_h", 1 << DimBits);
      layer.padded_h = number[DimBits-1:0];
      read_below("padded_w", 1 << DimBits);
      layer.padded_w = number[DimBits-1:0];
      read_below("kh", 1 << DimBits);
      layer.kh = number[DimBits-1:0];
      read_below("kw", 1 << DimBits);
      layer.kw = number[DimBits-1:0];
      read_below("stride_h", 1 << DimBits);
      layer.stride_h = number[DimBits-1:0];
      read_below("stride_w", 1 << DimBits);
      layer.stride_w = number[DimBits-1:0];
      read_below("oh", 1 << DimBits);
      layer.oh = number[DimBits-1:0];
      read_below("ow", 1 << DimBits);
      layer.ow = number[DimBits-1:0];
      read_below("itiles", 1 << DimBits);
      layer.itiles = number[DimBits-1:0];
      read_below("otiles", 1 << DimBits);
      layer.otiles = number[DimBits-1:0];
      read_below("steps", 1 << DimBits);
      layer.steps = number[DimBits-1:0];
      read_below("passes", 1 << DimBits);
      layer.passes = number[DimBits-1:0];
      tw_core_tb.u_files.read_number("plane", number);
      layer.plane = number;
      tw_core_tb.u_files.read_number("line", number);
      layer.line = number;
      tw_core_tb.u_files.read_number("onij", number);
      layer.onij = number;
    end
  endtask

  // One layer: its descriptor, how it is cut into jobs, and how its words lie in files.
  task static read_layer;
    begin
      read_descriptor;
      tw_core_tb.u_files.read_number("first_otile", first_otile);
      tw_core_tb.u_files.read_number("end_otile", end_otile);
      tw_core_tb.u_files.read_number("otiles_per_job", otiles_per_job);
      tw_core_tb.u_files.read_number("oc", oc);
      tw_core_tb.u_files.read_number("act_files", act_files);
      tw_core_tb.u_files.read_number("act_words", act_words);
      tw_core_tb.u_files.read_number("weight_words", weight_words);
      is_os         = (layer.mode.dataflow == OutputStationary);
      onij          = layer.onij;
      otiles        = 32'(layer.otiles);
      // An output-stationary pass counts as an input tile with one tap.
      taps          = is_os ? 1 : 32'(layer.kh) * 32'(layer.kw);
      folds         = taps * (is_os ? 32'(layer.passes) : 32'(layer.itiles));
      otile_weights = is_os ? 32'(layer.steps) : folds * Cols;
      if (layer.mode.dataflow == TwoChannels) otile_weights = 2 * otile_weights;
      if (first_otile < 0 || first_otile >= end_otile || end_otile > otiles) begin
        tw_core_tb.u_files.begin_line;
        $fdisplay(tw_core_tb.u_files.record, "error %0s: of %0d output tiles, %0d..%0d cannot run",
                  tw_core_tb.u_files.name[tw_core_tb.u_files.RunList], otiles, first_otile,
                  end_otile - 1);
        tw_core_tb.u_files.stop;
      end
      if ((32'(layer.oh) - 1) * 32'(layer.stride_h) + 32'(layer.kh) > 32'(layer.padded_h)
          || (32'(layer.ow) - 1) * 32'(layer.stride_w) + 32'(layer.kw) > 32'(layer.padded_w)) begin
        tw_core_tb.u_files.begin_line;
        $fdisplay(tw_core_tb.u_files.record, "error %0s: the ofmap must fit the padded plane",
                  tw_core_tb.u_files.name[tw_core_tb.u_files.RunList]);
        tw_core_tb.u_files.stop;
      end
      if (act_files * act_words > (1 << XmemAddrBits)
          || otiles_per_job * otile_weights > (1 << WmemAddrBits)
          || otiles_per_job * onij > (1 << PmemAddrBits)) begin
        tw_core_tb.u_files.begin_line;
        $fdisplay(tw_core_tb.u_files.record,
                  "error %0s: the layer does not fit the memories of the core",
                  tw_core_tb.u_files.name[tw_core_tb.u_files.RunList]);
        tw_core_tb.u_files.stop;
      end
    end
  endtask

  // ---------------------------------------------------------------------------------------------
  // Words

  task static load_activations;
    integer file, index;
    begin
      for (file = 0; file < act_files; file = file + 1) begin
        tw_core_tb.u_files.open_next(tw_core_tb.u_files.Tiles);
        for (index = 0; index < act_words; index = index + 1) begin
          tw_core_tb.u_files.read_word(tw_core_tb.u_files.Tiles, Rows * ActBits);
          xmem_we_o   = 1'b1;
          xmem_addr_o = XmemAddrBits'(file * act_words + index);
          xmem_data_o = tw_core_tb.u_files.word[Rows*ActBits-1:0];
          @(negedge clk_i);
        end
        tw_core_tb.u_files.close(tw_core_tb.u_files.Tiles, 1'b1);
      end
      xmem_we_o = 1'b0;
    end
  endtask

  integer words_left;  // of the weight file that is open

  // The words of the present job; a file may hold words of several jobs.
  task static load_weights;
    integer index;
    begin
      for (index = 0; index < job_otiles * otile_weights; index = index + 1) begin
        if (words_left == 0) begin
          tw_core_tb.u_files.open_next(tw_core_tb.u_files.Tiles);
          words_left = weight_words;
        end
        tw_core_tb.u_files.read_word(tw_core_tb.u_files.Tiles, (is_os ? Cols : Rows) * WeightBits);
        wmem_we_o   = 1'b1;
        wmem_addr_o = WmemAddrBits'(index);
        wmem_data_o = tw_core_tb.u_files.word[WmemBits-1:0];
        @(negedge clk_i);
        words_left = words_left - 1;
        if (words_left == 0) tw_core_tb.u_files.close(tw_core_tb.u_files.Tiles, 1'b1);
      end
      wmem_we_o = 1'b0;
    end
  endtask

  // Output stationary: all weights are in one file; pass over output tiles that do not run.
  task static skip_weights;
    begin
      words_left = 0;
      if (is_os && first_otile > 0) begin
        tw_core_tb.u_files.open_next(tw_core_tb.u_files.Tiles);
        words_left = weight_words - first_otile * otile_weights;
        repeat (first_otile * otile_weights)
        tw_core_tb.u_files.read_word(tw_core_tb.u_files.Tiles, Cols * WeightBits);
      end
    end
  endtask

  task static close_weights;
    if (words_left != 0) tw_core_tb.u_files.close(tw_core_tb.u_files.Tiles, 1'b0);
  endtask

  // ---------------------------------------------------------------------------------------------
  // Jobs

  // The job that begins with an output tile: how many it has.
  task static choose_job(input integer first);
    begin
      job_otile  = first;
      job_otiles = end_otile - first;
      if (job_otiles > otiles_per_job) job_otiles = otiles_per_job;
      layer.otiles = job_otiles[DimBits-1:0];
    end
  endtask

  integer limit;  // of busy cycles of a job

  task static start_job;
    begin
      limit = 100 + 2 * job_otiles * folds * (layer.plane + 32'(layer.steps) + 4 * Cols + 4 * Rows);
      if (stall != 0) limit = 50 * limit;
      start_o = 1'b1;
      @(negedge clk_i);
      start_o = 1'b0;
    end
  endtask

  // Start the job, and reset the core in the middle of it.
  task static break_job(input integer cycles);
    begin
      start_job;
      repeat (cycles) @(negedge clk_i);
      reset(2);
      if (busy_i !== 1'b0) tw_core_tb.u_judge.fault("the core is busy in reset");
      release_reset;
    end
  endtask

  task static reset(input integer cycles);
    begin
      rst_no = 1'b0;
      repeat (cycles) @(negedge clk_i);
    end
  endtask

  // After a job that did not end: only an idle core's memories may be written.
  task static reset_core;
    begin
      reset(2);
      release_reset;
    end
  endtask

  task static release_reset;
    begin
      rst_no = 1'b1;
      @(negedge clk_i);
    end
  endtask

endmodule

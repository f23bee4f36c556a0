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
  integer act_bits;  // of a code in the files; the core may have more
  integer weight_bits;  // likewise
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

  // Nothing wakes in every cycle where nothing stalls.
  initial begin
    if ($value$plusargs("seed=%d", seed) == 0) seed = 1;
    if ($value$plusargs("stall=%d", stall) == 0) stall = 0;
    if (stall != 0)
      forever begin
        #6 choose_ready;
        #4;
      end
  end

  task static choose_ready;
    if (busy_i !== 1'b1) begin
      random  = seed;
      ready_o = '1;
      start_o = 1'b0;
    end else begin
      random     = xorshift(random);
      start_o    = random[4];
      ready_o[0] = 32'(random[7:0]) >= stall;
      ready_o[1] = 32'(random[15:8]) >= stall;
      ready_o[2] = 32'(random[23:16]) >= stall;
      ready_o[3] = 32'(random[31:24]) >= stall;
    end
  endtask

  // ---------------------------------------------------------------------------------------------
  // The run list

  // What the core was built for, and how many layers follow.
  task static read_build;
    integer index;
    begin
      tw_core_tb.u_files.open_run_list;
      /*verilator unroll_disable*/
      for (index = 0; index < 5; index = index + 1)
      tw_core_tb.u_files.read_parameter(build_key(index), build_value(index));
      tw_core_tb.u_files.read_number("layers", layers);
    end
  endtask

  function static [8*16-1:0] build_key(input integer index);
    case (index)
      0:       build_key = "rows";
      1:       build_key = "cols";
      2:       build_key = "column_bits";
      3:       build_key = "psum_bits";
      default: build_key = "act_signed";
    endcase
  endfunction

  function static integer build_value(input integer index);
    case (index)
      0:       build_value = Rows;
      1:       build_value = Cols;
      2:       build_value = ColumnBits;
      3:       build_value = PsumBits;
      default: build_value = ActSigned;
    endcase
  endfunction

  // The numbers of a layer, in the order of the run list: first those of its descriptor, mode and
  // sizes, in the order of tw_pkg. One loop reads them all: each call of a task is a copy of it.
  localparam int Fields = 31;
  integer fields[Fields];

  function static [8*16-1:0] field_key(input integer index);
    case (index)
      0:       field_key = "dataflow";
      1:       field_key = "is_overlapped";
      2:       field_key = "is_skipping";
      3:       field_key = "saturate";
      4:       field_key = "output_function";
      5:       field_key = "leak";
      6:       field_key = "padded_h";
      7:       field_key = "padded_w";
      8:       field_key = "kh";
      9:       field_key = "kw";
      10:      field_key = "stride_h";
      11:      field_key = "stride_w";
      12:      field_key = "oh";
      13:      field_key = "ow";
      14:      field_key = "itiles";
      15:      field_key = "otiles";
      16:      field_key = "steps";
      17:      field_key = "passes";
      18:      field_key = "plane";
      19:      field_key = "line";
      20:      field_key = "onij";
      21:      field_key = "first_otile";
      22:      field_key = "end_otile";
      23:      field_key = "otiles_per_job";
      24:      field_key = "oc";
      25:      field_key = "act_files";
      26:      field_key = "act_words";
      27:      field_key = "weight_words";
      28:      field_key = "act_bits";
      29:      field_key = "weight_bits";
      default: field_key = "is_packed";
    endcase
  endfunction

  // One more than the largest that the core knows; 0 for any.
  function static integer field_end(input integer index);
    if (index == 0 || index == 4) field_end = 3;
    else if (index < 4 || index == Fields - 1) field_end = 2;
    else if (index == 5) field_end = 1 << LeakBits;
    else if (index < 18) field_end = 1 << DimBits;
    else if (index == 28) field_end = ActBits + 1;
    else if (index == 29) field_end = WeightBits + 1;
    else field_end = 0;
  endfunction

  task static read_fields;
    integer index;
    /*verilator unroll_disable*/
    for (index = 0; index < Fields; index = index + 1)
    tw_core_tb.u_files.read_below(field_key(index), field_end(index), fields[index]);
  endtask

  // The numbers of `read_fields` as mode and layer descriptor.
  task static take_descriptor;
    begin
      layer.mode.dataflow = (fields[0] == 1) ? TwoChannels
                          : (fields[0] == 2) ? OutputStationary : WeightStationary;
      layer.mode.is_overlapped = fields[1][0];
      layer.mode.is_skipping = fields[2][0];
      layer.mode.saturate = fields[3][0];
      layer.mode.output_function = (fields[4] == 1) ? Leaky : (fields[4] == 2) ? Signed : Relu;
      layer.mode.leak = fields[5][LeakBits-1:0];
      layer.padded_h = fields[6][DimBits-1:0];
      layer.padded_w = fields[7][DimBits-1:0];
      layer.kh = fields[8][DimBits-1:0];
      layer.kw = fields[9][DimBits-1:0];
      layer.stride_h = fields[10][DimBits-1:0];
      layer.stride_w = fields[11][DimBits-1:0];
      layer.oh = fields[12][DimBits-1:0];
      layer.ow = fields[13][DimBits-1:0];
      layer.itiles = fields[14][DimBits-1:0];
      layer.otiles = fields[15][DimBits-1:0];
      layer.steps = fields[16][DimBits-1:0];
      layer.passes = fields[17][DimBits-1:0];
      layer.plane = fields[18];
      layer.line = fields[19];
      layer.onij = fields[20];
    end
  endtask

  // One layer: its descriptor, how it is cut into jobs, and how its words lie in files.
  task static read_layer;
    begin
      read_fields;
      take_descriptor;
      first_otile                   = fields[21];
      end_otile                     = fields[22];
      otiles_per_job                = fields[23];
      oc                            = fields[24];
      act_files                     = fields[25];
      act_words                     = fields[26];
      weight_words                  = fields[27];
      act_bits                      = fields[28];
      weight_bits                   = fields[29];
      tw_core_tb.u_files.is_packed  = fields[30][0];
      is_os         = (layer.mode.dataflow == OutputStationary);
      onij          = layer.onij;
      otiles        = 32'(layer.otiles);
      // An output-stationary pass counts as an input tile with one tap.
      taps          = is_os ? 1 : 32'(layer.kh) * 32'(layer.kw);
      folds         = taps * (is_os ? 32'(layer.passes) : 32'(layer.itiles));
      otile_weights = is_os ? 32'(layer.steps) : folds * Cols;
      if (layer.mode.dataflow == TwoChannels) otile_weights = 2 * otile_weights;
      if (first_otile < 0 || first_otile >= end_otile || end_otile > otiles)
        reject(tw_core_tb.u_files.NotOtiles, otiles, first_otile, end_otile - 1);
      if ((32'(layer.oh) - 1) * 32'(layer.stride_h) + 32'(layer.kh) > 32'(layer.padded_h)
          || (32'(layer.ow) - 1) * 32'(layer.stride_w) + 32'(layer.kw) > 32'(layer.padded_w))
        reject(tw_core_tb.u_files.NotPlane, 0, 0, 0);
      if (act_files * act_words > (1 << XmemAddrBits)
          || otiles_per_job * otile_weights > (1 << WmemAddrBits)
          || otiles_per_job * onij > (1 << PmemAddrBits))
        reject(tw_core_tb.u_files.NotMemory, 0, 0, 0);
    end
  endtask

  task static reject(input integer what, input integer a, input integer b, input integer c);
    tw_core_tb.u_files.reject(what, tw_core_tb.u_files.RunList, a, b, c);
  endtask

  // ---------------------------------------------------------------------------------------------
  // Words: what a job needs, from its files, in the order of the run list.

  localparam int Expected = 0;  // psums and outputs in turn, which take no time
  localparam int Activations = 1;  // of the layer, with its first job
  localparam int Weights = 2;

  task static load_job;
    integer kind;
    /*verilator unroll_disable*/
    for (kind = Expected; kind <= Weights; kind = kind + 1)
    if (kind != Activations || job_otile == first_otile) load(kind);
  endtask

  // A weight file may hold words of several jobs. The first job passes over those of output tiles
  // that do not run: all expected words are in one file, and all weights where they are packed or
  // output stationary.
  task static load(input integer kind);
    integer index, words, skipped, bits, file_words;
    logic [1:0] slot;
    begin
      case (kind)
        Expected: begin
          words      = 2 * job_otiles * onij;
          skipped    = 2 * first_otile * onij;
          bits       = Cols * PsumBits;
          file_words = otiles * onij;
        end
        Activations: begin
          words      = act_files * act_words;
          skipped    = 0;
          bits       = Rows * act_bits;
          file_words = act_words;
        end
        default: begin
          words      = job_otiles * otile_weights;
          skipped    = (is_os || tw_core_tb.u_files.is_packed) ? first_otile * otile_weights : 0;
          bits       = (is_os ? Cols : Rows) * weight_bits;
          file_words = weight_words;
        end
      endcase
      index = (job_otile == first_otile) ? -skipped : 0;
      while (index < words) begin
        slot = tw_core_tb.u_files.Tiles;
        if (kind == Expected) begin
          slot = index[0] ? tw_core_tb.u_files.Outputs : tw_core_tb.u_files.Psums;
        end
        if (tw_core_tb.u_files.words_left[slot] == 0)
          tw_core_tb.u_files.open_next(slot, file_words);
        tw_core_tb.u_files.read_word(slot, bits);
        if (kind == Activations && act_bits != ActBits)
          tw_core_tb.u_files.widen(Rows, act_bits, ActBits, ActSigned != 0);
        if (kind == Weights && weight_bits != WeightBits)
          tw_core_tb.u_files.widen(is_os ? Cols : Rows, weight_bits, WeightBits, 1'b1);
        if (index >= 0 && kind == Expected) tw_core_tb.u_judge.expect_word(index);
        if (index >= 0 && kind != Expected) begin
          xmem_we_o   = (kind == Activations);
          wmem_we_o   = (kind == Weights);
          xmem_addr_o = XmemAddrBits'(index);
          wmem_addr_o = WmemAddrBits'(index);
          xmem_data_o = tw_core_tb.u_files.word[Rows*ActBits-1:0];
          wmem_data_o = tw_core_tb.u_files.word[WmemBits-1:0];
          tw_core_tb.tick;
        end
        index = index + 1;
      end
      xmem_we_o = 1'b0;
      wmem_we_o = 1'b0;
    end
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

  // To the rising edge with which the core begins.
  task static raise_start;
    begin
      limit = 100 + 2 * job_otiles * folds * (layer.plane + 32'(layer.steps) + 4 * Cols + 4 * Rows);
      if (stall != 0) limit = 50 * limit;
      start_o = 1'b1;
      #5;
    end
  endtask

  task static lower_start;
    begin
      #5 start_o = 1'b0;
    end
  endtask

  // Start the job, and reset the core in the middle of it.
  task static break_job(input integer cycles);
    begin
      raise_start;
      lower_start;
      repeat (cycles) tw_core_tb.tick;
      reset(2);
      if (busy_i !== 1'b0) tw_core_tb.u_judge.fault("the core is busy in reset");
      release_reset;
    end
  endtask

  task static reset(input integer cycles);
    begin
      rst_no = 1'b0;
      repeat (cycles) tw_core_tb.tick;
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
      tw_core_tb.tick;
    end
  endtask

endmodule

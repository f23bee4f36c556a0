// tw_core_tb: self-checking testbench of tw_core, for Verilator and for Icarus 11.
//
// Contract
//   +run_list=PATH names a text file that says what to run: a "KEY NUMBER" line for each key that
//   `read_build` reads, in that order; then for each layer one for each key of `read_layer`, and
//   "file NAME" lines in the order in which the files are opened: psums, outputs, activations,
//   weights. Each file is three header tokens and then words of digits 0 and 1, one a line, highest
//   lane leftmost. A token that is not exactly one word, a missing word and a surplus one end the
//   simulation with FILE:LINE. Layers run one after the other on the same core, whatever their
//   mode.
//
//   Per layer, activations are loaded once; output tiles first_otile .. end_otile-1 run. For each
//   job the bench loads the weights, starts the
//   core and compares, with ===, each word that it puts out (psum, and output after the activation
//   function) and, after the job, each word of PMEM. Lanes beyond the last output channel must
//   match too, but are counted apart. The core must put out each address exactly once.
//
//   +stall=N, 1..255: in each busy cycle each of XMEM, WMEM, PMEM and the receiver of results is
//   not ready with probability N/256, see `xorshift`; +seed=N, not 0, chooses the sequence.
//   +reset_at=N: each layer's first job is reset after N cycles and starts again.
//   +vcd=PATH: the waves of the first job that runs (Verilator: of a build with --trace).
//
// Timing
//   Inputs of the core change, and its outputs are looked at, on the falling edge of the clock:
//   once in every cycle, after everything has settled. The ready inputs change just after the
//   rising edge.
//
// Prints, one fact a line (`=` separates key and value)
//   TW fold ...      busy cycles of a fold, since the end of the fold before
//   TW job ...       busy cycles of a job
//   TW mismatch ...  one lane that differs; the first MaxReports of them
//   TW overflow ...  a vector with a sum that does not fit; the first MaxReports of them
//   TW fault ...     the core broke its protocol; the job's remaining words count as mismatches
//   TW error ...     a file or the run list cannot be used: nothing follows
//   TW layer ...     the counts of a layer, after its last job
//   TW summary ...   the last line: layers run. Without it, nothing may be concluded.

`timescale 1ns / 1ps

module tw_core_tb #(
    parameter int Rows         = 8,
    parameter int Cols         = 8,
    parameter int ActBits      = 4,
    parameter int WeightBits   = 4,
    parameter int ColumnBits   = 16,
    parameter int PsumBits     = 16,
    parameter int XmemAddrBits = 14,
    parameter int WmemAddrBits = 14,
    parameter int PmemAddrBits = 10
);

  localparam int DimBits = 16;
  localparam int HeaderTokens = 3;
  localparam int MaxReports = 20;
  localparam int MaxNameBits = 8 * 1024;

  localparam int ActWordBits = Rows * ActBits;
  localparam int WmemBits = ((Rows > Cols) ? Rows : Cols) * WeightBits;
  localparam int PsumWordBits = Cols * PsumBits;
  localparam int WiderInBits = (ActWordBits > WmemBits) ? ActWordBits : WmemBits;
  localparam int WordBits = (WiderInBits > PsumWordBits) ? WiderInBits : PsumWordBits;

  // ---------------------------------------------------------------------------------------------
  // Device under test

  logic                      clk;
  logic                      rst_n = 1'b0;
  logic                      start = 1'b0;
  logic                      busy;
  logic                      done;
  logic                      fold_done;

  logic [               1:0] overflow;
  logic [               3:0] ready = '1;  // results, PMEM, WMEM, XMEM

  // mode
  logic                      is_os;
  logic                      is_half;
  logic                      is_overlapped;
  logic                      is_skipping;
  logic                      saturate;
  logic [               1:0] act_function;
  logic [               4:0] leak;
  // layer descriptor
  integer                    padded_h;
  integer                    padded_w;
  integer                    kh;
  integer                    kw;
  integer                    stride_h;
  integer                    stride_w;
  integer                    oh;
  integer                    ow;
  integer                    itiles;
  integer                    steps;
  integer                    passes;
  integer                    job_otiles;  // of the present job

  logic                      xmem_we = 1'b0;
  logic [  XmemAddrBits-1:0] xmem_addr = '0;
  logic [   ActWordBits-1:0] xmem_data = '0;
  logic                      wmem_we = 1'b0;
  logic [  WmemAddrBits-1:0] wmem_addr = '0;
  logic [      WmemBits-1:0] wmem_data = '0;
  logic [  PmemAddrBits-1:0] pmem_addr = '0;
  logic [  PsumWordBits-1:0] pmem_data;
  logic                      out_valid;
  logic [  PmemAddrBits-1:0] out_addr;
  logic [  PsumWordBits-1:0] out_psum;
  logic [  PsumWordBits-1:0] out_data;

  initial begin
    clk = 1'b0;
    forever #5 clk = !clk;
  end

  tw_core #(
      .Rows        (Rows),
      .Cols        (Cols),
      .ActBits     (ActBits),
      .WeightBits  (WeightBits),
      .ColumnBits  (ColumnBits),
      .PsumBits    (PsumBits),
      .XmemAddrBits(XmemAddrBits),
      .WmemAddrBits(WmemAddrBits),
      .PmemAddrBits(PmemAddrBits),
      .DimBits     (DimBits)
  ) u_core (
      .clk_i          (clk),
      .rst_ni         (rst_n),
      .start_i        (start),
      .busy_o         (busy),
      .done_o         (done),
      .fold_done_o    (fold_done),
      .overflow_o     (overflow),
      .is_os_i        (is_os),
      .is_half_i      (is_half),
      .is_overlapped_i(is_overlapped),
      .is_skipping_i  (is_skipping),
      .saturate_i     (saturate),
      .function_i     (act_function),
      .leak_i         (leak),
      .padded_h_i     (padded_h[DimBits-1:0]),
      .padded_w_i     (padded_w[DimBits-1:0]),
      .kh_i           (kh[DimBits-1:0]),
      .kw_i           (kw[DimBits-1:0]),
      .stride_h_i     (stride_h[DimBits-1:0]),
      .stride_w_i     (stride_w[DimBits-1:0]),
      .oh_i           (oh[DimBits-1:0]),
      .ow_i           (ow[DimBits-1:0]),
      .itiles_i       (itiles[DimBits-1:0]),
      .otiles_i       (job_otiles[DimBits-1:0]),
      .steps_i        (steps[DimBits-1:0]),
      .passes_i       (passes[DimBits-1:0]),
      .xmem_we_i      (xmem_we),
      .xmem_addr_i    (xmem_addr),
      .xmem_data_i    (xmem_data),
      .wmem_we_i      (wmem_we),
      .wmem_addr_i    (wmem_addr),
      .wmem_data_i    (wmem_data),
      .pmem_addr_i    (pmem_addr),
      .pmem_data_o    (pmem_data),
      .xmem_ready_i   (ready[0]),
      .wmem_ready_i   (ready[1]),
      .pmem_ready_i   (ready[2]),
      .out_ready_i    (ready[3]),
      .out_valid_o    (out_valid),
      .out_addr_o     (out_addr),
      .out_psum_o     (out_psum),
      .out_data_o     (out_data)
  );

  // Who is ready: all, or in a busy cycle a function of the cycle's number and the seed.
  integer stall = 0;
  integer seed = 1;
  logic [31:0] random;

  function static [31:0] xorshift(input logic [31:0] state);
    begin
      xorshift = state ^ (state << 13);
      xorshift = xorshift ^ (xorshift >> 17);
      xorshift = xorshift ^ (xorshift << 5);
    end
  endfunction

  initial begin
    forever begin
      @(posedge clk);
      #1;
      if (busy !== 1'b1) begin
        random = seed;
        ready  = '1;
      end else if (stall != 0) begin
        random   = xorshift(random);
        ready[0] = 32'(random[7:0]) >= stall;
        ready[1] = 32'(random[15:8]) >= stall;
        ready[2] = 32'(random[23:16]) >= stall;
        ready[3] = 32'(random[31:24]) >= stall;
      end
    end
  end

  // ---------------------------------------------------------------------------------------------
  // Files. Several are open at once; each slot keeps its handle, name and line number.

  localparam logic [1:0] RunList = 2'd0;
  localparam logic [1:0] Psums = 2'd1;
  localparam logic [1:0] Outputs = 2'd2;
  localparam logic [1:0] Tiles = 2'd3;
  localparam int EndOfFile = -1;
  localparam int CarriageReturn = 13;  // SystemVerilog has no escape for it

  integer                   handle[4];
  integer                   line  [4];
  logic   [MaxNameBits-1:0] name  [4];

  // The word read last, and the token it came from.
  logic   [   WordBits-1:0] word;
  integer                   word_digits;
  integer                   word_line;
  logic                     word_is_binary;

  // End the simulation; never returns.
  task static stop;
    begin
      $finish;
      forever @(negedge clk);
    end
  endtask

  function static is_space(input integer char);
    is_space = (char == " ") || (char == "\t") || (char == "\n") || (char == CarriageReturn);
  endfunction

  // Read one whitespace-free token; its first `width` characters go into `word`, as bits.
  task static read_token(input logic [1:0] slot, input integer width);
    integer char;
    begin
      word_digits    = 0;
      word_is_binary = 1'b1;
      char           = $fgetc(handle[slot]);
      while (is_space(char)) begin
        if (char == "\n") line[slot] = line[slot] + 1;
        char = $fgetc(handle[slot]);
      end
      word_line = line[slot];
      while (char != EndOfFile && !is_space(char)) begin
        if (char != "0" && char != "1") word_is_binary = 1'b0;
        if (word_digits < width) word[width-1-word_digits] = char[0];
        word_digits = word_digits + 1;
        char        = $fgetc(handle[slot]);
      end
      if (char == "\n") line[slot] = line[slot] + 1;
    end
  endtask

  task static read_word(input logic [1:0] slot, input integer width);
    begin
      read_token(slot, width);
      if (word_digits == 0) begin
        $display("TW error %0s:%0d: the file ends here, but a word of %0d digits must follow",
                 name[slot], word_line, width);
        stop;
      end
      if (!word_is_binary || word_digits != width) begin
        $display("TW error %0s:%0d: a word must be %0d digits 0 or 1, but is %0d characters%0s",
                 name[slot], word_line, width, word_digits,
                 word_is_binary ? "" : ", not all of them 0 or 1");
        stop;
      end
    end
  endtask

  // Open the file that the run list names next, and read its header.
  task static open_next(input logic [1:0] slot);
    logic [MaxNameBits-1:0] file;
    begin
      file = '0;
      if ($fscanf(handle[RunList], " file %s", file) != 1) begin
        $display("TW error %0s: one more line \"file NAME\" must follow", name[RunList]);
        stop;
      end
      name[slot]   = file;
      handle[slot] = $fopen(file, "r");
      line[slot]   = 1;
      if (handle[slot] == 0) begin
        $display("TW error %0s: cannot be opened", name[slot]);
        stop;
      end
      repeat (HeaderTokens) read_token(slot, 0);
    end
  endtask

  // Close a file that has been read to its end, unless later output tiles are left out.
  task static close(input logic [1:0] slot, input logic is_whole);
    begin
      if (is_whole) read_token(slot, 0);
      if (is_whole && word_digits != 0) begin
        $display("TW error %0s:%0d: the file must end here, but has more words", name[slot],
                 word_line);
        stop;
      end
      $fclose(handle[slot]);
    end
  endtask

  task static read_number(input logic [8*16-1:0] expected, output integer value);
    logic [8*16-1:0] key;
    begin
      key = '0;
      if ($fscanf(handle[RunList], " %s %d", key, value) != 2 || key != expected) begin
        $display("TW error %0s: a line \"%0s NUMBER\" must follow, not %0s", name[RunList],
                 expected, key);
        stop;
      end
    end
  endtask

  task static read_parameter(input logic [8*16-1:0] expected, input integer built);
    integer value;
    begin
      read_number(expected, value);
      if (value != built) begin
        $display("TW error %0s: %0s is %0d, but the core was built for %0d", name[RunList],
                 expected, value, built);
        stop;
      end
    end
  endtask

  task static check_range(input logic [8*16-1:0] key, input logic is_valid, input integer value);
    begin
      if (!is_valid) begin
        $display("TW error %0s: the core does not know %0s %0d", name[RunList], key, value);
        stop;
      end
    end
  endtask

  task static read_flag(input logic [8*16-1:0] key, output logic value);
    integer number;
    begin
      read_number(key, number);
      value = (number == 1);
      check_range(key, 32'(value) == number, number);
    end
  endtask

  // What the core was built for, and how many layers follow.
  task static read_build;
    logic [MaxNameBits-1:0] path;
    begin
      path = '0;
      if ($value$plusargs("run_list=%s", path) == 0) begin
        $display("TW error +run_list=PATH is missing");
        stop;
      end
      name[RunList]   = path;
      handle[RunList] = $fopen(name[RunList], "r");
      if (handle[RunList] == 0) begin
        $display("TW error %0s: cannot be opened", name[RunList]);
        stop;
      end
      read_parameter("rows", Rows);
      read_parameter("cols", Cols);
      read_parameter("act_bits", ActBits);
      read_parameter("weight_bits", WeightBits);
      read_parameter("column_bits", ColumnBits);
      read_parameter("psum_bits", PsumBits);
      read_number("layers", layers);
    end
  endtask

  // One layer: mode, descriptor, how it is cut into jobs, and how its words lie in files.
  task static read_layer;
    integer number;
    begin
      read_flag("is_os", is_os);
      read_flag("is_half", is_half);
      read_flag("is_overlapped", is_overlapped);
      read_flag("is_skipping", is_skipping);
      read_flag("saturate", saturate);
      read_number("function", number);
      act_function = 2'(number);
      check_range("function", 32'(act_function) == number && number < 3, number);
      read_number("leak", number);
      leak = 5'(number);
      check_range("leak", 32'(leak) == number, number);
      read_number("padded_h", padded_h);
      read_number("padded_w", padded_w);
      read_number("kh", kh);
      read_number("kw", kw);
      read_number("stride_h", stride_h);
      read_number("stride_w", stride_w);
      read_number("oh", oh);
      read_number("ow", ow);
      read_number("itiles", itiles);
      read_number("otiles", otiles);
      read_number("first_otile", first_otile);
      read_number("end_otile", end_otile);
      read_number("otiles_per_job", otiles_per_job);
      read_number("oc", oc);
      read_number("steps", steps);
      read_number("passes", passes);
      read_number("act_files", act_files);
      read_number("act_words", act_words);
      read_number("weight_words", weight_words);
      onij = oh * ow;
      // An output-stationary pass counts as an input tile with one tap.
      taps          = is_os ? 1 : kh * kw;
      folds         = taps * (is_os ? passes : itiles);
      otile_weights = is_os ? steps : is_half ? 2 * folds * Cols : folds * Cols;
      if (first_otile < 0 || first_otile >= end_otile || end_otile > otiles) begin
        $display("TW error %0s: of %0d output tiles, %0d..%0d cannot run", name[RunList], otiles,
                 first_otile, end_otile - 1);
        stop;
      end
      if ((oh - 1) * stride_h + kh > padded_h || (ow - 1) * stride_w + kw > padded_w) begin
        $display("TW error %0s: the ofmap must fit the padded plane", name[RunList]);
        stop;
      end
      if (act_files * act_words > (1 << XmemAddrBits)
          || otiles_per_job * otile_weights > (1 << WmemAddrBits)
          || otiles_per_job * onij > (1 << PmemAddrBits)) begin
        $display("TW error %0s: the layer does not fit the memories of the core", name[RunList]);
        stop;
      end
    end
  endtask

  // ---------------------------------------------------------------------------------------------
  // Comparison

  localparam int PmemWords = 1 << PmemAddrBits;

  integer                    layers;
  integer                    otiles;  // of the layer
  integer                    first_otile;  // of those that run
  integer                    end_otile;  // after the last of them
  integer                    otiles_per_job;
  integer                    oc;
  integer                    act_files;
  integer                    act_words;  // in each file
  integer                    weight_words;  // in each file
  integer                    onij;
  integer                    taps;
  integer                    folds;  // of an output tile
  integer                    otile_weights;  // words of WMEM
  integer                    job_otile;  // first output tile of the present job

  logic   [PsumWordBits-1:0] expected_psum                [PmemWords];
  logic   [PsumWordBits-1:0] expected_data                [PmemWords];
  logic                      is_delivered                 [PmemWords];

  integer                    psums;
  integer                    outputs;
  integer                    psum_mismatches;
  integer                    output_mismatches;
  integer                    stored_mismatches;
  integer                    unused_mismatches;
  integer                    overflows;
  integer                    faults;
  integer                    reports = 0;

  localparam int Psum = 0;  // put out by the core
  localparam int Data = 1;  // put out by the core
  localparam int Stored = 2;  // read back from PMEM

  // Compare one word of the present job, and count its lanes that have an output channel.
  task static compare(input integer what, input integer index,
                      input logic [PsumWordBits-1:0] expected,
                      input logic [PsumWordBits-1:0] actual, input logic is_missing);
    integer col, channels;
    begin
      channels = oc - (job_otile + index / onij) * Cols;
      if (channels > Cols) channels = Cols;
      if (what == Psum) psums = psums + channels;
      if (what == Data) outputs = outputs + channels;
      if (is_missing || actual !== expected) begin
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
      if (otile * Cols + col >= oc) unused_mismatches = unused_mismatches + 1;
      else if (what == Psum) psum_mismatches = psum_mismatches + 1;
      else if (what == Data) output_mismatches = output_mismatches + 1;
      else stored_mismatches = stored_mismatches + 1;
      if (reports < MaxReports) begin
        $write("TW mismatch what=%0s otile=%0d onij=%0d col=%0d expected=%b",
               (what == Psum) ? "psum" : (what == Data) ? "output" : "stored", otile,
               index % onij, col, expected);
        if (is_missing) $display(" actual=missing time=%0t", $time);
        else $display(" actual=%b time=%0t", actual, $time);
      end
      reports = reports + 1;
    end
  endtask

  // ---------------------------------------------------------------------------------------------
  // One job after the other

  task static load_activations;
    integer file, index;
    begin
      for (file = 0; file < act_files; file = file + 1) begin
        open_next(Tiles);
        for (index = 0; index < act_words; index = index + 1) begin
          read_word(Tiles, ActWordBits);
          xmem_we   = 1'b1;
          xmem_addr = XmemAddrBits'(file * act_words + index);
          xmem_data = word[ActWordBits-1:0];
          @(negedge clk);
        end
        close(Tiles, 1'b1);
      end
      xmem_we = 1'b0;
    end
  endtask

  integer words_left;  // of the weight file that is open

  // The words of the present job; a file may hold words of several jobs.
  task static load_weights;
    integer index;
    begin
      for (index = 0; index < job_otiles * otile_weights; index = index + 1) begin
        if (words_left == 0) begin
          open_next(Tiles);
          words_left = weight_words;
        end
        read_word(Tiles, (is_os ? Cols : Rows) * WeightBits);
        wmem_we   = 1'b1;
        wmem_addr = WmemAddrBits'(index);
        wmem_data = word[WmemBits-1:0];
        @(negedge clk);
        words_left = words_left - 1;
        if (words_left == 0) close(Tiles, 1'b1);
      end
      wmem_we = 1'b0;
    end
  endtask

  // Pass over what belongs to output tiles that do not run. Weight stationary, their weight files
  // are not in the list; output stationary, all weights are in one file.
  task static skip_otiles;
    begin
      repeat (first_otile * onij) begin
        read_word(Psums, PsumWordBits);
        read_word(Outputs, PsumWordBits);
      end
      if (is_os && first_otile > 0) begin
        open_next(Tiles);
        words_left = weight_words - first_otile * steps;
        repeat (first_otile * steps) read_word(Tiles, Cols * WeightBits);
      end
    end
  endtask

  task static load_expected;
    integer index;
    begin
      for (index = 0; index < job_otiles * onij; index = index + 1) begin
        read_word(Psums, PsumWordBits);
        expected_psum[index] = word[PsumWordBits-1:0];
        read_word(Outputs, PsumWordBits);
        expected_data[index] = word[PsumWordBits-1:0];
        is_delivered[index]  = 1'b0;
      end
    end
  endtask

  integer limit;  // of busy cycles of a job

  task static start_job;
    begin
      limit = 100 + 2 * job_otiles * folds
              * (padded_h * padded_w + steps + 4 * Cols + 4 * Rows);
      if (stall != 0) limit = 50 * limit;
      start = 1'b1;
      @(negedge clk);
      start = 1'b0;
    end
  endtask

  // Start the job, and reset the core in the middle of it.
  task static break_job(input integer cycles);
    begin
      start_job;
      repeat (cycles) @(negedge clk);
      rst_n = 1'b0;
      repeat (2) @(negedge clk);
      if (busy !== 1'b0) fault("the core is busy in reset");
      rst_n = 1'b1;
      @(negedge clk);
    end
  endtask

  // Start the job and follow it to `done`: count busy cycles, compare what is put out.
  task static run_job;
    integer fold, fold_cycles, job_cycles;
    begin
      fold        = 0;
      fold_cycles = 0;
      job_cycles  = 0;
      start_job;
      while (done !== 1'b1 && job_cycles < limit) begin
        job_cycles = job_cycles + 1;
        if (busy === 1'b1) fold_cycles = fold_cycles + 1;
        if (out_valid === 1'b1 && ready[3]) take_output;
        if (overflow !== 2'b00) take_overflow(job_otile + fold / folds, fold % folds);
        if (fold_done === 1'b1) begin
          $display("TW fold otile=%0d itile=%0d kij=%0d cycles=%0d", job_otile + fold / folds,
                   fold % folds / taps, fold % taps, fold_cycles);
          fold        = fold + 1;
          fold_cycles = 0;
        end
        @(negedge clk);
      end
      if (done !== 1'b1) fault("the job did not end");
      if (fold_cycles != 0) fault("the job's last fold did not end");
      if (busy !== 1'b0) fault("the core is busy after the job");
      $display("TW job otile=%0d cycles=%0d", job_otile, job_cycles);
    end
  endtask

  task static take_output;
    integer index;
    begin
      index = 32'(out_addr);
      if ($isunknown(out_addr) || index >= job_otiles * onij)
        fault("the core puts out a word beyond its job");
      else if (is_delivered[index]) fault("the core puts out a word twice");
      else begin
        compare(Psum, index, expected_psum[index], out_psum, 1'b0);
        compare(Data, index, expected_data[index], out_data, 1'b0);
        is_delivered[index] = 1'b1;
      end
    end
  endtask

  // In the cycle of a PMEM write, out_addr is its address.
  task static take_overflow(input integer otile, input integer fold);
    begin
      if (overflows < MaxReports)
        $display("TW overflow otile=%0d itile=%0d kij=%0d onij=%0d pe=%b pmem=%b", otile,
                 fold / taps, fold % taps, 32'(out_addr) % onij, overflow[0], overflow[1]);
      overflows = overflows + 1;
    end
  endtask

  task static check_missing;
    integer index;
    begin
      for (index = 0; index < job_otiles * onij; index = index + 1) begin
        if (!is_delivered[index]) begin
          compare(Psum, index, expected_psum[index], '0, 1'b1);
          compare(Data, index, expected_data[index], '0, 1'b1);
        end
      end
    end
  endtask

  task static check_stored;
    integer index;
    begin
      for (index = 0; index < job_otiles * onij; index = index + 1) begin
        pmem_addr = PmemAddrBits'(index);
        @(negedge clk);
        compare(Stored, index, expected_psum[index], pmem_data, 1'b0);
      end
    end
  endtask

  task static fault(input logic [8*64-1:0] message);
    begin
      if (faults < MaxReports)
        $display("TW fault otile=%0d time=%0t %0s", job_otile, $time, message);
      faults = faults + 1;
    end
  endtask

  task static run_layer;
    begin
      psums             = 0;
      outputs           = 0;
      psum_mismatches   = 0;
      output_mismatches = 0;
      stored_mismatches = 0;
      unused_mismatches = 0;
      overflows         = 0;
      faults            = 0;
      words_left        = 0;
      open_next(Psums);
      open_next(Outputs);
      load_activations;
      skip_otiles;
      for (job_otile = first_otile; job_otile < end_otile; job_otile = job_otile + job_otiles) begin
        job_otiles = end_otile - job_otile;
        if (job_otiles > otiles_per_job) job_otiles = otiles_per_job;
        load_weights;
        load_expected;
        if (reset_at != 0 && job_otile == first_otile) break_job(reset_at);
        run_job;
        check_missing;
        check_stored;
      end
      close(Psums, end_otile == otiles);
      close(Outputs, end_otile == otiles);
      if (words_left != 0) close(Tiles, 1'b0);
      $write("TW layer psums=%0d psum_mismatches=%0d", psums, psum_mismatches);
      $write(" outputs=%0d output_mismatches=%0d", outputs, output_mismatches);
      $write(" stored_mismatches=%0d unused_mismatches=%0d", stored_mismatches, unused_mismatches);
      $display(" overflows=%0d faults=%0d", overflows, faults);
    end
  endtask

  integer reset_at = 0;
  integer layer;
  logic [MaxNameBits-1:0] waves = '0;

  initial begin
    $timeformat(-9, 0, "", 0);
    if ($value$plusargs("stall=%d", stall) == 0) stall = 0;
    if ($value$plusargs("seed=%d", seed) == 0) seed = 1;
    if ($value$plusargs("reset_at=%d", reset_at) == 0) reset_at = 0;
    if ($value$plusargs("vcd=%s", waves) != 0) begin
      $dumpfile(waves);
      $dumpvars(0, u_core);
    end
    read_build;
    repeat (3) @(negedge clk);
    rst_n = 1'b1;
    @(negedge clk);
    for (layer = 0; layer < layers; layer = layer + 1) begin
      read_layer;
      run_layer;
    end
    $display("TW summary layers=%0d", layers);
    $finish;
  end

endmodule

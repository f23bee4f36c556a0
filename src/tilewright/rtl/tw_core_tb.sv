// tw_core_tb: self-checking testbench of tw_core, for Verilator and for Icarus 11.
//
// Contract
//   +run_list=PATH names a text file that says what to run: a "KEY NUMBER" line for each key that
//   `read_run_list` reads, in that order, then "file NAME" lines in the order in which the files
//   are opened: psums, outputs, activations of each input tile, and for each output tile the
//   weights of each (input tile, tap). Each file is three header tokens and then words of digits 0
//   and 1, one a line, highest lane leftmost. A token that is not exactly one word, a missing word
//   and a surplus one end the simulation with FILE:LINE.
//
//   For each output tile the bench loads the weights, starts a job and compares, with ===, each
//   word that the core puts out (psum and ReLU) and, after the job, each word of PMEM. Lanes beyond
//   the last output channel must match too, but are counted apart.
//
// Timing
//   Inputs of the core change, and its outputs are looked at, on the falling edge of the clock:
//   once in every cycle, after everything has settled.
//
// Prints, one fact a line (`=` separates key and value)
//   TW fold ...      busy cycles of a fold
//   TW job ...       busy cycles of a job
//   TW mismatch ...  one lane that differs; the first MaxReports of them
//   TW fault ...     the core broke its protocol; the job's remaining words count as mismatches
//   TW error ...     a file or the run list cannot be used: nothing follows
//   TW summary ...   the last line. Without it, nothing may be concluded.

`timescale 1ns / 1ps

module tw_core_tb #(
    parameter int Rows         = 8,
    parameter int Cols         = 8,
    parameter int ActBits      = 4,
    parameter int WeightBits   = 4,
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
  localparam int WeightWordBits = Rows * WeightBits;
  localparam int PsumWordBits = Cols * PsumBits;
  localparam int WiderInBits = (ActWordBits > WeightWordBits) ? ActWordBits : WeightWordBits;
  localparam int WordBits = (WiderInBits > PsumWordBits) ? WiderInBits : PsumWordBits;

  // ---------------------------------------------------------------------------------------------
  // Device under test

  logic                      clk;
  logic                      rst_n = 1'b0;
  logic                      start = 1'b0;
  logic                      busy;
  logic                      done;
  logic                      fold_done;

  integer                    padded_h;
  integer                    padded_w;
  integer                    kh;
  integer                    kw;
  integer                    stride_h;
  integer                    stride_w;
  integer                    oh;
  integer                    ow;
  integer                    itiles;
  integer                    otiles;
  integer                    oc;

  logic                      xmem_we = 1'b0;
  logic [  XmemAddrBits-1:0] xmem_addr = '0;
  logic [   ActWordBits-1:0] xmem_data = '0;
  logic                      wmem_we = 1'b0;
  logic [  WmemAddrBits-1:0] wmem_addr = '0;
  logic [WeightWordBits-1:0] wmem_data = '0;
  logic [  PmemAddrBits-1:0] pmem_addr = '0;
  logic [  PsumWordBits-1:0] pmem_data;
  logic                      out_valid;
  logic [  PmemAddrBits-1:0] out_addr;
  logic [  PsumWordBits-1:0] out_psum;
  logic [  PsumWordBits-1:0] out_relu;

  initial begin
    clk = 1'b0;
    forever #5 clk = !clk;
  end

  tw_core #(
      .Rows        (Rows),
      .Cols        (Cols),
      .ActBits     (ActBits),
      .WeightBits  (WeightBits),
      .PsumBits    (PsumBits),
      .XmemAddrBits(XmemAddrBits),
      .WmemAddrBits(WmemAddrBits),
      .PmemAddrBits(PmemAddrBits),
      .DimBits     (DimBits)
  ) u_core (
      .clk_i      (clk),
      .rst_ni     (rst_n),
      .start_i    (start),
      .busy_o     (busy),
      .done_o     (done),
      .fold_done_o(fold_done),
      .padded_h_i (padded_h[DimBits-1:0]),
      .padded_w_i (padded_w[DimBits-1:0]),
      .kh_i       (kh[DimBits-1:0]),
      .kw_i       (kw[DimBits-1:0]),
      .stride_h_i (stride_h[DimBits-1:0]),
      .stride_w_i (stride_w[DimBits-1:0]),
      .oh_i       (oh[DimBits-1:0]),
      .ow_i       (ow[DimBits-1:0]),
      .itiles_i   (itiles[DimBits-1:0]),
      .xmem_we_i  (xmem_we),
      .xmem_addr_i(xmem_addr),
      .xmem_data_i(xmem_data),
      .wmem_we_i  (wmem_we),
      .wmem_addr_i(wmem_addr),
      .wmem_data_i(wmem_data),
      .pmem_addr_i(pmem_addr),
      .pmem_data_o(pmem_data),
      .out_valid_o(out_valid),
      .out_addr_o (out_addr),
      .out_psum_o (out_psum),
      .out_relu_o (out_relu)
  );

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
  task stop;
    begin
      $finish;
      forever @(negedge clk);
    end
  endtask

  function is_space(input integer char);
    is_space = (char == " ") || (char == "\t") || (char == "\n") || (char == CarriageReturn);
  endfunction

  // Read one whitespace-free token; its first `width` characters go into `word`, as bits.
  task read_token(input logic [1:0] slot, input integer width);
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

  task read_word(input logic [1:0] slot, input integer width);
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
  task open_next(input logic [1:0] slot);
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

  task close(input logic [1:0] slot);
    begin
      read_token(slot, 0);
      if (word_digits != 0) begin
        $display("TW error %0s:%0d: the file must end here, but has more words", name[slot],
                 word_line);
        stop;
      end
      $fclose(handle[slot]);
    end
  endtask

  task read_number(input logic [8*16-1:0] expected, output integer value);
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

  task read_parameter(input logic [8*16-1:0] expected, input integer built);
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

  task read_run_list;
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
      read_parameter("psum_bits", PsumBits);
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
      read_number("oc", oc);
      words = padded_h * padded_w;
      taps  = kh * kw;
      onij  = oh * ow;
      if ((oh - 1) * stride_h + kh > padded_h || (ow - 1) * stride_w + kw > padded_w) begin
        $display("TW error %0s: the ofmap must fit the padded plane", name[RunList]);
        stop;
      end
      if (itiles * words > (1 << XmemAddrBits) || itiles * taps * Cols > (1 << WmemAddrBits)
          || onij > (1 << PmemAddrBits)) begin
        $display("TW error %0s: the layer does not fit the memories of the core", name[RunList]);
        stop;
      end
    end
  endtask

  // ---------------------------------------------------------------------------------------------
  // Comparison

  localparam int PmemWords = 1 << PmemAddrBits;

  integer                    words;  // T, words streamed per fold
  integer                    taps;
  integer                    onij;
  integer                    otile;

  logic   [PsumWordBits-1:0] expected_psum          [PmemWords];
  logic   [PsumWordBits-1:0] expected_relu          [PmemWords];
  integer                    delivered;  // words that the present job has put out

  integer                    psums = 0;
  integer                    outputs = 0;
  integer                    psum_mismatches = 0;
  integer                    output_mismatches = 0;
  integer                    stored_mismatches = 0;
  integer                    unused_mismatches = 0;
  integer                    faults = 0;
  integer                    reports = 0;

  localparam int Psum = 0;  // put out by the core
  localparam int Relu = 1;  // put out by the core
  localparam int Stored = 2;  // read back from PMEM

  // Compare one word, and count its lanes that have an output channel.
  task compare(input integer what, input integer index, input logic [PsumWordBits-1:0] expected,
               input logic [PsumWordBits-1:0] actual, input logic is_missing);
    integer col, channels;
    begin
      channels = oc - otile * Cols;
      if (channels > Cols) channels = Cols;
      if (what == Psum) psums = psums + channels;
      if (what == Relu) outputs = outputs + channels;
      if (is_missing || actual !== expected) begin
        for (col = 0; col < Cols; col = col + 1) begin
          if (is_missing || actual[col*PsumBits+:PsumBits] !== expected[col*PsumBits+:PsumBits])
            report(what, index, col, expected[col*PsumBits+:PsumBits],
                   actual[col*PsumBits+:PsumBits], is_missing);
        end
      end
    end
  endtask

  task report(input integer what, input integer index, input integer col,
              input logic [PsumBits-1:0] expected, input logic [PsumBits-1:0] actual,
              input logic is_missing);
    begin
      if (otile * Cols + col >= oc) unused_mismatches = unused_mismatches + 1;
      else if (what == Psum) psum_mismatches = psum_mismatches + 1;
      else if (what == Relu) output_mismatches = output_mismatches + 1;
      else stored_mismatches = stored_mismatches + 1;
      if (reports < MaxReports) begin
        $write("TW mismatch what=%0s otile=%0d onij=%0d col=%0d expected=%b",
               (what == Psum) ? "psum" : (what == Relu) ? "output" : "stored", otile, index, col,
               expected);
        if (is_missing) $display(" actual=missing time=%0t", $time);
        else $display(" actual=%b time=%0t", actual, $time);
      end
      reports = reports + 1;
    end
  endtask

  // ---------------------------------------------------------------------------------------------
  // One job after the other

  task load_activations;
    integer itile, nij;
    begin
      for (itile = 0; itile < itiles; itile = itile + 1) begin
        open_next(Tiles);
        for (nij = 0; nij < words; nij = nij + 1) begin
          read_word(Tiles, ActWordBits);
          xmem_we   = 1'b1;
          xmem_addr = XmemAddrBits'(itile * words + nij);
          xmem_data = word[ActWordBits-1:0];
          @(negedge clk);
        end
        close(Tiles);
      end
      xmem_we = 1'b0;
    end
  endtask

  task load_weights;
    integer tile, col;
    begin
      for (tile = 0; tile < itiles * taps; tile = tile + 1) begin
        open_next(Tiles);
        for (col = 0; col < Cols; col = col + 1) begin
          read_word(Tiles, WeightWordBits);
          wmem_we   = 1'b1;
          wmem_addr = WmemAddrBits'(tile * Cols + col);
          wmem_data = word[WeightWordBits-1:0];
          @(negedge clk);
        end
        close(Tiles);
      end
      wmem_we = 1'b0;
    end
  endtask

  task load_expected;
    integer index;
    begin
      for (index = 0; index < onij; index = index + 1) begin
        read_word(Psums, PsumWordBits);
        expected_psum[index] = word[PsumWordBits-1:0];
        read_word(Outputs, PsumWordBits);
        expected_relu[index] = word[PsumWordBits-1:0];
      end
    end
  endtask

  // Start the job and follow it to `done`: count busy cycles, compare what is put out.
  task run_job;
    integer fold, fold_cycles, job_cycles, limit;
    begin
      fold        = 0;
      fold_cycles = 0;
      job_cycles  = 0;
      delivered   = 0;
      limit       = 100 + 2 * itiles * taps * (words + 2 * Cols + Rows + 3);
      start = 1'b1;
      @(negedge clk);
      start = 1'b0;
      while (done !== 1'b1 && job_cycles < limit) begin
        job_cycles = job_cycles + 1;
        if (busy === 1'b1) fold_cycles = fold_cycles + 1;
        if (out_valid === 1'b1) take_output;
        if (fold_done === 1'b1) begin
          $display("TW fold otile=%0d itile=%0d kij=%0d cycles=%0d", otile, fold / taps,
                   fold % taps, fold_cycles);
          fold        = fold + 1;
          fold_cycles = 0;
        end
        @(negedge clk);
      end
      if (done !== 1'b1) fault("the job did not end");
      if (fold_cycles != 0) fault("the job's last fold did not end");
      if (busy !== 1'b0) fault("the core is busy after the job");
      $display("TW job otile=%0d cycles=%0d", otile, job_cycles);
    end
  endtask

  task take_output;
    begin
      if (delivered >= onij) fault("the core puts out more words than the ofmap has");
      else begin
        if (out_addr !== PmemAddrBits'(delivered)) fault("the core puts out words out of order");
        compare(Psum, delivered, expected_psum[delivered], out_psum, 1'b0);
        compare(Relu, delivered, expected_relu[delivered], out_relu, 1'b0);
        delivered = delivered + 1;
      end
    end
  endtask

  task check_missing;
    begin
      while (delivered < onij) begin
        compare(Psum, delivered, expected_psum[delivered], '0, 1'b1);
        compare(Relu, delivered, expected_relu[delivered], '0, 1'b1);
        delivered = delivered + 1;
      end
    end
  endtask

  task check_stored;
    integer index;
    begin
      for (index = 0; index < onij; index = index + 1) begin
        pmem_addr = PmemAddrBits'(index);
        @(negedge clk);
        compare(Stored, index, expected_psum[index], pmem_data, 1'b0);
      end
    end
  endtask

  task fault(input logic [8*64-1:0] message);
    begin
      if (faults < MaxReports) $display("TW fault otile=%0d time=%0t %0s", otile, $time, message);
      faults = faults + 1;
    end
  endtask

  initial begin
    $timeformat(-9, 0, "", 0);
    read_run_list;
    repeat (3) @(negedge clk);
    rst_n = 1'b1;
    @(negedge clk);
    open_next(Psums);
    open_next(Outputs);
    load_activations;
    for (otile = 0; otile < otiles; otile = otile + 1) begin
      load_weights;
      load_expected;
      run_job;
      check_missing;
      check_stored;
    end
    close(Psums);
    close(Outputs);
    $write("TW summary jobs=%0d psums=%0d psum_mismatches=%0d", otiles, psums, psum_mismatches);
    $write(" outputs=%0d output_mismatches=%0d", outputs, output_mismatches);
    $write(" stored_mismatches=%0d unused_mismatches=%0d", stored_mismatches, unused_mismatches);
    $display(" faults=%0d", faults);
    $finish;
  end

endmodule

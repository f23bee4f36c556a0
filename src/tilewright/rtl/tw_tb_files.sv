// tw_tb_files: the testbench's files: reads tokens, words, the run list; writes the record.
//
// Contract
//   +run_list=PATH names a text file of "KEY NUMBER" and "file NAME" lines. Each file that it names
//   is three header tokens and then words of digits 0 and 1, one a line, highest lane leftmost;
//   files are opened in the order of the list. Several are open at once, each in a slot that keeps
//   its handle, name and line number. A token that is not exactly one word, a missing word and a
//   surplus one end the simulation with a line "error FILE:LINE: ..." of the record.
//   A layer whose files are packed (is_packed) has no header tokens: a word is as many octets as it
//   needs, the highest first, with zeros left of it; "line" is then the number of the word.
//   +record=PATH names the file that holds what the testbench found, and +nonce=HEX the word that
//   begins each of its lines: the core may print what it likes, no line of the record is of it.
//
// Timing
//   Reading takes no time.

module tw_tb_files #(
    parameter int WordBits = 64
) (
    input logic clk_i
);

  localparam int HeaderTokens = 3;
  localparam int WordOctets = (WordBits + 7) / 8;
  localparam int MaxNameBits = 8 * 1024;

  localparam logic [1:0] RunList = 2'd0;
  localparam logic [1:0] Tiles = 2'd3;  // 1 and 2 are the judge's
  localparam int EndOfFile = -1;
  localparam int CarriageReturn = 13;  // SystemVerilog has no escape for it

  integer                   record;
  integer                   lines;  // of the record
  logic   [           63:0] nonce;

  integer                   handle         [4];
  integer                   line           [4];
  logic   [MaxNameBits-1:0] name           [4];
  logic   [MaxNameBits-1:0] path;  // read last

  // The word read last, and the token it came from.
  logic   [   WordBits-1:0] word;
  integer                   word_digits;
  integer                   word_line;
  logic                     word_is_binary;

  logic                     is_packed;  // the files of the present layer
  logic [8*WordOctets-1:0]  octets;  // the packed word read last

  // End the simulation; never returns.
  task static stop;
    begin
      $finish;
      forever @(negedge clk_i);
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
      while (is_space(
          char
      )) begin
        if (char == "\n") line[slot] = line[slot] + 1;
        char = $fgetc(handle[slot]);
      end
      word_line = line[slot];
      while (char != EndOfFile && !is_space(
          char
      )) begin
        if (char != "0" && char != "1") word_is_binary = 1'b0;
        if (word_digits < width) word[width-1-word_digits] = char[0];
        word_digits = word_digits + 1;
        char        = $fgetc(handle[slot]);
      end
      if (char == "\n") line[slot] = line[slot] + 1;
    end
  endtask

  // A packed word; its highest octet holds what is left of `width` after whole octets.
  task static read_octets(input logic [1:0] slot, input integer width);
    integer char, index;
    begin
      line[slot] = line[slot] + 1;
      octets     = '0;
      for (index = (width + 7) / 8 - 1; index >= 0; index = index - 1) begin
        char = $fgetc(handle[slot]);
        if (char == EndOfFile) begin
          begin_line;
          $fdisplay(record, "error %0s:%0d: the file ends here, but a word of %0d bits must follow",
                    name[slot], line[slot], width);
          stop;
        end
        octets[8*index+:8] = char[7:0];
      end
      if ((octets >> width) != 0) begin
        begin_line;
        $fdisplay(record, "error %0s:%0d: a word must be %0d bits with zeros left of it",
                  name[slot], line[slot], width);
        stop;
      end
      word = WordBits'(octets);
    end
  endtask

  task static read_word(input logic [1:0] slot, input integer width);
    if (is_packed) read_octets(slot, width);
    else read_digits(slot, width);
  endtask

  task static read_digits(input logic [1:0] slot, input integer width);
    begin
      read_token(slot, width);
      if (word_digits == 0) begin
        begin_line;
        $fdisplay(record, "error %0s:%0d: the file ends here, but a word of %0d digits must follow",
                  name[slot], word_line, width);
        stop;
      end
      if (!word_is_binary || word_digits != width) begin
        begin_line;
        $fdisplay(record,
                  "error %0s:%0d: a word must be %0d digits 0 or 1, but is %0d characters%0s",
                  name[slot], word_line, width, word_digits,
                  word_is_binary ? "" : ", not all of them 0 or 1");
        stop;
      end
    end
  endtask

  // A loop, since a simulator spells out the copy of so wide a register wherever it stands.
  task static take_path(input logic [1:0] slot);
    integer index;
    for (index = 0; index < MaxNameBits; index = index + 32)
    name[slot][index+:32] = path[index+:32];
  endtask

  // Open the file that the run list names next, and read its header.
  task static open_next(input logic [1:0] slot);
    begin
      path = '0;
      if ($fscanf(handle[RunList], " file %s", path) != 1) begin
        begin_line;
        $fdisplay(record, "error %0s: one more line \"file NAME\" must follow", name[RunList]);
        stop;
      end
      take_path(slot);
      handle[slot] = $fopen(path, "rb");
      line[slot]   = is_packed ? 0 : 1;
      if (handle[slot] == 0) begin
        begin_line;
        $fdisplay(record, "error %0s: cannot be opened", name[slot]);
        stop;
      end
      if (!is_packed) repeat (HeaderTokens) read_token(slot, 0);
    end
  endtask

  // Close a file that has been read to its end, unless later output tiles are left out.
  task static close(input logic [1:0] slot, input logic is_whole);
    begin
      word_digits = 0;
      word_line   = line[slot] + 1;
      if (is_whole && !is_packed) read_token(slot, 0);
      if (is_whole && is_packed && $fgetc(handle[slot]) != EndOfFile) word_digits = 1;
      if (is_whole && word_digits != 0) begin
        begin_line;
        $fdisplay(record, "error %0s:%0d: the file must end here, but has more words", name[slot],
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
        begin_line;
        $fdisplay(record, "error %0s: a line \"%0s NUMBER\" must follow, not %0s", name[RunList],
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
        begin_line;
        $fdisplay(record, "error %0s: %0s is %0d, but the core was built for %0d", name[RunList],
                  expected, value, built);
        stop;
      end
    end
  endtask

  // A number below `end_value`, or any where that is 0.
  task static read_below(input logic [8*16-1:0] key, input integer end_value,
                         output integer number);
    begin
      read_number(key, number);
      if (end_value != 0 && (number < 0 || number >= end_value)) begin
        begin_line;
        $fdisplay(record, "error %0s: the core does not know %0s %0d", name[RunList], key, number);
        stop;
      end
    end
  endtask

  task static open_record;
    begin
      lines  = 0;
      path   = '0;
      record = 0;
      if ($value$plusargs("record=%s", path) != 0 && $value$plusargs("nonce=%h", nonce) != 0)
        record = $fopen(path, "w");
      if (record == 0) begin
        $display("+record=PATH and +nonce=HEX must name a file to write, but do not");
        stop;
      end
    end
  endtask

  // What follows on this line is a fact of the testbench.
  task static begin_line;
    begin
      $fwrite(record, "%h ", nonce);
      lines = lines + 1;
    end
  endtask

  task static open_run_list;
    begin
      path = '0;
      if ($value$plusargs("run_list=%s", path) == 0) begin
        begin_line;
        $fdisplay(record, "error +run_list=PATH is missing");
        stop;
      end
      take_path(RunList);
      handle[RunList] = $fopen(path, "r");
      if (handle[RunList] == 0) begin
        begin_line;
        $fdisplay(record, "error %0s: cannot be opened", name[RunList]);
        stop;
      end
    end
  endtask

endmodule

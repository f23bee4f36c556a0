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
//   A simulator spells out a task wherever it is called, and a short loop once for each round: so
//   that it builds in seconds, what is long stands in one place, and no loop is unrolled.
//
// Timing
//   Reading takes no time.

module tw_tb_files #(
    parameter int WordBits = 64
);

  localparam int HeaderTokens = 3;
  localparam int WordOctets = (WordBits + 7) / 8;
  localparam int MaxNameBits = 8 * 1024;

  localparam logic [1:0] RunList = 2'd0;
  localparam logic [1:0] Psums = 2'd1;
  localparam logic [1:0] Outputs = 2'd2;
  localparam logic [1:0] Tiles = 2'd3;
  localparam int EndOfFile = -1;
  localparam int CarriageReturn = 13;  // SystemVerilog has no escape for it

  integer                   record;
  integer                   lines;  // of the record
  logic   [           63:0] nonce;

  integer                   handle         [4];
  integer                   line           [4];
  integer                   words_left     [4];  // of the file, 0 where none is open
  logic   [MaxNameBits-1:0] name           [4];
  logic   [MaxNameBits-1:0] path;  // read last

  // The word read last, and the token it came from.
  logic   [   WordBits-1:0] word;
  logic   [   WordBits-1:0] wide;  // with wider lanes
  integer                   word_digits;
  integer                   word_line;
  logic                     word_is_binary;

  logic                     is_packed;  // the files of the present layer
  logic [8*WordOctets-1:0]  octets;  // the packed word read last

  // What is wrong with a file, and what belongs to the message.
  localparam int NoRunList = 0;
  localparam int NotOpened = 1;
  localparam int NoName = 2;
  localparam int NotNumber = 3;
  localparam int NotBuilt = 4;
  localparam int NotKnown = 5;
  localparam int NoDigits = 6;
  localparam int NotDigits = 7;
  localparam int NoOctets = 8;
  localparam int NotOctets = 9;
  localparam int NotEnded = 10;
  localparam int NotOtiles = 11;
  localparam int NotPlane = 12;
  localparam int NotMemory = 13;

  integer problem;
  logic [1:0] problem_slot;
  integer problem_numbers[3];
  logic [8*16-1:0] key;  // of the line of the run list read last
  logic [8*16-1:0] expected_key;
  logic is_rejected;
  initial is_rejected = 1'b0;

  // Have the problem recorded and the simulation ended; never returns.
  task static reject(input integer what, input logic [1:0] slot, input integer a,
                     input integer b, input integer c);
    begin
      problem            = what;
      problem_slot       = slot;
      problem_numbers[0] = a;
      problem_numbers[1] = b;
      problem_numbers[2] = c;
      // Later than the beginning, so that it rises; a wait would cost time in every cycle.
      #1 is_rejected = 1'b1;
      forever #1;
    end
  endtask

  always @(posedge is_rejected) begin
    begin_line;
    $fwrite(record, "error ");
    if (problem != NoRunList) $fwrite(record, "%0s", name[problem_slot]);
    case (problem)
      NoDigits, NotDigits, NoOctets, NotOctets, NotEnded: $fwrite(record, ":%0d", word_line);
      default: ;
    endcase
    case (problem)
      NoRunList: $fdisplay(record, "+run_list=PATH is missing");
      NotOpened: $fdisplay(record, ": cannot be opened");
      NoName: $fdisplay(record, ": one more line \"file NAME\" must follow");
      NotNumber:
      $fdisplay(record, ": a line \"%0s NUMBER\" must follow, not %0s", expected_key, key);
      NotBuilt:
      $fdisplay(record, ": %0s is %0d, but the core was built for %0d", expected_key,
                problem_numbers[0], problem_numbers[1]);
      NotKnown:
      $fdisplay(record, ": the core does not know %0s %0d", expected_key, problem_numbers[0]);
      NoDigits:
      $fdisplay(record, ": the file ends here, but a word of %0d digits must follow",
                problem_numbers[0]);
      NotDigits:
      $fdisplay(record, ": a word must be %0d digits 0 or 1, but is %0d characters%0s",
                problem_numbers[0], word_digits,
                word_is_binary ? "" : ", not all of them 0 or 1");
      NoOctets:
      $fdisplay(record, ": the file ends here, but a word of %0d bits must follow",
                problem_numbers[0]);
      NotOctets:
      $fdisplay(record, ": a word must be %0d bits with zeros left of it", problem_numbers[0]);
      NotEnded: $fdisplay(record, ": the file must end here, but has more words");
      NotOtiles:
      $fdisplay(record, ": of %0d output tiles, %0d..%0d cannot run", problem_numbers[0],
                problem_numbers[1], problem_numbers[2]);
      NotPlane: $fdisplay(record, ": the ofmap must fit the padded plane");
      default: $fdisplay(record, ": the layer does not fit the memories of the core");
    endcase
    $finish;
  end

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
      word_line  = line[slot];
      octets     = '0;
      char       = 0;
      /*verilator unroll_disable*/
      for (index = (width + 7) / 8 - 1; index >= 0; index = index - 1) begin
        if (char != EndOfFile) char = $fgetc(handle[slot]);
        octets[8*index+:8] = char[7:0];
      end
      if (char == EndOfFile) reject(NoOctets, slot, width, 0, 0);
      if ((octets >> width) != 0) reject(NotOctets, slot, width, 0, 0);
      word = WordBits'(octets);
    end
  endtask

  task static read_digits(input logic [1:0] slot, input integer width);
    begin
      read_token(slot, width);
      if (word_digits == 0) reject(NoDigits, slot, width, 0, 0);
      if (!word_is_binary || word_digits != width) reject(NotDigits, slot, width, 0, 0);
    end
  endtask

  // The next word; the file is closed after its last one, where it must end.
  task static read_word(input logic [1:0] slot, input integer width);
    begin
      if (is_packed) read_octets(slot, width);
      else read_digits(slot, width);
      words_left[slot] = words_left[slot] - 1;
      if (words_left[slot] == 0) begin
        word_line   = line[slot] + 1;
        word_digits = 0;
        if (is_packed) word_digits = ($fgetc(handle[slot]) == EndOfFile) ? 0 : 1;
        else read_token(slot, 0);
        if (word_digits != 0) reject(NotEnded, slot, 0, 0, 0);
        $fclose(handle[slot]);
      end
    end
  endtask

  // The lanes of the word read last, of `from` bits each, become numbers of `to` bits.
  task static widen(input integer lanes, input integer from, input integer to,
                    input logic is_signed);
    integer lane, index;
    begin
      wide = '0;
      /*verilator unroll_disable*/
      for (lane = 0; lane < lanes; lane = lane + 1) begin
        /*verilator unroll_disable*/
        for (index = 0; index < to; index = index + 1) begin
          if (index < from) wide[lane*to+index] = word[lane*from+index];
          else if (is_signed) wide[lane*to+index] = word[lane*from+from-1];
        end
      end
      word = wide;
    end
  endtask

  // A loop, since a simulator spells out the copy of so wide a register.
  task static take_path(input logic [1:0] slot);
    integer index;
    /*verilator unroll_disable*/
    for (index = 0; index < MaxNameBits; index = index + 32)
    name[slot][index+:32] = path[index+:32];
  endtask

  // Open the file that the run list names next, of so many words, and read its header.
  task static open_next(input logic [1:0] slot, input integer words);
    begin
      path = '0;
      if ($fscanf(handle[RunList], " file %s", path) != 1) reject(NoName, RunList, 0, 0, 0);
      take_path(slot);
      handle[slot]     = $fopen(path, "rb");
      line[slot]       = is_packed ? 0 : 1;
      words_left[slot] = words;
      if (handle[slot] == 0) reject(NotOpened, slot, 0, 0, 0);
      if (!is_packed) repeat (HeaderTokens) read_token(slot, 0);
    end
  endtask

  // After a layer: a file that later output tiles were left of is still open.
  task static close_files;
    integer slot;
    /*verilator unroll_disable*/
    for (slot = 1; slot < 4; slot = slot + 1) begin
      if (words_left[slot] > 0) $fclose(handle[slot]);
      words_left[slot] = 0;
    end
  endtask

  task static read_number(input logic [8*16-1:0] expected, output integer value);
    begin
      key          = '0;
      expected_key = expected;
      if ($fscanf(handle[RunList], " %s %d", key, value) != 2 || key != expected)
        reject(NotNumber, RunList, 0, 0, 0);
    end
  endtask

  task static read_parameter(input logic [8*16-1:0] expected, input integer built);
    integer value;
    begin
      read_number(expected, value);
      if (value != built) reject(NotBuilt, RunList, value, built, 0);
    end
  endtask

  // A number below `end_value`, or any where that is 0.
  task static read_below(input logic [8*16-1:0] expected, input integer end_value,
                         output integer number);
    begin
      read_number(expected, number);
      if (end_value != 0 && (number < 0 || number >= end_value))
        reject(NotKnown, RunList, number, 0, 0);
    end
  endtask

  task static open_record;
    begin
      lines               = 0;
      path                = '0;
      record              = 0;
      words_left[Psums]   = 0;
      words_left[Outputs] = 0;
      words_left[Tiles]   = 0;
      if ($value$plusargs("record=%s", path) != 0 && $value$plusargs("nonce=%h", nonce) != 0)
        record = $fopen(path, "w");
      if (record == 0) begin
        $display("+record=PATH and +nonce=HEX must name a file to write, but do not");
        $finish;
        forever #1;
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
      if ($value$plusargs("run_list=%s", path) == 0) reject(NoRunList, RunList, 0, 0, 0);
      take_path(RunList);
      handle[RunList] = $fopen(path, "r");
      if (handle[RunList] == 0) reject(NotOpened, RunList, 0, 0, 0);
    end
  endtask

endmodule

// Skips three header lines with a buffer of 30 bytes, in a task; one file is parsed line by line.
`define FOLDER "./"
module line_reader;
  localparam WORD = 12;
  localparam LEN = 6 * 6;

  reg [8*30:1] line;
  reg [8*64:1] row;
  reg [8*48:1] name;
  reg [WORD-1:0] x;
  reg [WORD-1:0] w;
  reg [31:0] answer;
  integer file, count, i, tap;

  task skip_header(input integer handle, input integer lines);
    integer k;
    begin
      for (k = 0; k < lines; k = k + 1) count = $fgets(line, handle);
    end
  endtask

  initial begin
    file = $fopen({`FOLDER, "activation_tile0.txt"}, "r");
    skip_header(file, 3);
    for (i = 0; i < LEN; i = i + 1) begin
      count = $fscanf(file, "%12b\n", x);
      $display("activation_tile0.txt %b", x);
    end
    $fclose(file);

    tap = 0;
    while (tap < 9) begin
      case (tap)
        0: name = "weight_itile0_otile0_kij0.txt";
        1: name = "weight_itile0_otile0_kij1.txt";
        default: $swrite(name, "weight_itile0_otile0_kij%0d.txt", tap);
      endcase
      file = $fopen(name, "r");
      skip_header(file, 3);
      repeat (2) begin
        count = $fgets(row, file);
        count = $sscanf(row, "%b", w);
        $display("%0s %b", name, w);
      end
      $fclose(file);
      tap = tap + 1;
    end

    file = $fopen("out.txt", "r");
    skip_header(file, 3);
    for (i = 0; i < 16; i = i + 1) begin
      count = $fscanf(file, "%b", answer);
      $display("out.txt %b", answer);
    end
    $finish;
  end
endmodule

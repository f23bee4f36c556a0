// Looks at every result: reads unpadded activations to the end of the file, and stops at a fault.
module checked_reader;
  reg [11:0] x;
  reg [31:0] answer;
  reg [8*16:1] token;
  integer file, count;

  initial begin
    file = $fopen("activation.txt", "r");
    if (file == 0) begin
      $display("cannot open activation.txt");
      $finish;
    end
    repeat (3) if ($fscanf(file, "%s", token) != 1) $finish;
    while ($fscanf(file, "%b", x) == 1) $display("activation.txt %b", x);
    $fclose(file);
    file = $fopen("psum.txt", "r");
    repeat (3) begin
      count = $fscanf(file, "%s", token);
      if (count != 1) $finish;
    end
    repeat (16) begin
      count = $fscanf(file, "%32b", answer);
      if (count != 1) begin
        $display("psum.txt is too short");
        $finish;
      end
      $display("psum.txt %b", answer);
    end
    $finish;
  end
endmodule

// Skips three header tokens, reads fixed fields, and looks at no result: the common silent reader.
`timescale 1ns / 1ps
module token_reader;
  parameter rows = 3;
  parameter cols = 2;
  parameter bw = 4;
  parameter psum_bw = 16;
  parameter len_nij = 36;
  parameter len_kij = 9;
  parameter len_onij = 16;

  reg clk = 0;
  reg [bw*rows-1:0] x;
  reg [bw*rows-1:0] w;
  reg [psum_bw*cols-1:0] answer;
  reg [8*30:1] name;
  wire ready;
  integer file, result, skipped, t, kij;

  core_under_test dut (.clk(clk), .x(x), .ready(ready));

  initial begin
    file = $fopen("activation_tile0.txt", "r");
    result = $fscanf(file, "%s", skipped);
    result = $fscanf(file, "%s", skipped);
    result = $fscanf(file, "%s", skipped);
    for (t = 0; t < len_nij; t = t + 1) begin
      #0.5 clk = 1'b0;
      result = $fscanf(file, "%12b", x);
      $display("activation_tile0.txt %b", x);
      #0.5 clk = 1'b1;
    end
    $fclose(file);

    for (kij = 0; kij < len_kij; kij = kij + 1) begin
      $sformat(name, "weight_itile0_otile0_kij%0d.txt", kij);
      file = $fopen(name, "r");
      repeat (3) result = $fscanf(file, "%s", skipped);
      for (t = 0; t < cols; t = t + 1) begin
        #1 result = $fscanf(file, "%b", w);
        $display("%0s %b", name, w);
      end
      $fclose(file);
    end

    while (ready == 0) #1 clk = ~clk;
    if (ready) $display("ready");

    file = $fopen("out.txt", "r");
    result = $fscanf(file, "%s", skipped);
    result = $fscanf(file, "%s", skipped);
    result = $fscanf(file, "%s", skipped);
    for (t = 0; t < len_onij + 1; t = t + 1) begin
      if (t > 0) begin
        result = $fscanf(file, "%32b", answer);
        $display("out.txt %b", answer);
      end
    end
    $finish;
  end
endmodule

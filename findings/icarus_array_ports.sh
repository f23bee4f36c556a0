#!/usr/bin/env bash
# Icarus 11 takes ports that are unpacked arrays without a word, connects nothing, and every output is x.
#
# Icarus Verilog 11.0, -g2012. Neither the compiler nor the run says anything; the ports are not in the VCD file either. yosys
# 0.70 (read_verilog -sv) refuses them as a syntax error; Verilator 5.48 computes them. The second file: an expression with
# a genvar at one port (`s == r`) makes the index of an array at a later output port "not constant" for Icarus 11; with the
# expression in a wire of its own, the same file is compiled.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > array.sv <<'SV'
module square (input logic clk, input logic signed [3:0] a[0:1], output logic signed [7:0] y[0:1]);
  always_ff @(posedge clk) begin y[0] <= a[0] * a[0]; y[1] <= a[1] * a[1]; end
endmodule
module tb;
  logic clk = 0;
  logic signed [3:0] a[0:1];
  logic signed [7:0] y[0:1];
  square dut (.clk(clk), .a(a), .y(y));
  initial begin a[0] = 3; a[1] = -2; #1 clk = 1; #1 $display("9 and 4 are %0d and %0d", y[0], y[1]); $finish; end
endmodule
SV
iverilog -g2012 -Wall -o array array.sv
vvp -n array
cat > genvar.sv <<'SV'
module top (input logic s, output logic [3:0] y);
  wire [3:0] w[0:1][0:1];
  assign y = w[1][1];
  for (genvar r = 0; r < 2; r++) begin : g
    assign w[r][0] = 4'd1;
    inc u (.en(s == r), .i(w[r][0]), .o(w[r][1]));
  end
endmodule
module inc (input logic en, input logic [3:0] i, output logic [3:0] o);
  assign o = i + en;
endmodule
SV
iverilog -g2012 -o genvar genvar.sv || sed -i 's/    inc u (.en(s == r)/    wire en = s == r;\n    inc u (.en(en)/' genvar.sv
iverilog -g2012 -o genvar genvar.sv && echo "compiled with a wire"

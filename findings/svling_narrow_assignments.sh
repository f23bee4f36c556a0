#!/usr/bin/env bash
# svling cuts the operands of a continuous assignment to the width of its target before it shifts or divides: of a psum of 21000 `psum >>> 4` into eight bits is 0 and not 32.
#
# svling 0.13.0 with pyslang-dev 10.0.0.dev20260218; Icarus Verilog 11 is right. An expression is as wide as the wider of target and operands (IEEE 1800, clauses 11.6 and 11.8), so that the bits which a shift, a division or a remainder
# brings down are still there. In svling `assign code = psum >>> 4`, `>> 4`, `/ 16`, `% 300` and `(psum + 8) >>> 4` see the low eight bits of a psum of 20 bits alone: 21000 gives 0, 0, 0, 8 and 1 in place of
# 32, 32, 32, 0 and 33, and -32640 by `>>> 4` is -8 in place of 8. The same expressions in an initial, always_comb or always_ff block or a function are right, and so is a part-select:
# a requantizer written by `assign` is wrong where the bench's own model, in a block, is right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
command -v iverilog > /dev/null || { apt-get update -qq; apt-get install -y -qq iverilog; } > /dev/null
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet svling==0.13.0 pyslang-dev==10.0.0.dev20260218
cd "$folder"
cat > requantize.sv <<'SV'
module requantize (input logic signed [19:0] psum, output logic signed [7:0] arithmetic, logical, quotient, rest, rounded, part, block);
  assign arithmetic = psum >>> 4;
  assign logical = psum >> 4;
  assign quotient = psum / 16;
  assign rest = psum % 300;
  assign rounded = (psum + 20'sd8) >>> 4;
  assign part = psum[11:4];
  always_comb block = psum >>> 4;
endmodule

module bench;
  logic signed [19:0] psum;
  logic signed [7:0] arithmetic, logical, quotient, rest, rounded, part, block, code;
  requantize dut (.psum(psum), .arithmetic(arithmetic), .logical(logical), .quotient(quotient), .rest(rest), .rounded(rounded), .part(part), .block(block));
  initial begin
    psum = 21000;
    #1 code = psum >>> 4;
    $display("%0d: assign >>> %0d >> %0d / %0d mod %0d rounded %0d part %0d, always_comb %0d, initial %0d", psum, arithmetic, logical, quotient, rest, rounded, part, block, code);
    psum = -32640;
    #1 code = psum >>> 4;
    $display("%0d: assign >>> %0d >> %0d / %0d mod %0d rounded %0d part %0d, always_comb %0d, initial %0d", psum, arithmetic, logical, quotient, rest, rounded, part, block, code);
    $finish(0);
  end
endmodule
SV
iverilog -g2012 -s bench -o bench requantize.sv
vvp -n bench | sed "s/^/icarus /" | tee icarus.txt
"$folder/venv/bin/svling" requantize.sv 2> messages.txt | sed "s/^/svling /" | tee svling.txt || { cat messages.txt; exit 1; }
grep -qx "icarus 21000: assign >>> 32 >> 32 / 32 mod 0 rounded 33 part 32, always_comb 32, initial 32" icarus.txt
grep -qx "svling 21000: assign >>> 0 >> 0 / 0 mod 8 rounded 1 part 32, always_comb 32, initial 32" svling.txt
grep -q "icarus -32640: assign >>> 8 .* always_comb 8, initial 8" icarus.txt
grep -q "svling -32640: assign >>> -8 .* always_comb 8, initial 8" svling.txt
echo "as stated"

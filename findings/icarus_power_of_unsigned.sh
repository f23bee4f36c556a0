#!/usr/bin/env bash
# Icarus 11 raises an unsigned 15 to -1 and gets 15 in four bits, and 0 in eight: in the narrow context the base becomes -1.
#
# Icarus Verilog 11.0, -g2012 -Wall, without a word. The base is unsigned, the exponent signed; the exponent is an operand of its own and says nothing
# of the base (IEEE 1364-2005, 5.1.4 and 5.1.5: above 1, to a negative power, the result is 0). As wide as the base, the result is that of (-1) to the
# power: 15, 1, 15 for exponents -1, -2, -3. A power-of-two scale that is written as a power and whose exponent turns negative is nonzero there.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > top.sv <<'SV'
module top;
  reg [3:0] base = 15;
  reg signed [3:0] power;
  wire [3:0] narrow = base ** power;
  wire [7:0] wide = base ** power;
  initial
    for (power = -1; power > -4; power = power - 1)
      #1 $display("15 to %0d: %0d in four bits, %0d in eight", power, narrow, wide);
endmodule
SV
iverilog -V 2>&1 | head -1
iverilog -g2012 -Wall -o top top.sv 2> warnings.txt
vvp -n top | tee seen.txt
diff - seen.txt <<'SEEN'
15 to -1: 15 in four bits, 0 in eight
15 to -2: 1 in four bits, 0 in eight
15 to -3: 15 in four bits, 0 in eight
SEEN
test ! -s warnings.txt
echo "as stated"

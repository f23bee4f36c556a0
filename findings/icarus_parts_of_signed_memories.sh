#!/usr/bin/env bash
# Icarus 11 writes a part of a word of a signed memory as a signed number: the low nibble of -3 is printed as -3 with weights[0] and as 13 with weights[i], and one bit of it as -1.
#
# Icarus Verilog 11 (Debian 12's). Part-selects and bit-selects are unsigned, whatever they are taken from (IEEE 1800-2017, 11.8.1; 1364-2005, 5.5.1). In `$display`, `$write`, `$fdisplay` and `$sformat` a part of a memory's word whose indices are constants has the memory's sign: %d of `weights[0][3:0]` is -3, of `weights[0][3]` -1. It is 13 and 1 where
# an index is a variable, of a vector, in a copy, in a sum, in a concatenation and in a `case`, so that a bench compares rightly and writes another number into its file, and an unrolled bench writes another one than a loop. %h and %b are right. Nothing is said. Found where packed 4-bit codes are
# taken out of bytes: golden files of unsigned nibbles with negative numbers in them. Write {weights[0][3:0]}, or copy the part to a variable of its own width first; a reader sees a code below 0 where none can be.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > tb.sv <<'V'
module tb;
  reg signed [7:0] weights [0:3], word;
  reg [3:0] copy;
  reg [159:0] text;
  integer i, file;
  localparam FIRST = 0;
  initial begin
    weights[0] = -3; word = -3; i = 0; copy = weights[0][3:0];
    file = $fopen("nibbles.txt", "w");
    $fdisplay(file, "weights[0][3:0] %0d", weights[0][3:0]);
    $fdisplay(file, "weights[0][7:4] %0d", weights[0][7:4]);
    $fdisplay(file, "weights[0][0 +: 4] %0d", weights[0][0 +: 4]);
    $fdisplay(file, "weights[FIRST][3:0] %0d", weights[FIRST][3:0]);
    $fdisplay(file, "weights[0][3] %0d", weights[0][3]);
    $sformat(text, "%0d", weights[0][3:0]);
    $fdisplay(file, "$sformat %0s", text);
    $fdisplay(file, "weights[i][3:0] %0d", weights[i][3:0]);
    $fdisplay(file, "weights[0][i +: 4] %0d", weights[0][i +: 4]);
    $fdisplay(file, "word[3:0] %0d", word[3:0]);
    $fdisplay(file, "copy %0d", copy);
    $fdisplay(file, "sum %0d", weights[0][3:0] + 0);
    $fdisplay(file, "concatenation %0d", {weights[0][3:0]});
    $fdisplay(file, "compared %0d", weights[0][3:0] == 13);
    $fdisplay(file, "hexadecimal %0h", weights[0][3:0]);
    for (i = 0; i < 2; i = i + 1) $fdisplay(file, "loop %0d", weights[0][4 * i +: 4]);
    $fclose(file);
  end
endmodule
V
iverilog -V 2> /dev/null | head -1
iverilog -g2012 -o tb.vvp tb.sv
vvp -n tb.vvp
cat nibbles.txt
cat > expected.txt <<'TXT'
weights[0][3:0] -3
weights[0][7:4] -1
weights[0][0 +: 4] -3
weights[FIRST][3:0] -3
weights[0][3] -1
$sformat -3
weights[i][3:0] 13
weights[0][i +: 4] 13
word[3:0] 13
copy 13
sum 13
concatenation 13
compared 1
hexadecimal d
loop 13
loop 15
TXT
diff expected.txt nibbles.txt || { echo "the behaviour has changed"; exit 1; }

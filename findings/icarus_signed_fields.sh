#!/usr/bin/env bash
# Icarus 11 reads a signed field of a packed struct as unsigned: a 4-bit weight of -8 in it is 8, and is not below 0.
#
# Icarus Verilog 11.0, -g2012 -Wall, without a word; yosys 0.70, slang 12.1 and Verilator 5.48 extend the sign, as the declaration says. Copied to a
# signed variable, or as $signed(word.weight), the field is right. Operands that are packed into one word and multiplied by name are other
# products there.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > top.sv <<'SV'
module top;
  typedef struct packed {
    logic signed [3:0] weight;
    logic [3:0] activation;
  } word_t;
  word_t word;
  logic signed [3:0] copy;
  logic signed [11:0] field, signed_field, copied;
  initial begin
    word = 8'h85;
    copy = word.weight;
    field = word.weight * 4'sd2;
    signed_field = $signed(word.weight) * 4'sd2;
    copied = copy * 4'sd2;
    $display("twice the field %0d, by $signed %0d, copied %0d, below 0: %b", field, signed_field, copied, word.weight < 0);
  end
endmodule
SV
iverilog -g2012 -Wall -o top top.sv
vvp -n top | tee seen.txt
grep -qx "twice the field 16, by \$signed -16, copied -16, below 0: 0" seen.txt
echo "as stated"

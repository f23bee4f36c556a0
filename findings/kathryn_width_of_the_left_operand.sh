#!/usr/bin/env bash
# Kathryn gives a sum or a product the width of its left operand: of 8 bits times 4 bits a * b is 184 and b * a is 8 where 200 * 15 is 3000, a mean (b + a) >> 1 is 3, and `a < 300` asks whether an 8-bit a is below 44.
#
# kathryn 0.1.0 (PyPI, 2026), and Icarus Verilog 11 on the Verilog that it writes. In Verilog the operands of an expression are first extended to the width of what they are assigned to, or of the wider side of a comparison. Kathryn makes a wire for every inner expression, as wide as its left operand, and cuts the result there; a plain number is cut to the left operand's width, too.
# So a carry and the upper half of every product are lost, a * b differs from b * a, and 300 beside 8 bits is 44, in comparisons as well, where no message is given. (A final assignment to a wider signal warns that its source is narrower and extended by zeros; the product is lost by then, and negative numbers are extended by zeros.) `acc |= acc + x` is right, `acc |= x + acc` keeps x's width.
# Write the wider operand first and extend it to the width of the result: `a.extend(12) * b` is the whole product.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet kathryn==0.1.0
cd "$folder"
"$folder/venv/bin/python" - > messages.txt 2>&1 <<'PY' || { cat messages.txt; exit 1; }
import os

from kathryn import *


class Products(Module):
    @init
    def declare(self):
        self.a, self.b = wire(8, "a"), wire(4, "b")
        self.a.mark_input("a")
        self.b.mark_input("b")
        for name in ("left_wide", "left_narrow", "extended", "total", "carried", "beyond"):
            port = wire(12, name)
            port.mark_output(name)
            setattr(self, name, port)
        for name, bits in (("mean", 8), ("below", 1), ("mean_extended", 8)):
            port = wire(bits, name)
            port.mark_output(name)
            setattr(self, name, port)

    @flow
    def run(self):
        self.left_wide *= self.a * self.b
        self.left_narrow *= self.b * self.a
        self.extended *= self.a.extend(12) * self.b
        self.total *= self.b + self.a
        self.carried *= self.a.extend(12) + self.b
        self.beyond *= self.a.extend(12) + 300
        self.mean *= ((self.b + self.a) >> 1).extend(8)
        self.mean_extended *= (self.b.extend(9) + self.a) >> 1
        self.below *= self.a < 300


reset()
build_model(Products())
os.mkdir("out")
emit_verilog("out")
PY
cat > bench.v <<'V'
module bench;
  reg [7:0] a = 200;
  reg [3:0] b = 15;
  wire [11:0] left_wide, left_narrow, extended, total, carried, beyond;
  wire [7:0] mean, mean_extended;
  wire below;
  wire [11:0] product = a * b, sum = a + b;
  wire [8:0] half = (b + a) >> 1;
  TOP dut (.a(a), .b(b), .left_wide(left_wide), .left_narrow(left_narrow), .extended(extended), .total(total), .carried(carried), .beyond(beyond),
           .mean(mean), .mean_extended(mean_extended), .below(below), .clk(1'b0), .mrst(1'b0));
  initial begin
    #1 $display("200 * 15: %0d, 15 * 200: %0d, with extend(12): %0d, Verilog: %0d", left_wide, left_narrow, extended, product);
    $display("15 + 200: %0d, with extend(12): %0d, Verilog: %0d", total, carried, sum);
    $display("(15 + 200) >> 1: %0d, with extend(9): %0d, Verilog: %0d", mean, mean_extended, half);
    $display("200 < 300: %0d, Verilog: %0d", below, a < 300);
    $display("200 + 300 with extend(12): %0d", beyond);
  end
endmodule
V
top=$(grep -ohE "^module +[A-Za-z_0-9]+" out/*.v | awk '{print $2}' | tail -1)
sed -i "s/TOP dut/$top dut/" bench.v
iverilog -g2012 -s bench -o bench.vvp bench.v out/*.v
vvp -n bench.vvp > seen.txt
cat seen.txt
cmp seen.txt - <<'TXT'
200 * 15: 184, 15 * 200: 8, with extend(12): 3000, Verilog: 3000
15 + 200: 7, with extend(12): 215, Verilog: 215
(15 + 200) >> 1: 3, with extend(9): 107, Verilog: 107
200 < 300: 0, Verilog: 1
200 + 300 with extend(12): 500
TXT
if grep -q "below" messages.txt; then echo "the behaviour has changed: a number that is cut in a comparison is reported"; exit 1; fi

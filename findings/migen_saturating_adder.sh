#!/usr/bin/env bash
# A saturating adder saturates in Migen's simulator and wraps in the Verilog that Migen writes of it.
#
# migen 0.10.0, with Icarus Verilog. The simulator computes with Python's integers, so 7 + 1 of two signed 4-bit signals is 8 and above 7. In the
# Verilog an operand of a comparison has the width of the widest of it: `(a + b) > 7` is computed in four bits, where 7 + 1 is -8, and the
# upper bound is never reached. 64 of the 256 pairs differ. With the sum in a Signal of five bits first, both say the same. The documents state the
# width of sums without bound and not that a comparison narrows them.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet migen==0.10.0
cd "$folder"
cat > adder.py <<'PY'
from migen import Module, Mux, Signal, run_simulation
from migen.fhdl import verilog


class Adder(Module):
    def __init__(self):
        self.a = Signal((4, True), name_override="a")
        self.b = Signal((4, True), name_override="b")
        self.direct = Signal((5, True), name_override="direct")
        self.widened = Signal((5, True), name_override="widened")
        total = Signal((5, True), name_override="total")
        clamp = lambda value: Mux(value > 7, 7, Mux(value < -8, -8, value))
        self.comb += [
            self.direct.eq(clamp(self.a + self.b)),
            total.eq(self.a + self.b),
            self.widened.eq(clamp(total)),
        ]


adder = Adder()


def stimulus():
    for a in range(-8, 8):
        for b in range(-8, 8):
            yield adder.a.eq(a)
            yield adder.b.eq(b)
            yield
            yield
            print(a, b, (yield adder.direct), (yield adder.widened))


run_simulation(adder, stimulus())
adder = Adder()
with open("adder.v", "w") as text:
    text.write(str(verilog.convert(adder, {adder.a, adder.b, adder.direct, adder.widened}, name="adder")))
PY
"$folder/venv/bin/python" -W ignore adder.py > simulated.txt
cat > bench.v <<'V'
module bench;
  reg signed [3:0] a, b;
  wire signed [4:0] direct, widened;
  adder dut (.a(a), .b(b), .direct(direct), .widened(widened));
  integer i, j;
  initial for (i = -8; i < 8; i = i + 1) for (j = -8; j < 8; j = j + 1) begin
    a = i; b = j; #1 $display("%0d %0d %0d %0d", a, b, direct, widened);
  end
endmodule
V
iverilog -g2005 -o bench adder.v bench.v
vvp -n bench > computed.txt
echo "a, b, the sum clamped at once, the sum clamped by way of a 5-bit signal"
echo "simulated:   $(grep '^7 1 ' simulated.txt)"
echo "its Verilog: $(grep '^7 1 ' computed.txt)"
direct=$(paste -d' ' simulated.txt computed.txt | awk '$3 != $7' | wc -l)
widened=$(paste -d' ' simulated.txt computed.txt | awk '$4 != $8' | wc -l)
echo "of 256 pairs $direct differ, and with a 5-bit signal $widened"
[ "$direct" = 64 ] && [ "$widened" = 0 ]
echo "as stated"

#!/usr/bin/env bash
# VeriPy's simulator cuts a sum of signals to the width of the operand, its Verilog does not: 200 + 100 of 8 bits in a 9-bit output is 44 in the one and 300 in the other.
#
# veripy-hdl 0.1.0 ("simulates and generates Verilog from the same source"), simulated by Icarus Verilog 11. In Python each +, - and << of a signal is cut to that signal's own width at once; in the Verilog it is as wide as what it is assigned to or compared with.
# So the carry of a sum is lost in Python alone, `a << 4` into 16 bits loses its high bits there, and `a + b > 255`, an overflow test, is never true in Python and true in the hardware. A part of a signal is not cut (a[3:0] + b[3:0] is 12 in both), nor is a sum that is assigned to the operand's width. Its dual-path tests
# (VeripyTestCase) find the difference if their operands carry. Give operands the width of the result.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
command -v iverilog > /dev/null || { apt-get update -qq; apt-get install -y -qq iverilog; } > /dev/null
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet veripy-hdl==0.1.0
cd "$folder"
cat > adder.py <<'PY'
from veripy import Input, Module, Output


class Adder(Module):
    def __init__(self):
        self.a = Input(8)
        self.b = Input(8)
        self.total = Output(9)
        self.over = Output(1)
        self.scaled = Output(16)
        self.low = Output(9)
        self.same = Output(8)
        super().__init__()

        @self.comb
        def logic():
            self.total = self.a + self.b
            self.over = (self.a + self.b) > 255
            self.scaled = self.a << 4
            self.low = self.a[3:0] + self.b[3:0]
            self.same = self.a + self.b


adder = Adder()
adder.a.set(200)
adder.b.set(100)
adder.tick()
print(f"total {int(adder.total)}, over {int(adder.over)}, scaled {int(adder.scaled)}, low {int(adder.low)}, same {int(adder.same)}")
with open("adder.v", "w") as file:
    file.write(adder.to_verilog("adder"))
PY
cat > bench.v <<'V'
module bench;
  reg [7:0] a = 200, b = 100;
  wire [8:0] total, low;
  wire over;
  wire [15:0] scaled;
  wire [7:0] same;
  adder dut (.a(a), .b(b), .total(total), .over(over), .scaled(scaled), .low(low), .same(same));
  initial #1 $display("total %0d, over %0d, scaled %0d, low %0d, same %0d", total, over, scaled, low, same);
endmodule
V
"$folder/venv/bin/python" adder.py | tee python.txt
iverilog -g2012 -s bench -o bench adder.v bench.v
vvp -n bench | tee verilog.txt
grep -qx "total 44, over 0, scaled 128, low 12, same 44" python.txt
grep -qx "total 300, over 1, scaled 3200, low 12, same 44" verilog.txt
echo "as stated"

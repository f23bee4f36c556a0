#!/usr/bin/env bash
# PyRTL simulates `a + ~b` with an inverse as wide as b, and writes Verilog in which it is as wide as the sum: 0 + ~0 of four bits is 15 in its simulator and 31 in its Verilog.
#
# pyrtl 1.0.3, with Icarus Verilog 11. In PyRTL ~b has the width of b, and the sum, one bit wider than its operands, takes it without a sign. output_to_verilog writes the inverse into the expression of the sum, `assign s = a + ~(b)`. There
# Verilog first extends b to the width of the left-hand side and then inverts (IEEE 1364-2005, 5.4: the operand of ~ is context-determined), so that the bits above b are ones. All 256 pairs of `a + ~b` and of `a - ~b` differ, and
# every product `a * ~b` but those with a of 0. With the inverse named (`n = WireVector(4); n <<= ~b`), alone, beside & or in a concat, both agree. A subtraction written as a + ~b + 1, whose carry is the sign of an
# unsigned difference, is tested in the simulator and synthesized as another one. Name the inverse, or compare the exported Verilog itself with the reference.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pyrtl==1.0.3
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PY'
import subprocess

import pyrtl

a = pyrtl.Input(4, "a")
b = pyrtl.Input(4, "b")
named = pyrtl.WireVector(4, "named")
named <<= ~b
results = {
    "a + ~b": a + ~b,
    "a - ~b": a - ~b,
    "a * ~b": a * ~b,
    "~b": ~b,
    "a & ~b": a & ~b,
    "a + ~b, named": a + named,
}
for number, result in enumerate(results.values()):
    output = pyrtl.Output(len(result), f"result{number}")
    output <<= result
simulation = pyrtl.Simulation()
pairs = [(first, second) for first in range(16) for second in range(16)]
simulated = []
for first, second in pairs:
    simulation.step({"a": first, "b": second})
    simulated.append([simulation.inspect(f"result{number}") for number in range(len(results))])
with open("design.v", "w") as text:
    pyrtl.output_to_verilog(text)
with open("bench.v", "w") as text:
    wires = "".join(f"  wire [{len(result) - 1}:0] result{number};\n" for number, result in enumerate(results.values()))
    ports = ", ".join(f".result{number}(result{number})" for number in range(len(results)))
    shown = ", ".join(f"result{number}" for number in range(len(results)))
    text.write(f"""module bench;
  reg clk = 0, rst = 0;
  reg [3:0] a, b;
  integer i;
{wires}  toplevel dut(.clk(clk), .rst(rst), .a(a), .b(b), {ports});
  initial for (i = 0; i < 256; i = i + 1) begin
    {{a, b}} = i;
    #1 $display("{" ".join(["%0d"] * len(results))}", {shown});
  end
endmodule
""")
subprocess.run(["iverilog", "-g2012", "-o", "bench", "bench.v", "design.v"], check=True)
lines = subprocess.run(["vvp", "-n", "bench"], check=True, capture_output=True, text=True).stdout.splitlines()
written = [[int(word) for word in line.split()] for line in lines]
assert len(written) == 256
seen = {name: sum(left[number] != right[number] for left, right in zip(simulated, written)) for number, name in enumerate(results)}
print("pairs of 256 that differ between the simulator and the Verilog:", seen)
print("0 + ~0:", simulated[0][0], "simulated,", written[0][0], "in the Verilog")
assert (simulated[0][0], written[0][0]) == (15, 31), "the behaviour has changed"
assert seen == {"a + ~b": 256, "a - ~b": 256, "a * ~b": 240, "~b": 0, "a & ~b": 0, "a + ~b, named": 0}, "the behaviour has changed"
PY

#!/usr/bin/env bash
# Veriloggen's fixed-point division drops the fraction, and its remainder is shifted twice: with two fractional bits 5.0 / 2.0 is 2.0, 1.0 / 2.0 is 0, and 5.0 % 2.0 is 16.0.
#
# veriloggen 2.3.0, `veriloggen.types.fixed`, with Icarus Verilog 11. A quotient of two numbers with the same point has the point at 0, so that the dividend is shifted up by the fraction before it is divided (its own number for 2.5 is the code 10). Veriloggen
# divides first and shifts the whole number that came out: the lowest bits of every quotient are 0. The remainder of two such numbers has the point of both already; it is shifted up once for the result, and once more: 1.0 becomes 16.0, in general 4 to the power of the
# fractional bits times too large. Sums, differences, products (rounded down) and comparisons are right. A mean, a softmax or a normalization that is built of these types has whole numbers for quotients, without a word. Divide
# by a power of two with a shift, or multiply by the reciprocal.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet veriloggen==2.3.0
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PY'
import operator
import subprocess

import veriloggen as vg
from veriloggen.types import fixed

POINT = 2
PAIRS = [(5.0, 2.0), (1.0, 2.0), (-7.0, 2.0), (6.0, 0.5), (7.5, 2.5)]
OPERATIONS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "%": operator.mod}

module = vg.Module("top")
a = fixed.FixedReg(module, "a", 8, POINT, signed=True)
b = fixed.FixedReg(module, "b", 8, POINT, signed=True)
results = []
for number, operation in enumerate(OPERATIONS.values()):
    result = fixed.FixedWire(module, f"result{number}", 24, POINT, signed=True)
    result.assign(operation(a, b))
    results.append(result)
steps = []
for first, second in PAIRS:
    steps += [a(first, blk=True), b(second, blk=True), vg.Delay(1), vg.Systask("display", " ".join(["%d"] * len(results)), *results)]
module.Initial(*steps)
with open("top.v", "w") as text:
    text.write(module.to_verilog())
subprocess.run(["iverilog", "-g2012", "-o", "top", "top.v"], check=True)
lines = subprocess.run(["vvp", "-n", "top"], check=True, capture_output=True, text=True).stdout.splitlines()
seen = {}
for pair, line in zip(PAIRS, lines):
    seen[pair] = dict(zip(OPERATIONS, (int(word) / 2**POINT for word in line.split())))
    print(pair, seen[pair])
assert all(found[name] == OPERATIONS[name](*pair) for pair, found in seen.items() for name in "+-*"), "the behaviour has changed"
assert [found["/"] for found in seen.values()] == [2, 0, -3, 12, 3], "the behaviour has changed"
assert [found["%"] for found in list(seen.values())[:2]] == [16, 16], "the behaviour has changed"
PY

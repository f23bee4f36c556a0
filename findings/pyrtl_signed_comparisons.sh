#!/usr/bin/env bash
# PyRTL's signed comparisons take a plain positive number for a negative one: signed_lt(x, 3) is x < -1, while signed_add(x, 3) adds 3.
#
# pyrtl 1.0.3, `signed_lt`, `signed_le`, `signed_gt` and `signed_ge`. They accept whatever can become a wire, by their documentation, an int of Python too. signed_add, signed_sub and
# signed_mult make a signed constant of it, with room for its sign. The comparisons make an unsigned one that has no bit to spare, so that its first bit, which is
# always 1, is then read as the sign: 3 is "11", -1; 6 is "110", -2. Only 0 is what it says; a negative one raises. A clip at 6, or a saturation at 7, so written takes the wrong
# side for half of the codes, in the simulator and in the Verilog alike. `Const(3, signed=True)` is compared rightly.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pyrtl==1.0.3
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PY'
import operator

import pyrtl

CODES = range(-8, 8)
COMPARISONS = {
    "signed_lt": (pyrtl.signed_lt, operator.lt),
    "signed_le": (pyrtl.signed_le, operator.le),
    "signed_gt": (pyrtl.signed_gt, operator.gt),
    "signed_ge": (pyrtl.signed_ge, operator.ge),
}


def answers(function):
    pyrtl.reset_working_block()
    code = pyrtl.Input(4, "code")
    result = pyrtl.Output(name="result")
    result <<= function(code)
    simulation = pyrtl.Simulation()
    found = []
    for value in CODES:
        simulation.step({"code": value & 15})
        found.append(simulation.inspect("result"))
    return found, result.bitwidth


def wrong(name, number, constant):
    circuit, meaning = COMPARISONS[name]
    found, _ = answers(lambda code: circuit(code, constant(number)))
    return sum(bool(seen) != meaning(code, number) for seen, code in zip(found, CODES))


def plain(number):
    return number


def signed(number):
    return pyrtl.Const(number, signed=True)


seen = {number: [wrong(name, number, plain) for name in COMPARISONS] for number in (0, 1, 3, 6, 7)}
for number, counts in seen.items():
    print(f"with {number}: of 16 codes are wrong by {', '.join(COMPARISONS)}: {counts}")
with_constant = {wrong(name, number, signed) for name in COMPARISONS for number in (0, 1, 3, 6, 7)}
sums, bits = answers(lambda code: pyrtl.signed_add(code, 3))
right = [pyrtl.val_to_signed_integer(value, bits) for value in sums] == [code + 3 for code in CODES]
as_minus_one, _ = answers(lambda code: pyrtl.signed_lt(code, 3))
print("signed_lt(x, 3) holds for", [code for code, is_below in zip(CODES, as_minus_one) if is_below])
print("with signed constants:", with_constant, " signed_add(x, 3) right:", right)
try:
    answers(lambda code: pyrtl.signed_lt(code, -3))
    refused = False
except pyrtl.PyrtlError as error:
    refused = True
    print("-3:", error)
assert seen == {0: [0] * 4, 1: [2] * 4, 3: [4] * 4, 6: [8] * 4, 7: [8] * 4}, "the behaviour has changed"
assert [code for code, is_below in zip(CODES, as_minus_one) if is_below] == list(range(-8, -1)), "the behaviour has changed"
assert with_constant == {0} and right and refused, "the behaviour has changed"
PY

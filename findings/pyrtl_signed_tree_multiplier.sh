#!/usr/bin/env bash
# PyRTL's signed tree multiplier takes the lowest code for 0: 1 times -8 is 0, -8 times -8 is 0, for every width.
#
# pyrtl 1.0.3, `pyrtl.rtllib.multipliers.signed_tree_multiplier`. It multiplies magnitudes of one bit less than the operands, where that of -8 does not
# fit; 29 of the 256 products of 4 bits are wrong, all those with -8 but 0. Simulation and emitted Verilog agree on it. `pyrtl.signed_mult`
# is right for all pairs. Weights in narrow range (-7..7) never show it; activations or weights of -8 do.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pyrtl==1.0.3
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PY'
import pyrtl
from pyrtl.rtllib.multipliers import signed_tree_multiplier


def wrong(bits, multiply):
    pyrtl.reset_working_block()
    a, b, product = pyrtl.Input(bits, "a"), pyrtl.Input(bits, "b"), pyrtl.Output(2 * bits, "product")
    product <<= multiply(a, b)
    simulation = pyrtl.Simulation()
    codes = range(-(1 << bits - 1), 1 << bits - 1)
    pairs = []
    for first in codes:
        for second in codes:
            simulation.step({"a": first & (1 << bits) - 1, "b": second & (1 << bits) - 1})
            found = pyrtl.val_to_signed_integer(simulation.inspect("product"), 2 * bits)
            if found != first * second:
                pairs.append((first, second, found))
    return pairs


seen = {}
for bits in (2, 4, 5):
    pairs = wrong(bits, signed_tree_multiplier)
    lowest = -(1 << bits - 1)
    seen[bits] = (len(pairs), all(lowest in pair[:2] and pair[2] == 0 for pair in pairs), len(wrong(bits, pyrtl.signed_mult)))
    print(f"{bits} bits: {seen[bits][0]} of {4**bits} products wrong, such as {pairs[-1]}; signed_mult: {seen[bits][2]}")
assert seen == {2: (5, True, 0), 4: (29, True, 0), 5: (61, True, 0)}, "the behaviour has changed"
PY

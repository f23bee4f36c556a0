#!/usr/bin/env bash
# fxpmath: what an unsigned number is made of stays unsigned, so a code less its zero-point is 0, and a code times -2 too.
#
# fxpmath 0.4.10, numpy 2.4.6. By default a result gets as many bits as its operands need ("optimal" sizing): s4 - u4 is 6 bits with a sign, u4 * s4 is 8. But the difference of
# two unsigned numbers is unsigned with one bit more: 3 - 15 saturates at 0 where -12 was meant, and [3, 15, 8] - 8 is [0, 7, 0]. A plain integer takes the format of
# the number beside it, so with an unsigned code of 3, `code * -2` is 0 and `code + -8` is 3. A model of a layer with unsigned activations and a zero-point
# is thus wrong below the zero-point, with at most a numpy warning. Make the code signed first: Fxp(code, True, 5, 0).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet fxpmath==0.4.10 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PY'
from fxpmath import Fxp


def code(value):
    return Fxp(value, False, 4, 0)


def signed(value):
    return Fxp(value, True, 5, 0)


results = {
    "3 - 15": code(3) - code(15),
    "[3, 15, 8] - 8": code([3, 15, 8]) - code(8),
    "3 * -2": code(3) * -2,
    "3 + -8": code(3) + -8,
    "-(3)": -code(3),
    "3 - 15, signed": signed(3) - signed(15),
    "3 * weight of -8": code(3) * Fxp(-8, True, 4, 0),
}
seen = {name: (one.get_val().tolist(), str(one.dtype)) for name, one in results.items()}
for name, facts in seen.items():
    print(name, "=", *facts)
assert seen["3 - 15"] == (0.0, "fxp-u5/0"), "the behaviour has changed"
assert seen["[3, 15, 8] - 8"][0] == [0.0, 7.0, 0.0], "the behaviour has changed"
assert [seen[name][0] for name in ("3 * -2", "3 + -8", "-(3)")] == [0.0, 3.0, 0.0], "the behaviour has changed"
assert (seen["3 - 15, signed"][0], seen["3 * weight of -8"][0]) == (-12.0, -24.0)
PY

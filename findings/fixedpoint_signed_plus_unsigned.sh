#!/usr/bin/env bash
# fixedpoint: 7 + 15 is -10: the sum of a signed and an unsigned number is one bit too narrow, without an alert, while their difference has that bit.
#
# fixedpoint 1.0.1. Its operators are full precision: a result gets as many bits as it needs, and an overflow raises by default. The largest sum of a signed and an unsigned number of four bits is 22, which takes six bits with a sign. `-` gives six;
# `+` gives five, as for two signed ones, and lets the carry fall into the sign: 7 + 15 is -10. 28 of the 256 pairs of 4 bits are wrong, all whose sum is above 15, by -32 each. A plain positive integer or float beside a signed number becomes an
# unsigned one, so a bias, a rounding constant or a residual code is enough: `code + 15` is -10. No alert says anything, with all of them set to "error". Comparisons and products are right.
# Make the number signed first, FixedPoint(15, signed=True); corner vectors with two large positive operands show it, random small ones do not.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet fixedpoint==1.0.1
cd "$folder"
"$folder/venv/bin/python" - 2>/dev/null <<'PY'
from fixedpoint import FixedPoint

ALERTS = {"overflow_alert": "error", "implicit_cast_alert": "error", "mismatch_alert": "error", "rounding": "nearest"}


def number(value, signed):
    return FixedPoint(value, signed=signed, m=4, n=0, **ALERTS)


def shown(result):
    return float(result), result.qformat


code, other = number(7, True), number(15, False)
results = {
    "7 + u15": code + other,
    "u15 + 7": other + code,
    "7 + 15": code + 15,
    "15 + 7": 15 + code,
    "7 + 15.0": code + 15.0,
    "7 + 15, signed": code + FixedPoint(15, signed=True, **ALERTS),
    "7 - u15": code - other,
    "-8 - u15": number(-8, True) - other,
    "u15 - -8": other - number(-8, True),
    "7 * u15": code * other,
}
total = number(7, True)
total += 15
results["total += 15"] = total
seen = {name: shown(result) for name, result in results.items()}
for name, (value, form) in seen.items():
    print(f"{name} = {value:g} in {form}")
pairs = {(first, second): int(number(first, True) + number(second, False)) - first - second for first in range(-8, 8) for second in range(16)}
wrong = {pair: error for pair, error in pairs.items() if error}
print(len(wrong), "of", len(pairs), "sums are wrong, by", set(wrong.values()))
assert seen == {
    "7 + u15": (-10.0, "Q5.0"),
    "u15 + 7": (-10.0, "Q5.0"),
    "7 + 15": (-10.0, "Q5.0"),
    "15 + 7": (-10.0, "Q5.0"),
    "7 + 15.0": (-10.0, "Q5.0"),
    "7 + 15, signed": (22.0, "Q6.0"),
    "7 - u15": (-8.0, "Q6.0"),
    "-8 - u15": (-23.0, "Q6.0"),
    "u15 - -8": (23.0, "Q6.0"),
    "7 * u15": (105.0, "Q8.0"),
    "total += 15": (-10.0, "Q5.0"),
}, "the behaviour has changed"
assert set(wrong) == {pair for pair in pairs if sum(pair) > 15} and set(wrong.values()) == {-32}, "the behaviour has changed"
PY

#!/usr/bin/env bash
# spfpm: a fixed-point quotient is off by one half over the divisor: with four fractional bits 1 / 0.25 is 4.125, -1 / 0.25 is -3.875, and 0 / 0.25 is 0.125.
#
# spfpm 1.8.0 (module FixedPoint). To round a quotient to nearest one adds half of the divisor to the dividend before the division. `/` adds half of a one, as a product has it, whatever the divisor is. By a divisor above 1 a quotient is off by less than a
# step (15 / 8 with one fractional bit is 1.5, where 2.0 is nearer). Below 1 the error grows, to 2^(fractional bits - 1) steps for the smallest divisor, always towards more for a positive divisor, so that exact quotients come out wrong, and so does 0.
# The documentation gives its quotient, 21 / 10, an "error ~1/2^64" with 64 fractional bits. A scale smaller than 1, as scales of quantized networks are, is a divisor of the other kind: x / scale is not the code of x, and 0 is not the code 0.
# Sums, differences and products are right (products round half up). Multiply by the reciprocal that Python computes, or divide integers.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet spfpm==1.8.0
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
from fractions import Fraction

from FixedPoint import FXfamily


def quotient(bits, dividend, divisor):
    family = FXfamily(bits)
    return float(family(dividend) / family(divisor))


cases = ((4, 1, 0.25), (4, -1, 0.25), (4, 1, -0.25), (4, 0, 0.25), (4, 3, 0.5), (4, 6, 2), (1, 15, 8), (8, 1, 1 / 256), (8, 0, 1 / 256))
seen = {case: quotient(*case) for case in cases}
for (bits, dividend, divisor), found in seen.items():
    print(f"{bits} fractional bits: {dividend} / {divisor} = {found}, not {dividend / divisor}" if found != dividend / divisor else f"{bits} fractional bits: {dividend} / {divisor} = {found}")


def steps(bits, divisor):
    """The largest error of a quotient by this divisor, in steps of the format, over all dividends of -8 to 8."""
    family = FXfamily(bits)
    worst = 0
    for code in range(-8 << bits, (8 << bits) + 1):
        dividend = Fraction(code, 1 << bits)
        found = Fraction(float(family(float(dividend)) / family(float(divisor))))
        worst = max(worst, abs(found - dividend / divisor) * (1 << bits))
    return float(worst)


errors = {str(divisor): steps(4, divisor) for divisor in (Fraction(1, 16), Fraction(1, 4), Fraction(1, 2), Fraction(1), Fraction(2))}
print("largest error in steps of 1/16, by divisor:", errors)
product = FXfamily(4)(0.1875) * FXfamily(4)(0.5)
print("0.1875 * 0.5 =", float(product))
assert seen == {
    (4, 1, 0.25): 4.125,
    (4, -1, 0.25): -3.875,
    (4, 1, -0.25): -4.125,
    (4, 0, 0.25): 0.125,
    (4, 3, 0.5): 6.0625,
    (4, 6, 2): 3.0,
    (1, 15, 8): 1.5,
    (8, 1, 1 / 256): 256.5,
    (8, 0, 1 / 256): 0.5,
}, "the behaviour has changed"
assert errors == {"1/16": 8.0, "1/4": 2.0, "1/2": 1.0, "1": 0.0, "2": 0.5}, "the behaviour has changed"
assert float(product) == 0.125
PY

#!/usr/bin/env bash
# FpBinary stores an integer by way of a double: 2^53 + 1 in a format of 60 bits is 2^53, though the format holds it, and comparing with the integer that was stored says False.
#
# fpbinary 1.5.8. `FpBinary(int_bits=60, frac_bits=0, value=n)` and an integer on the other side of +, - or == are two ways: the operators keep all bits, the constructor keeps 53. Sums and products of its own numbers are exact at any width,
# so the wrong number appears where a wide accumulator is loaded or an expected value is written down, and is off by at most half of the spacing of doubles there. Besides, a difference of two unsigned numbers is unsigned and gets a bit more: 3 - 5 of four bits is 30 in five.
# Give wide integers as `bit_field=`, which is exact, and make codes signed before you subtract.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet fpbinary==1.5.8
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
from fpbinary import FpBinary


def integer(value, bits=60, signed=True, **how):
    return FpBinary(int_bits=bits, frac_bits=0, signed=signed, **(how or {"value": value}))


odd = 2**53 + 1
stored, by_bits = integer(odd), integer(odd, bit_field=odd)
print("by value:", int(stored), "by bits:", int(by_bits), "equals the integer:", stored == odd, by_bits == odd)
assert int(stored) == odd - 1 and not stored == odd, "the behaviour has changed"
assert int(by_bits) == odd and by_bits == odd, "bits are exact"
assert int(by_bits + odd) == 2 * odd and int(by_bits - odd) == 0, "operators with integers are exact"
assert int(by_bits * by_bits) == odd * odd, "products are exact"
wrong = sum(int(integer(value)) != value for value in range(2**58, 2**58 + 64))
print("of 64 integers from 2^58 on come back as others:", wrong)
assert wrong == 63, "the behaviour has changed"
difference = integer(3, 4, False) - integer(5, 4, False)
print("3 - 5 of four unsigned bits:", int(difference), "in", difference.format[0], "bits; of signed ones:", int(integer(3, 5) - integer(5, 5)))
assert int(difference) == 30 and difference.format[0] == 5, "the behaviour has changed"
assert int(integer(3, 5) - integer(5, 5)) == -2
PY

#!/usr/bin/env bash
# APyTypes: a number beside a fixed-point value is first squeezed into its format, so 3 * 9 is -21, 3 * 0.5 is 3, and an array that holds 3 equals 19.
#
# apytypes 0.5.1, numpy 2.4.6. Sums and products of two fixed-point values are exact, as its results grow as wide as they must. A plain number takes the format of the value
# beside it: in four bits 9 wraps to -7, 0.5 is rounded to 1 and 16 to 0, and only then is added or multiplied, into a result that would have held the true one. A comparison of an array does the
# same: == 19 is true where 3 is. That of a single value does not: == 19 is false. The type and the side of the other operand decide, too: times
# an array of 0.5 is rounded, times numpy.float32(0.5) is not, and with the numpy array on the left the whole becomes floats. Nothing warns. Whoever scales
# codes by a multiplier, adds a bias, or compares codes with a threshold gives it a format of its own first, by APyFixed.from_float(9, 5, 0).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet apytypes==0.5.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import numpy as np
from apytypes import APyFixed, APyFixedArray

codes = APyFixedArray.from_float([3, -3, 7], 4, 0)
code = APyFixed.from_float(3, 4, 0)
half = np.full(3, 0.5)
nines = np.full(3, 9)


def numbers(values):
    return np.array(values, dtype=float).tolist()


seen = {
    "codes * 9": numbers(codes * 9),
    "codes + 9": numbers(codes + 9),
    "codes * 0.5": numbers(codes * 0.5),
    "codes * half": numbers(codes * half),
    "half * codes": numbers(half * codes),
    "codes * float32(0.5)": numbers(codes * np.float32(0.5)),
    "codes * nines": numbers(codes * nines),
    "nines * codes": numbers(nines * codes),
    "codes * fixed 9": numbers(codes * APyFixed.from_float(9, 5, 0)),
    "code * 9, code + 16": [float(code * 9), float(code + 16)],
    "codes == 19": (codes == 19).tolist(),
    "codes < 9": (codes < 9).tolist(),
    "code == 19, code < 9": [code == 19, code < 9],
}
for name, values in seen.items():
    print(f"{name}: {values}")
print("bits of codes * 9:", (codes * 9).bits)
assert seen == {
    "codes * 9": [-21, 21, -49],
    "codes + 9": [-4, -10, 0],
    "codes * 0.5": [3, -3, 7],
    "codes * half": [3, -3, 7],
    "half * codes": [1.5, -1.5, 3.5],
    "codes * float32(0.5)": [1.5, -1.5, 3.5],
    "codes * nines": [-21, 21, -49],
    "nines * codes": [27, -27, 63],
    "codes * fixed 9": [27, -27, 63],
    "code * 9, code + 16": [-21, 3],
    "codes == 19": [True, False, False],
    "codes < 9": [False, False, False],
    "code == 19, code < 9": [False, True],
}, "the behaviour has changed"
assert (codes * 9).bits == 8, "the behaviour has changed"
PY

#!/usr/bin/env bash
# pychop's symmetric 8-bit quantizer takes its step from the range and not from the largest value: of data in 0..10 it clips all above 5, and 10 comes back as 4.96.
#
# pychop 0.6.1, numpy 2.4.6. A symmetric quantizer has the zero-point 0 and codes as far as the largest absolute value needs. `Chopi(bits=8, symmetric=True)` divides largest minus smallest by 255 and clips to -128..127: right for data that reaches as far down as up, and half a range short for what has one
# sign, as activations behind a ReLU, images and weights of a positive channel: 102 of 200 evenly spaced values become one code. Its other, default mode has codes of 0..127 for "8 bits" (of 4 bits: 0..7), half of those that its bits hold. Nothing is said in either case.
# A second thing: both keep the step of the first array they see, so one object for two tensors clips the second by the range of the first. Make the range symmetric first, numpy.append(x, -abs(x).max()), and a quantizer for each tensor; compare what comes back with what went in.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-deps pychop==0.6.1 numpy==2.4.6
cd "$folder"
chop_backend=numpy "$folder/venv/bin/python" -W ignore - <<'PY'
import numpy as np
from pychop import Chopi

RAMP = np.arange(1, 201) / 20.0  # 0.05 .. 10
DATA = {"0.05..10": RAMP, "-10..10": np.concatenate([-RAMP, RAMP]), "-10..-0.05": -RAMP}


def seen(values, **options):
    codes = Chopi(**options).quantize(values)
    maker = Chopi(**options)
    back = maker(values)
    farthest = int(np.abs(values).argmax())
    ends = (int(codes.min()), int(codes.max()))
    return ends, int((codes == codes[farthest]).sum()), round(float(values[farthest]), 2), round(float(back[farthest]), 2)


found = {}
for name, values in DATA.items():
    for options in ({"bits": 8, "symmetric": True}, {"bits": 8}, {"bits": 4}):
        found[name, str(options)] = seen(values, **options)
        ends, count, given, got = found[name, str(options)]
        print(f"{name}, {options}: codes {ends}, the code of the farthest value stands {count} times, {given} comes back as {got}")
shared = Chopi(bits=8, symmetric=True)
shared(np.array([-1.0, 1.0]))
second = shared(np.array([-10.0, 10.0])).round(2).tolist()
print("a second array, -10 and 10:", second)
assert found == {
    ("0.05..10", "{'bits': 8, 'symmetric': True}"): ((1, 127), 102, 10.0, 4.96),
    ("0.05..10", "{'bits': 8}"): ((0, 127), 1, 10.0, 10.03),
    ("0.05..10", "{'bits': 4}"): ((0, 7), 16, 10.0, 9.95),
    ("-10..10", "{'bits': 8, 'symmetric': True}"): ((-128, 127), 1, -10.0, -10.04),
    ("-10..10", "{'bits': 8}"): ((0, 127), 1, -10.0, -10.08),
    ("-10..10", "{'bits': 4}"): ((0, 7), 1, -10.0, -11.43),
    ("-10..-0.05", "{'bits': 8, 'symmetric': True}"): ((-128, -1), 101, -10.0, -4.99),
    ("-10..-0.05", "{'bits': 8}"): ((0, 127), 1, -10.0, -10.03),
    ("-10..-0.05", "{'bits': 4}"): ((0, 7), 16, -10.0, -9.95),
}, "the behaviour has changed"
assert second == [-1.0, 1.0], "the behaviour has changed"
PY

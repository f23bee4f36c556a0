#!/usr/bin/env bash
# quantizers rounds small floats of a minifloat format to other values of it, and those of bfloat16 below 2^-32 to 0, though its formats hold them: it adds 1e-7 before it takes the exponent.
#
# quantizers 1.2.2 (the number formats of HGQ, "bit-accurate to the HLS implementation"), ml_dtypes 0.6.0. `float_quantize` finds the exponent by log2(|x| + 1e-7), so that no 0 gets there. Below 2^-16 that is another exponent than that of x, at first for numbers close to the next power of two, from 2^-24 on for all: bits of the mantissa are lost, and from 2^-33 on all of bfloat16's (8 bits of exponent, which reach to 2^-126).
# An 8-bit float with 4 bits of exponent whose range is moved by `e0` to small scales, as for weights behind a large activation scale, changes 23 of 104 of its own values at e0 = -20. Values from 2^-16 on are right, and so are 8-bit floats that are not moved. Scale tensors to around 1 before you quantize, and multiply the scale back.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet quantizers==1.2.2 ml_dtypes==0.6.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import ml_dtypes
import numpy as np
from quantizers import float_quantize_np

halves = np.float32(2) ** np.arange(-60, 20, dtype=np.float32)
values = (halves[:, None] * (1 + np.arange(128, dtype=np.float32) / 128)).astype(ml_dtypes.bfloat16).astype(np.float64)
found = float_quantize_np(values, 7, 8)
exact, gone = (found == values).all(axis=1), (found == 0).all(axis=1)
exponents = np.arange(-60, 20)
print("bfloat16: all values of an exponent come back from 2^", exponents[exact].min(), "on, and are 0 up to 2^", exponents[gone].max())
assert (exact == (exponents >= -16)).all(), "the behaviour has changed"
assert (gone == (exponents <= -33)).all(), "the behaviour has changed"
moved = np.array([(1 + mantissa / 8) * 2.0**exponent for exponent in range(-26, -13) for mantissa in range(8)])
changed = int((float_quantize_np(moved, 3, 4, -20.0) != moved).sum())
print("values of an 8-bit float moved by 2^-20 that change:", changed, "of", len(moved))
assert changed == 23, "the behaviour has changed"
near_one = moved * 2.0**20
assert (float_quantize_np(near_one, 3, 4) == near_one).all(), "the same values around 1 are right"
floats = np.arange(256, dtype=np.uint8).view(ml_dtypes.float8_e5m2).astype(np.float64)
floats = floats[np.isfinite(floats)]
assert (float_quantize_np(floats, 2, 5) == floats).all(), "float8_e5m2 is right"
PY

#!/usr/bin/env bash
# TensorStore casts to and from E8M0, the scale of an MX block, with the exponent of another format: a scale of 1 is stored as 2^-64, and one that is stored rightly is read as 2^64, a scale of 2 as -2^65.
#
# tensorstore 0.1.86 (the store of JAX checkpoints), ml_dtypes 0.6.0. E8M0 has eight bits of exponent and no sign; code k is 2^(k - 127). TensorStore's casts take 63 in place of 127, and the highest bit for a sign when they read: 2^k is stored as code k + 63, code k is read as 2^(k - 63), and as the negative of it from code 128 on.
# Not one of the 255 scales is read rightly, whatever it is cast to, and those from 2^-64 down are stored as code 0. Arrays of E8M0 that are written and read without a cast keep their codes, and FP4 beside them is cast as by ml_dtypes.
# So a block whose FP4 elements are right has a scale that is wrong by 2^64, and for most scales in use above 1 the sign is wrong, too. Cast scales in numpy or JAX, before they are written and after they are read.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet tensorstore==0.1.86 ml_dtypes==0.6.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PY'
import ml_dtypes
import numpy as np
import tensorstore

SCALE, FP4 = ml_dtypes.float8_e8m0fnu, ml_dtypes.float4_e2m1fn
CODES = np.arange(255, dtype=np.uint8)
EXPONENTS = CODES.astype(int) - 127
EXACT = 2.0**EXPONENTS


def cast(values, kind):
    return tensorstore.cast(tensorstore.array(values), tensorstore.dtype(kind)).read().result()


assert (CODES.view(SCALE).astype(float) == EXACT).all() and (EXACT.astype(SCALE).view(np.uint8) == CODES).all(), "ml_dtypes is right"
written, read = cast(EXACT, "float8_e8m0fnu").view(np.uint8), cast(CODES.view(SCALE), "float64")
for exponent in (-2, 0, 1, 3):
    place = exponent + 127
    print(f"2^{exponent}: code {place}; TensorStore writes code {written[place]}, and reads code {place} as {read[place]:g}")
assert (written == np.clip(EXPONENTS + 63, 0, None)).all(), "the behaviour has changed"
assert (abs(read[1:]) == EXACT[1:] * 2.0**64).all() and read[0] == 0, "the behaviour has changed"
assert (np.sign(read[1:]) == np.where(CODES[1:] < 128, 1, -1)).all(), "the behaviour has changed"
powers = np.array([1, 2, 4])
for kind in (np.uint8, np.int32, np.float32, ml_dtypes.bfloat16):
    assert cast(powers.astype(kind), "float8_e8m0fnu").view(np.uint8).tolist() == [63, 64, 65], "the behaviour has changed"

store = tensorstore.open({"driver": "zarr3", "kvstore": {"driver": "memory"}}, create=True, dtype=tensorstore.dtype("float8_e8m0fnu"), shape=[255]).result()
store[...] = CODES.view(SCALE)
assert (store.read().result().view(np.uint8) == CODES).all(), "without a cast the codes stay"
numbers = np.arange(-48, 49) / 8
assert (cast(numbers, "float4_e2m1fn").astype(float) == numbers.astype(FP4).astype(float)).all(), "FP4 is right"
block = np.array([1, -3, 6, 0.5]).astype(FP4)
scale = cast(np.array([2.0]), "float8_e8m0fnu").astype(float)
print("a block [2, -6, 12, 1] of FP4 and the scale that was cast is", (block.astype(float) * scale).tolist())
PY

#!/usr/bin/env bash
# ncnn's cast to float16 depends on the place: of nine values of 3e-05 the first eight stay 2.998e-05 and the ninth becomes 0; of nine 2049 eight become 2048 and one 2050.
#
# ncnn 1.0.20261020 (PyPI) on x86-64 with F16C, as all processors with AVX2 have. Whole groups of values are converted by the processor's instruction: to nearest, ties to even, with subnormal numbers. The values behind the last whole group go through a function of ncnn's own, which makes 0 of everything below 2^-14, the format's subnormal numbers, and takes ties away from zero.
# So a value becomes one of two numbers by its place in the row and by the row's length, and two tools that agree on a long row disagree on its end. Scales of 8-bit weights, and small weights, commonly lie between 1e-05 and 6e-05, where the last of them are lost.
# Keep scales above 2^-14 (6.1e-05) and rows at a multiple of four, or convert with numpy's float16, which is the first rule, and hand ncnn the bits.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet ncnn==1.0.20261020 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PY'
import ncnn
import numpy as np


def to_float16(values):
    """The numbers that ncnn's cast makes, read from its bits by numpy."""
    values = np.ascontiguousarray(values, np.float32)
    source, made = ncnn.Mat(values), ncnn.Mat()
    ncnn.cast_float32_to_float16(source, made, ncnn.Option())
    return np.array(made, copy=True).view(np.float16).astype(np.float64)


for value, last in ((3e-05, 0.0), (-3e-05, 0.0), (1e-07, 0.0), (6e-05, 0.0), (7e-05, None), (2049.0, 2050.0), (2051.0, None), (1 + 2.0**-11, 1 + 2.0**-10), (0.1, None)):
    found, right = to_float16(np.full(9, value)), float(np.float16(value))
    print(f"{value}: first eight {found[0]}, ninth {found[8]}, numpy {right}")
    assert (found[:8] == right).all(), "the first eight are right"
    assert found[8] == (right if last is None else last), "the behaviour has changed"
assert (to_float16(np.full(16, 3e-05)) == float(np.float16(3e-05))).all(), "rows of whole groups are right"
every = np.arange(65536, dtype=np.uint16).view(np.float16)
subnormal = every[(np.abs(every) < 2.0**-14) & (every != 0)].astype(np.float64)
ninth = np.array([to_float16(np.full(9, value))[8] for value in subnormal])
print(f"subnormal float16 numbers: {subnormal.size}, zeros in the ninth place: {(ninth == 0).sum()}")
assert subnormal.size == 2046 and (ninth == 0).all(), "the behaviour has changed"
PY

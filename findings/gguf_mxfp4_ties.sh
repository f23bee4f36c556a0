#!/usr/bin/env bash
# gguf rounds the ties of MXFP4 towards zero, the specification and ml_dtypes to even: 3.5 is 3 in a GGUF block and 4 in a float4 tensor of the same scale. A block below 2^-125 gets the scale 255, which the format calls NaN.
#
# gguf 0.19.0 (llama.cpp's Python package), ml_dtypes 0.6.0 (the float4 of onnx and JAX). The elements of an MX block of 4 bits are 0, 0.5, 1, 1.5, 2, 3, 4, 6; halfway stand 0.25, 0.75, 1.25, 1.75, 2.5, 3.5 and 5. gguf takes the first of the two nearest values, which is the smaller one; the OCP specification of the formats rounds ties to even,
# as does ml_dtypes, so that 0.75, 1.75 and 3.5 get another code, with either sign. Weights that were trained on a finer grid of powers of two meet ties all the time: of the multiples of 1/4 from -6 to 6, six of 49. Values on the grid are the same in all.
# The exponent of a block is cast to uint8 without a bound: at a largest value below 2^-125 it wraps to 255 and less, and the block is zeros in gguf, NaN in a reader that follows the specification. Quantize by one tool, or round to the grid before either; keep blocks of tiny values zero.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet gguf==0.19.0 ml_dtypes==0.6.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PY'
import ml_dtypes
import numpy as np
from gguf import GGMLQuantizationType
from gguf.quants import dequantize, quantize

KIND = GGMLQuantizationType.MXFP4


def both(values):
    """Values through a GGUF block of scale 1, and through the float4 of ml_dtypes."""
    blocks = []
    for place in range(0, len(values), 31):
        part = np.zeros(32, np.float32)
        part[: len(values[place : place + 31])] = values[place : place + 31]
        part[31] = 4  # fixes the block's scale at 1
        packed = quantize(part.reshape(1, 32), KIND)
        assert packed[0, 0] == 127
        blocks.append(dequantize(packed, KIND)[0, : len(values[place : place + 31])])
    return np.concatenate(blocks), values.astype(ml_dtypes.float4_e2m1fn).astype(np.float32)


grid, ties = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6], np.float32), np.array([0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5], np.float32)
for sign in (1, -1):
    for found in both(sign * grid):
        assert found.tolist() == (sign * grid).tolist(), "values on the grid are right in all"
    gguf, even = both(sign * ties)
    print(f"{(sign * ties).tolist()}: gguf {gguf.tolist()}, ml_dtypes {even.tolist()}")
    assert np.abs(even).tolist() == [0, 1, 1, 2, 2, 4, 4], "ties go to even"
    assert np.abs(gguf).tolist() == [0, 0.5, 1, 1.5, 2, 3, 4], "the behaviour has changed"
gguf, even = both(np.arange(-24, 25, dtype=np.float32) / 4)
print("multiples of 1/4 from -6 to 6 that differ:", int((gguf != even).sum()), "of", len(gguf))
assert int((gguf != even).sum()) == 6, "the behaviour has changed"
tiny = quantize(np.full((1, 32), 2.0**-126, np.float32), KIND)
print("scale of a block of 2^-126:", int(tiny[0, 0]), "values:", dequantize(tiny, KIND)[0, 0])
assert int(tiny[0, 0]) == 255 and dequantize(tiny, KIND)[0, 0] == 0, "the behaviour has changed"
PY

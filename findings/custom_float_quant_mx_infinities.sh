#!/usr/bin/env bash
# custom-float-quant gives the OCP formats infinities that they do not have: 4 and 6 in "mxfp4_e2m1" are inf, and its largest number is 3.
#
# custom-float-quant 0.3.0, ml_dtypes 0.6.0. The package states presets for the OCP formats and for a "finite-only" E4M3, and treats all as IEEE 754 does: the highest exponent is kept for infinities and NaN. The OCP formats of 4 and 6 bits have neither, and E4M3 no infinity and two NaN.
# So 4 of the 16 codes of FP4, 8 and 16 of the 64 of the two FP6, and 14 of the 254 numbers of E4M3 become infinite, and "finite-only" E4M3 is the same format as the other, with the largest number 240 and not 448. E5M2, which is built so, is right, and so are all numbers below the highest exponent.
# With a scale for the whole tensor, which the package takes from that largest number, nothing is infinite, and the grid lacks its upper half: weights of -6..6, the codes themselves, come back as others. Judge OCP formats by ml_dtypes or torch.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet custom-float-quant==0.3.0 ml_dtypes==0.6.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PY'
import ml_dtypes
import numpy as np
from custom_float_quant import CustomFloat

FORMATS = {
    "mxfp4_e2m1": (ml_dtypes.float4_e2m1fn, 3, 4),
    "mxfp6_e2m3": (ml_dtypes.float6_e2m3fn, 3.75, 16),
    "mxfp6_e3m2": (ml_dtypes.float6_e3m2fn, 14, 8),
    "mxfp8_e4m3": (ml_dtypes.float8_e4m3fn, 240, 14),
    "fp8_e4m3fn": (ml_dtypes.float8_e4m3fn, 240, 14),
    "mxfp8_e5m2": (ml_dtypes.float8_e5m2, 57344, 0),
}
for name, (kind, largest, count) in FORMATS.items():
    numbers = np.arange(2 ** ml_dtypes.finfo(kind).bits, dtype=np.uint8).view(kind).astype(np.float64)
    numbers = numbers[np.isfinite(numbers)]
    rounded = getattr(CustomFloat, name)()
    found = rounded.quantize_array(numbers)
    lost = found != numbers
    print(f"{name}: largest number {rounded.max_finite_value}, of the format {numbers.max()}; of its {len(numbers)} numbers {int(lost.sum())} become infinite")
    assert rounded.max_finite_value == largest and int(lost.sum()) == count, "the behaviour has changed"
    assert np.isinf(found[lost]).all() and (abs(numbers[lost]) > largest).all(), "what lies below the highest exponent is right"
    assert [rounded.quantize(float(number)) for number in numbers] == found.tolist(), "single numbers as arrays"

grid = np.array([-6, -4, -3, -2, 2, 3, 4, 6.0])
found = CustomFloat.mxfp4_e2m1().quantize_array_scaled(grid)[0]
print("the grid of FP4, scaled:", grid.tolist(), "->", found.round(3).tolist())
assert (grid.astype(ml_dtypes.float4_e2m1fn).astype(float) == grid).all(), "these are numbers of the format"
assert np.isfinite(found).all() and (found != grid).all(), "the behaviour has changed"
PY

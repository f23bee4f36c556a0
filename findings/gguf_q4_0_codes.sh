#!/usr/bin/env bash
# GGUF's Q4_0 cannot hold 4-bit codes in narrow range: of -7..7 it gives back 7, 0 and others than were stored, with a negative scale.
#
# gguf 0.19.0 (Python). The scale of a block of 32 is its extreme value over -8, so that the extreme becomes the lowest code: 7 has the scale -0.875,
# and 6, 4 and -7 come back as 6.125, 4.375 and -6.125. Codes of -8..7 whose extreme is -8 come back exactly, those of -7..7 never; ternary
# codes become -0.875, 0 and 1 in Q4_0, are exact in TQ2_0, and 0.9999 in Q8_0. In the bytes, the low halves are the first
# 16 values and the high halves the last 16, not neighbors.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet gguf==0.19.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import numpy as np
from gguf import GGMLQuantizationType as Kind
from gguf import quants


def there_and_back(codes, kind):
    values = np.asarray(codes, np.float32)[None]
    return quants.dequantize(quants.quantize(values, kind), kind)[0]


def scale(codes):
    return float(quants.quantize(np.asarray(codes, np.float32)[None], Kind.Q4_0)[0, :2].view(np.float16)[0])


narrow = [7, 6, 4, -7] + [0] * 28
wide = [-8, 7, 6, -7] + [0] * 28
ternary = [1, -1] + [0] * 254
order = quants.quantize(np.float32([[-8, 1] + [0] * 14 + [2, 3] + [0] * 14]), Kind.Q4_0)[0, 2:4]
seen = {
    "scale of -7..7": scale(narrow),
    "7, 6, 4, -7": there_and_back(narrow, Kind.Q4_0)[:4].tolist(),
    "-8, 7, 6, -7": there_and_back(wide, Kind.Q4_0)[:4].tolist(),
    "1, -1 as Q4_0": there_and_back(ternary, Kind.Q4_0)[:2].tolist(),
    "1, -1 as TQ2_0": there_and_back(ternary, Kind.TQ2_0)[:2].tolist(),
    "1 as Q8_0": round(float(there_and_back(ternary, Kind.Q8_0)[0]), 4),
    "halves of two bytes": [(int(byte) & 15, int(byte) >> 4) for byte in order],
}
for name, value in seen.items():
    print(f"{name}: {value}")
assert seen == {
    "scale of -7..7": -0.875,
    "7, 6, 4, -7": [7.0, 6.125, 4.375, -6.125],
    "-8, 7, 6, -7": [-8.0, 7.0, 6.0, -7.0],
    "1, -1 as Q4_0": [1.0, -0.875],
    "1, -1 as TQ2_0": [1.0, -1.0],
    "1 as Q8_0": 0.9999,
    "halves of two bytes": [(0, 10), (9, 11)],
}, "the behaviour has changed"
PY

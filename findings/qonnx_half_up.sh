#!/usr/bin/env bash
# qonnx: the rounding mode HALF_UP takes -0.5 to -1, and HALF_DOWN to 0: halves go away from zero and towards it, not up and down.
#
# qonnx 1.0.0, its Quant operator at scale 1. Half up, as hardware means it (add one half and cut), is floor(x + 0.5): -0.5 becomes 0 and -1.5 becomes -1.
# A requantizer built so differs from the file's own executor at every negative tie; ROUND (to even) is the one mode whose name says what it does in both.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet qonnx==1.0.0
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import numpy as np
from qonnx.custom_op.general.quant import quant

ties = np.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5], np.float32)
seen = {mode: [int(v) for v in quant(ties, np.float32(1), np.float32(0), np.float32(4), True, False, mode)] for mode in ("HALF_UP", "HALF_DOWN", "ROUND")}
print("ties:", ties.tolist())
for mode, codes in seen.items():
    print(mode, codes)
print("floor(x + 0.5):", np.floor(ties + 0.5).astype(int).tolist())
assert seen == {"HALF_UP": [-3, -2, -1, 1, 2, 3], "HALF_DOWN": [-2, -1, 0, 0, 1, 2], "ROUND": [-2, -2, 0, 0, 2, 2]}, "the behaviour has changed"
PY

#!/usr/bin/env bash
# qonnx counts the values of a fixed-point type by its integer part: FIXED<8,3> has 256 values, and get_num_possible_values says 8.
#
# qonnx 1.0.0. For INT4 and TERNARY the method is right (16, 3). Who sizes a table of thresholds by it, one less than the values, gets 7 of
# the 255 that an 8-bit fixed-point output needs. Two to the power of `bitwidth()` is right for fixed-point types.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet qonnx==1.0.0
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
from qonnx.core.datatype import DataType

seen = {name: (DataType[name].bitwidth(), DataType[name].get_num_possible_values()) for name in ("INT4", "TERNARY", "FIXED<8,3>", "FIXED<8,1>")}
allowed = sum(DataType["FIXED<8,3>"].allowed(k / 32) for k in range(-1000, 1000))
print(seen, "values of FIXED<8,3> that `allowed` takes:", allowed)
assert seen == {"INT4": (4, 16), "TERNARY": (2, 3), "FIXED<8,3>": (8, 8), "FIXED<8,1>": (8, 2)}, "the behaviour has changed"
assert allowed == 256, "the behaviour has changed"
PY

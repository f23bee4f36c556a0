#!/usr/bin/env bash
# onnx.helper.make_tensor refuses a code that does not fit INT8, and wraps one that does not fit INT4, UINT4, INT2 or UINT2.
#
# onnx 1.23.2. 200 for INT8 raises OverflowError. 9, -9 and 200 for INT4 are stored as -7, 7 and -8, 16 for UINT4 as 0, 2 for INT2 as -2:
# an exporter whose quantizer is one step too wide writes another network, and the checker passes it. Compare the codes with their range
# before the tensor is made.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnx==1.23.2 ml_dtypes==0.6.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
from onnx import TensorProto, checker, helper, numpy_helper


def stored(kind, codes):
    try:
        tensor = helper.make_tensor("codes", kind, [len(codes)], codes)
        checker.check_tensor(tensor)
        return [int(code) for code in numpy_helper.to_array(tensor)]
    except OverflowError:
        return "OverflowError"


seen = {
    "INT8": stored(TensorProto.INT8, [200]),
    "INT4": stored(TensorProto.INT4, [9, -9, 200]),
    "UINT4": stored(TensorProto.UINT4, [16, -1]),
    "INT2": stored(TensorProto.INT2, [2, -3]),
    "UINT2": stored(TensorProto.UINT2, [4, -1]),
}
print(seen)
assert seen == {
    "INT8": "OverflowError",
    "INT4": [-7, 7, -8],
    "UINT4": [0, 15],
    "INT2": [-2, 1],
    "UINT2": [0, 3],
}, "the behaviour has changed"
PY

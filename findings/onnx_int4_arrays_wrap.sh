#!/usr/bin/env bash
# An INT4 tensor of an ONNX file is, in numpy, an array whose sums and products wrap.
#
# onnx 1.23.2, ml_dtypes 0.6.0, numpy 2.4.6. `onnx.numpy_helper.to_array` gives INT4 weights back as `ml_dtypes.int4`. numpy adds small
# integers of its own in 64 bits (int8: 7 + 7 + 7 = 21); these it adds in their own four: 21 becomes 5, their mean 1, a dot product 3 in place
# of 147. `@` answers otherwise than `dot`: -109, that is 147 in eight bits. So a psum that is checked by `(weights * codes).sum()` on what
# the file holds is wrong without a word: widen first, `weights.astype(numpy.int64)`. Saved as .npy, the type is lost too: it is read as raw bytes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnx==1.23.2 ml_dtypes==0.6.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import numpy as np
from onnx import TensorProto, helper, numpy_helper

weights = numpy_helper.to_array(helper.make_tensor("weights", TensorProto.INT4, [3], [7, 7, 7]))
wide = weights.astype(np.int64)
np.save("weights.npy", weights)
seen = {
    "dtype": str(weights.dtype),
    "sum": int(weights.sum()),
    "mean": float(weights.mean()),
    "dot": int(np.dot(weights, weights)),
    "@": int(weights @ weights),
    "int8 sum": int(weights.astype(np.int8).sum()),
    "int64 dot": int(wide @ wide),
    "read back": str(np.load("weights.npy").dtype),
}
print(seen)
assert seen == {
    "dtype": "int4",
    "sum": 5,
    "mean": 1.0,
    "dot": 3,
    "@": -109,
    "int8 sum": 21,
    "int64 dot": 147,
    "read back": "|V1",
}, "the behaviour has changed"
PY

#!/usr/bin/env bash
# onnx's own evaluator raises on a MaxPool of int8 codes, which the operator allows since opset 12; ONNX Runtime computes it.
#
# onnx 1.23.2: ReferenceEvaluator fills windows with NaN, also where nothing is padded, so int8 has no form of it ("cannot convert float NaN
# to integer"); the checker accepts the model, and the same plane as float32 gives -2. onnxruntime 1.32.0 gives -2 for int8. A graph of
# codes that pools cannot be judged by the standard's reference.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator


def model(kind):
    pool = helper.make_node("MaxPool", ["codes"], ["most"], kernel_shape=[2, 2], strides=[1, 1])
    sides = [
        helper.make_tensor_value_info(name, kind, sizes)
        for name, sizes in (("codes", [1, 1, 2, 2]), ("most", [1, 1, 1, 1]))
    ]
    graph = helper.make_graph([pool], "pool", sides[:1], sides[1:])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(made, full_check=True)
    return made


codes = np.array([[[[-3, -2], [-5, -4]]]], np.int8)
int8 = model(TensorProto.INT8)
session = onnxruntime.InferenceSession(int8.SerializeToString(), providers=["CPUExecutionProvider"])
seen = {"onnxruntime int8": int(session.run(None, {"codes": codes})[0].item())}
floats = ReferenceEvaluator(model(TensorProto.FLOAT)).run(None, {"codes": codes.astype(np.float32)})
seen["onnx float32"] = float(floats[0].item())
try:
    seen["onnx int8"] = int(ReferenceEvaluator(int8).run(None, {"codes": codes})[0].item())
except ValueError as error:
    seen["onnx int8"] = f"ValueError: {error}"
print(seen)
expected = {
    "onnxruntime int8": -2,
    "onnx float32": -2.0,
    "onnx int8": "ValueError: cannot convert float NaN to integer",
}
assert seen == expected, expected
PY
echo "as stated"

#!/usr/bin/env bash
# A network whose activations have a scale for every channel runs in ONNX Runtime without optimization alone.
#
# onnxruntime 1.32.0, onnx 1.23.2. QuantizeLinear with scales per channel (axis 1) and the DequantizeLinear behind it are valid, and NNCF writes them in front of depthwise convolutions.
# Between codes of one type ONNX Runtime fuses such a convolution into a QLinearConv, whose own rule is one scale for the activations: the session is made without a word, and
# the first run raises "input zero point must be a scalar or 1D tensor of size 1". With ORT_DISABLE_ALL the same file runs and is right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnxruntime==1.32.0 onnx==1.23.2
cd "$folder"
"$folder/venv/bin/python" - 2>/dev/null <<'PY'
import numpy as np
import onnxruntime
from onnx import TensorProto, checker, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

tensors = {
    "scales": np.array([0.5, 0.25], np.float32),
    "zeros": np.zeros(2, np.uint8),
    "w": np.array([[[[3]]], [[[2]]]], np.int8),
    "ws": np.float32(1),
    "wz": np.int8(0),
    "ys": np.float32(1),
    "yz": np.uint8(0),
}
nodes = [
    helper.make_node("QuantizeLinear", ["x", "scales", "zeros"], ["xq"], axis=1),
    helper.make_node("DequantizeLinear", ["xq", "scales", "zeros"], ["xd"], axis=1),
    helper.make_node("DequantizeLinear", ["w", "ws", "wz"], ["wd"]),
    helper.make_node("Conv", ["xd", "wd"], ["sums"], group=2),
    helper.make_node("QuantizeLinear", ["sums", "ys", "yz"], ["yq"]),
    helper.make_node("DequantizeLinear", ["yq", "ys", "yz"], ["y"]),
]
ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 2, 1, 2]) for name in "xy"]
held = [numpy_helper.from_array(np.asarray(value), name) for name, value in tensors.items()]
graph = helper.make_graph(nodes, "net", ends[:1], ends[1:], held)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9)
checker.check_model(model)
x = np.array([[[[1, 2]], [[3, 4]]]], np.float32)
print("reference", ReferenceEvaluator(model).run(None, {"x": x})[0].ravel().tolist())
seen = {}
for level in ("ORT_DISABLE_ALL", "ORT_ENABLE_ALL"):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, level)
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    try:
        seen[level] = session.run(None, {"x": x})[0].ravel().tolist()
    except Exception as error:
        seen[level] = str(error)
    print(level, seen[level])
assert seen["ORT_DISABLE_ALL"] == [3, 6, 6, 8]
assert "must be a scalar or 1D tensor of size 1" in seen["ORT_ENABLE_ALL"], "the behaviour has changed"
PY

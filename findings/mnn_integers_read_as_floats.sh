#!/usr/bin/env bash
# MNN reads the bits of int32 numbers as floats in ArgMax, ArgMin and MatMul of an ONNX file: of the logits -5, -3, -7, -1 class 0 wins, and products are 0 or -8388609.
#
# MNN 3.6.1 (converter and runtime of the Python package, CPU), onnx 1.23.2. Negative int32 numbers are NaNs as floats and small positive ones denormal, so that ArgMax is right for logits
# that are all positive and takes the first of the others; ArgMin takes other places than the least one, and a MatMul of int32 matrices gives 0 or -8388609. Nothing is said: the converter ends with "Converted Success!".
# A Cast to float in front of ArgMax, or TopK in its place, is right; so are Add, ReduceSum and ReduceMax of int32, and a Relu but for 2147483647, which becomes 0. An integer
# network whose last layer hands on psums has its accuracy decided by this ArgMax. Let ONNX Runtime give the classes, or cast the logits to float32 first, which is exact up to 2^24.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet MNN==3.6.1 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
cat > both.py <<'PY'
import json
import sys

import _tools
import MNN.expr as expr
import MNN.nn as nn
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

LOGITS = np.array([[-5, -3, -7, -1], [3, -2, 1, 0], [-100, -50, -60, -70], [7, 20, 3, 9]], np.int32)
INT, LONG, REAL = TensorProto.INT32, TensorProto.INT64, TensorProto.FLOAT
NODES = {
    "ArgMax": ([("ArgMax", ["x"], {"axis": 1, "keepdims": 0})], LONG, [4], {}),
    "ArgMin": ([("ArgMin", ["x"], {"axis": 1, "keepdims": 0})], LONG, [4], {}),
    "Cast, ArgMax": ([("Cast", ["x"], {"to": REAL}), ("ArgMax", ["made"], {"axis": 1, "keepdims": 0})], LONG, [4], {}),
    "MatMul": ([("MatMul", ["x", "w"], {})], INT, [4, 1], {"w": np.array([[1], [2], [3], [4]], np.int32)}),
    "Add": ([("Add", ["x", "w"], {})], INT, [4, 4], {"w": np.array([1, 2, 3, 4], np.int32)}),
    "Relu": ([("Relu", ["x"], {})], INT, [1, 3], {}),
}

name = sys.argv[1]
values = np.array([[2**31 - 1, 16777217, -5]], np.int32) if name == "Relu" else LOGITS
steps, of, shape, constants = NODES[name]
nodes = [helper.make_node(kind, inputs, ["y" if step is steps[-1] else "made"], **rest) for step in steps for kind, inputs, rest in [step]]
ends = [helper.make_tensor_value_info("x", INT, values.shape), helper.make_tensor_value_info("y", of, shape)]
graph = helper.make_graph(nodes, "one", ends[:1], ends[1:], [numpy_helper.from_array(value, key) for key, value in constants.items()])
made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
onnx.checker.check_model(made, full_check=True)
onnx.save(made, "one.onnx")
_tools.mnnconvert(["mnnconvert", "-f", "ONNX", "--modelFile", "one.onnx", "--MNNModel", "one.mnn", "--bizCode", "x"])
output = nn.load_module_from_file("one.mnn", ["x"], ["y"]).forward([expr.const(values.copy(), list(values.shape), expr.NCHW, expr.int)])[0]
right = onnxruntime.InferenceSession("one.onnx", providers=["CPUExecutionProvider"]).run(None, {"x": values})[0]
print("found", json.dumps([right.ravel().tolist(), output.read().ravel().tolist()]))
PY
for name in ArgMax ArgMin "Cast, ArgMax" MatMul Add Relu; do
  "$folder/venv/bin/python" both.py "$name" > printed.txt 2> messages.txt || { cat printed.txt messages.txt; exit 1; }
  echo "$name: $(sed -n 's/^found //p' printed.txt)" | tee -a found.txt
done
"$folder/venv/bin/python" - <<'PY'
import json

found = {name: json.loads(text) for name, text in (line.split(": ", 1) for line in open("found.txt"))}
assert found["ArgMax"] == [[3, 0, 1, 1], [0, 0, 0, 1]], "the behaviour has changed"
assert found["ArgMin"][0] == [2, 1, 0, 2] != found["ArgMin"][1], "the behaviour has changed"
assert found["Cast, ArgMax"] == [[3, 0, 1, 1]] * 2, "a cast in front is right"
assert found["MatMul"][0] == [-36, 2, -660, 92] and set(found["MatMul"][1]) <= {0, -8388609}, "the behaviour has changed"
assert found["Add"][0] == found["Add"][1], "Add is right"
assert found["Relu"] == [[2**31 - 1, 16777217, 0], [0, 16777217, 0]], "the behaviour has changed"
PY

#!/usr/bin/env bash
# MNN computes a QuantizeLinear and DequantizeLinear pair of uint8 128 steps too low: 0 at a scale of 1 comes out as -128. Its halves, and those of Round, go away from zero.
#
# MNN 3.6.1 (converter and runtime of the Python package, CPU), onnx 1.23.2. With int8 codes the pair is the identity on whole numbers of its range, as ONNX says; with uint8 codes, whatever
# the zero-point is, each value comes out less 128 steps, so that behind a Relu, whose codes are uint8 in most quantized files, 0, 2, 100, 200 become -128, -126, -28, 72. ONNX rounds
# halves to even in QuantizeLinear and Round: -2.5, -1.5, -0.5, 0.5, 1.5, 2.5 are -2, -2, 0, 0, 2, 2 in ONNX Runtime and -3, -2, -1, 1, 2, 3 in MNN. The converter ends with "Converted Success!".
# Write activations as int8, with the zero-point less 128, which is the same network, and expect other codes at ties.
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

name, zero, *numbers = sys.argv[1:]
values = np.array(numbers, np.float32).reshape(1, 1, 1, -1)
constants = {"step": np.float32(1), "two": np.float32(2)}
if name == "Round":
    nodes = [helper.make_node("Round", ["x"], ["y"])]
else:
    constants["zero"] = np.array(zero, np.dtype(name))
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "step", "zero"], ["codes"]),
        helper.make_node("DequantizeLinear", ["codes", "step", "zero"], ["values"]),
        helper.make_node("Mul", ["values", "two"], ["y"]),
    ]
ends = [helper.make_tensor_value_info(end, TensorProto.FLOAT, values.shape) for end in "xy"]
graph = helper.make_graph(nodes, "one", ends[:1], ends[1:], [numpy_helper.from_array(np.asarray(value), key) for key, value in constants.items()])
made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
onnx.checker.check_model(made, full_check=True)
onnx.save(made, "one.onnx")
_tools.mnnconvert(["mnnconvert", "-f", "ONNX", "--modelFile", "one.onnx", "--MNNModel", "one.mnn", "--bizCode", "x"])
output = nn.load_module_from_file("one.mnn", ["x"], ["y"]).forward([expr.const(values.copy(), list(values.shape), expr.NCHW, expr.float)])[0]
found = expr.convert(output, expr.NCHW).read()
right = onnxruntime.InferenceSession("one.onnx", providers=["CPUExecutionProvider"]).run(None, {"x": values})[0]
by = 1 if name == "Round" else 2
print("found", json.dumps([(side / by + 0).ravel().tolist() for side in (right, found)]))
PY
for words in "int8 0 0 2 100 120" "int8 -128 0 2 100 200" "uint8 0 0 2 100 200" "uint8 3 0 2 100 200" "uint8 128 -100 0 2 100" "int8 0 -2.5 -1.5 -0.5 0.5 1.5 2.5" "Round 0 -2.5 -1.5 -0.5 0.5 1.5 2.5"; do
  # shellcheck disable=SC2086
  "$folder/venv/bin/python" both.py $words > printed.txt 2> messages.txt || { cat printed.txt messages.txt; exit 1; }
  echo "$words: $(sed -n 's/^found //p' printed.txt)" | tee -a found.txt
done
"$folder/venv/bin/python" - <<'PY'
import json

found = {name: json.loads(text) for name, text in (line.split(": ", 1) for line in open("found.txt"))}
for name, (right, by_mnn) in found.items():
    if "-2.5" in name:
        assert (right, by_mnn) == ([-2, -2, 0, 0, 2, 2], [-3, -2, -1, 1, 2, 3]), "the behaviour has changed"
    else:
        less = 128 if name.startswith("uint8") else 0
        assert by_mnn == [value - less for value in right], "the behaviour has changed"
PY

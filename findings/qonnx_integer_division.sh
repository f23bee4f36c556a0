#!/usr/bin/env bash
# qonnx makes 0 of every integer that is divided by a constant: its ConvertDivToMul multiplies by the reciprocal in the constant's own type, and 1/4 of int32 is 0.
#
# qonnx 1.0.0 (qonnx.transformation.general.ConvertDivToMul, the step "convert divide by constant nodes to multiply by constant nodes"), onnx 1.23.2, onnxruntime 1.32.0. Div of ONNX takes integers, and cuts the quotient towards zero; so a mean of codes, or a requantization by
# whole steps, is an integer Div. The step writes the reciprocal with the type of the divisor, for all types that Div takes: 0, but for a divisor of 1 or -1, which stay. The file stays valid and runs, all its outputs are 0, and nothing warns.
# Floats become products with a rounded reciprocal, as a user would expect of the step: of the multiples of 41 up to 40 * 41, 16 are a little less than a whole number afterwards, so that a Floor behind them counts one less.
# Keep a Div of integers out of that step, or compare the outputs before and after it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet qonnx==1.0.0 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PY'
import numpy as np
import onnxruntime
from onnx import checker, helper, numpy_helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.transformation.general import ConvertDivToMul
from qonnx.transformation.infer_shapes import InferShapes


def quotients(values, divisor):
    """The quotients of the file and of the converted file, both by ONNX Runtime."""
    kind = helper.np_dtype_to_tensor_dtype(values.dtype)
    ends = [helper.make_tensor_value_info(name, kind, list(values.shape)) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Div", ["x", "d"], ["y"])], "net", ends[:1], ends[1:], [numpy_helper.from_array(divisor, "d")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    checker.check_model(model, full_check=True)
    converted = ModelWrapper(model).transform(InferShapes()).transform(ConvertDivToMul()).model
    checker.check_model(converted, full_check=True)
    assert [node.op_type for node in converted.graph.node] == ["Mul"]
    results = []
    for one in (model, converted):
        session = onnxruntime.InferenceSession(one.SerializeToString(), providers=["CPUExecutionProvider"])
        results.append(session.run(None, {"x": values})[0].tolist())
    return results


sums = [-1000, -9, -4, 0, 3, 4, 10, 1000]
seen = {}
for kind in (np.int32, np.int64):
    for divisor in (4, 1, -1):
        seen[kind.__name__, divisor] = quotients(np.array(sums, kind), np.array(divisor, kind))
seen["uint8", 3] = quotients(np.array([0, 3, 100, 255], np.uint8), np.array(3, np.uint8))
for key, pair in seen.items():
    print(key, "divided:", pair[0], "converted:", pair[1])
stated, product = quotients(np.arange(1, 41, dtype=np.float32) * 41, np.array(41, np.float32))
less = [count for count, whole, other in zip(range(1, 41), stated, product) if np.floor(other) != whole]
print("float32, multiples of 41: the floor of the product is one less for", less)
for kind in ("int32", "int64"):
    assert seen[kind, 4] == [[-250, -2, -1, 0, 0, 1, 2, 250], [0] * 8], "the behaviour has changed"
    assert seen[kind, 1] == [sums, sums]
    assert seen[kind, -1] == [[-value for value in sums]] * 2
assert seen["uint8", 3] == [[0, 1, 33, 85], [0] * 4], "the behaviour has changed"
assert stated == list(range(1, 41)) and len(less) == 16, "the behaviour has changed"
PY

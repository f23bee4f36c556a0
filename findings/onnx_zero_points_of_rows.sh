#!/usr/bin/env bash
# MatMulInteger with a zero-point for each row of A: onnx's reference subtracts it from the columns, and ONNX Runtime does not run it.
#
# onnx 1.23.2, onnxruntime 1.32.0. The standard's operator says that for A of shape [M, K] the zero-points may be a vector of M, one for each row: each token or picture of a batch is then quantized by itself. The standard's own
# ReferenceEvaluator subtracts that vector as numpy broadcasts it, along K. If M and K differ it raises; if they are equal it answers, with another product than the one described: [[10, 10], [20, 20]] with zero-points 10 and 20, which are zeros
# all, times the identity is [[0, -10], [10, 0]]. ONNX Runtime makes the session and raises in the first run. The checker accepts the file. Zero-points of
# the columns of B (a vector of N) are right in both, and so is a single one for A. Subtract the rows' zero-points in the graph instead, in int32, as zero-point times the sums of the columns of B.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PY'
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

onnxruntime.set_default_logger_severity(4)


def answers(a, b, a_zero, b_zero):
    node = helper.make_node("MatMulInteger", ["a", "b", "a_zero", "b_zero"], ["y"])
    tensors = [numpy_helper.from_array(value, name) for value, name in ((b, "b"), (a_zero, "a_zero"), (b_zero, "b_zero"))]
    ends = [helper.make_tensor_value_info("a", TensorProto.UINT8, a.shape), helper.make_tensor_value_info("y", TensorProto.INT32, (len(a), b.shape[1]))]
    file = helper.make_model(helper.make_graph([node], "product", ends[:1], ends[1:], tensors), opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    onnx.checker.check_model(file, full_check=True)
    found = []
    for run in (
        lambda: ReferenceEvaluator(file).run(None, {"a": a})[0],
        lambda: onnxruntime.InferenceSession(file.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"a": a})[0],
    ):
        try:
            found.append(np.asarray(run()).tolist())
        except Exception as error:
            found.append(type(error).__name__)
    rows = a_zero[:, None].astype(int) if a_zero.ndim else int(a_zero)
    return [*found, ((a.astype(int) - rows) @ (b.astype(int) - b_zero)).tolist()]


square = np.array([[10, 10], [20, 20]], np.uint8)
oblong = np.array([[10, 11, 12], [20, 21, 22]], np.uint8)
rows = np.array([10, 20], np.uint8)
none = np.array(0, np.int8)
identity = np.eye(2, dtype=np.int8)
ones = np.ones((3, 2), np.int8)
seen = {
    "square, rows of A": answers(square, identity, rows, none),
    "oblong, rows of A": answers(oblong, ones, rows, none),
    "oblong, one for A": answers(oblong, ones, np.array(10, np.uint8), none),
    "oblong, columns of B": answers(oblong, ones, np.array(10, np.uint8), np.array([1, -1], np.int8)),
}
documented = onnx.defs.get_schema("MatMulInteger", 21).inputs[2].description
print("the operator allows an M element vector:", "M element vector" in documented)
for name, found in seen.items():
    print(f"{name}: reference {found[0]}, onnxruntime {found[1]}, as described {found[2]}")
assert "M element vector" in documented, "the behaviour has changed"
assert seen == {
    "square, rows of A": [[[0, -10], [10, 0]], "Fail", [[0, 0], [0, 0]]],
    "oblong, rows of A": ["ValueError", "Fail", [[3, 3], [3, 3]]],
    "oblong, one for A": [[[3, 3], [33, 33]]] * 3,
    "oblong, columns of B": [[[0, 6], [0, 66]]] * 3,
}, "the behaviour has changed"
PY

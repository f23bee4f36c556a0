#!/usr/bin/env bash
# onnxruntime adds integers in float64: a ReduceSum of int64 loses ones beyond 2^53, and one of int32 that overflows stops at 2147483647 where Add and CumSum wrap.
#
# onnxruntime 1.32.0, onnx 1.23.2, CPU. ReduceSum, ReduceMean, ReduceL1, ReduceSumSquare, ReduceProd and an Einsum "ij->i" of integer tensors behave as if computed in float64 and cast back with saturation, whatever the axis is:
# 2^53 + 1 is 2^53, 2^62 + 1 plus 0 is 2^62, 94906267 squared plus 0 is 1 too small, and 2147483647 + 1 + -1 of int32, which wraps back to
# 2147483647 in a 32-bit accumulator, stays there, while 2147483647 + 1 does not become -2147483648. MatMul by a column of ones, CumSum and a chain of Adds are exact and wrap, as numpy and ONNX's reference do (that one for ReduceSum, too).
# So one and the same sum of psums is two numbers in one file, a core whose accumulator wraps cannot be compared by a ReduceSum, and a checksum over int64 is not
# one. Add along an axis by MatMul with ones, or keep sums within 2^53 and, for int32, within 32 bits.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator


def run(kind, values, constants=(), **attributes):
    """What the runtime and ONNX's reference give for one node."""
    names = ["x", *(f"c{index}" for index in range(len(constants)))]
    of = helper.np_dtype_to_tensor_dtype(values.dtype)
    ends = [helper.make_tensor_value_info("x", of, values.shape), helper.make_tensor_value_info("y", of, [None] * (1 if kind == "Einsum" else 2))]
    tensors = [numpy_helper.from_array(value, name) for name, value in zip(names[1:], constants)]
    graph = helper.make_graph([helper.make_node(kind, names, ["y"], **attributes)], "one", ends[:1], ends[1:], tensors)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    onnx.checker.check_model(made, full_check=True)
    session = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    with np.errstate(over="ignore"):
        reference = ReferenceEvaluator(made).run(None, {"x": values})[0]
    return session.run(None, {"x": values})[0].ravel().tolist(), np.asarray(reference).ravel().tolist()


def both(name, kind, values, constants=(), **attributes):
    found = run(kind, values, constants, **attributes)
    print(f"{name}: onnxruntime {found[0]}, reference {found[1]}")
    return found


LAST, FIRST = [np.array([1])], [np.array([0])]
large = np.array([[2**53, 1], [2**62 + 1, 0]])
ones = np.ones((2, 1), np.int64)
full = np.array([[2**31 - 1, 1]], np.int32)
assert both("int64, ReduceSum of rows", "ReduceSum", large, LAST) == ([2**53, 2**62], [2**53 + 1, 2**62 + 1]), "the behaviour has changed"
assert both("int64, ReduceSum of columns", "ReduceSum", large.T.copy(), FIRST) == ([2**53, 2**62], [2**53 + 1, 2**62 + 1]), "the behaviour has changed"
assert both("int64, Einsum ij->i", "Einsum", large, equation="ij->i") == ([2**53, 2**62], [2**53 + 1, 2**62 + 1]), "the behaviour has changed"
assert both("int64, MatMul by ones", "MatMul", large, [ones]) == ([2**53 + 1, 2**62 + 1],) * 2, "MatMul is exact"
square = np.array([[94906267, 0]])
assert both("int64, ReduceSumSquare", "ReduceSumSquare", square, LAST) == ([94906267**2 - 1], [94906267**2]), "the behaviour has changed"
assert both("int32, ReduceSum", "ReduceSum", full, LAST) == ([2**31 - 1], [-(2**31)]), "the behaviour has changed"
assert both("int32, ReduceMean", "ReduceMean", full, LAST)[0] == [2**30], "the behaviour has changed"
assert both("int32, MatMul by ones", "MatMul", full, [ones.astype(np.int32)]) == ([-(2**31)],) * 2, "MatMul wraps"
assert both("int32, CumSum", "CumSum", full, [np.array(1)]) == ([2**31 - 1, -(2**31)],) * 2, "CumSum wraps"
PY

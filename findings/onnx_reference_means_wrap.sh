#!/usr/bin/env bash
# onnx's reference computes means and norms of int32 by way of int32: the mean of 2147483647 and 2147483647 is -1, the L2 norm of a single 65536 is 0.
#
# onnx 1.23.2, ReferenceEvaluator; beside it onnxruntime 1.32.0. The standard allows int32, uint32 and int64 in ReduceMean and ReduceL2, and their results fit those types: a mean lies between the smallest and the largest, a norm of a few psums is below 2^31. The reference wraps the sum before it divides, and the squares before it takes the root, so a norm is wrong as soon as one psum is
# beyond 46340. ONNX Runtime divides by way of double and is right there. (ReduceSumSquare of int32 gives int64 in the reference, which the standard does not allow.) 8-bit codes, and means of few small psums, show nothing.
# Cast to float64 before a mean or a norm, and do not judge a runtime by the reference there.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PY'
import math

import numpy as np
import onnxruntime
from onnx import TensorProto, checker, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

KINDS = {"int32": TensorProto.INT32, "uint32": TensorProto.UINT32, "int64": TensorProto.INT64}


def both(operator, numbers):
    """What the reference and ONNX Runtime make of a row of integers; the latter has no uint32."""
    kind = KINDS[str(numbers.dtype)]
    ends = [helper.make_tensor_value_info(name, kind, [size]) for name, size in (("x", numbers.size), ("y", 1))]
    node = helper.make_node(operator, ["x", "axes"], ["y"])
    made = helper.make_model(helper.make_graph([node], "one", ends[:1], ends[1:], [numpy_helper.from_array(np.array([0]), "axes")]), opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    checker.check_model(made, full_check=True)
    found = ReferenceEvaluator(made).run(None, {"x": numbers})[0]
    if numbers.dtype == np.uint32:
        return found, None
    return found, onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"x": numbers})[0]


def mean(numbers):
    return int(sum(numbers) / len(numbers))


def norm(numbers):
    return math.isqrt(sum(number * number for number in numbers))


CASES = (
    ("ReduceMean", np.int32, [1000, 3000], mean, 2000),
    ("ReduceMean", np.int32, [2**30] * 4, mean, 0),
    ("ReduceMean", np.int32, [2**31 - 1] * 2, mean, -1),
    ("ReduceMean", np.uint32, [2**31] * 2, mean, 0),
    ("ReduceMean", np.int64, [2**62] * 4, mean, 0),
    ("ReduceL2", np.int32, [30000, 30000], norm, 42426),
    ("ReduceL2", np.int32, [65536], norm, 0),
    ("ReduceL2", np.int32, [-65536, 3, 4], norm, 5),
    ("ReduceL2", np.int32, [100000, 7], norm, 37550),
)
for operator, kind, numbers, exact, expected in CASES:
    found, other = both(operator, np.array(numbers, kind))
    print(f"{operator} of {np.dtype(kind)} {numbers}: reference {found.item()}, ONNX Runtime {None if other is None else other.item()}, exact {exact(numbers)}")
    assert found.item() == expected, "the behaviour has changed"
    assert other is None or other.item() == exact(numbers), "ONNX Runtime is right"
found, other = both("ReduceSumSquare", np.array([30000], np.int32))
assert (found.dtype, other.dtype, found.item(), other.item()) == (np.int64, np.int32, 9 * 10**8, 9 * 10**8), "the behaviour has changed"
PY

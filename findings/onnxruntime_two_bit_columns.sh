#!/usr/bin/env bash
# onnxruntime computes a MatMul with 2-bit weights wrongly if it has a number of columns that 4 does not divide: of a classifier of ten classes nearly every logit is another number.
#
# onnxruntime 1.32.0, CPU; onnx 1.23.2. Weights of int2 or uint2 behind a DequantizeLinear (opset 25), one scale for the tensor or one for each column, are fused with the MatMul or Gemm behind it by default, and the weights are packed anew for that; four share a byte. There every row
# is read as if it began with a new byte, which is so with 8 columns and not with 10, 5 or 2: a unit matrix as the input shows the weights that come out. The same file with 4-bit weights is exact, as are 2-bit weights in onnx's reference, with "session.disable_quant_qdq" = "1", without the extended optimizations, in blocks along the rows, or stored transposed behind a Gemm with transB.
# The option that keeps floats from being rounded in that fusion (session.qdq_matmulnbits_accuracy_level = "1") is set here and does not help. Ternary networks store their weights in these types, and CIFAR-10 has ten classes. Add columns of zeros up to a multiple of four, or switch the fusion off.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6 ml_dtypes==0.6.0
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PY'
import numpy as np
import onnxruntime
from onnx import TensorProto, checker, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

RNG = np.random.default_rng(0)
RANGES = {"INT2": (-1, 1), "UINT2": (0, 3), "INT4": (-8, 7)}


def file_of(weights, kind, operator, scales, *, transposed=False):
    """A product of floats with whole weights of a kind, at scales of 1."""
    rows, columns = weights.shape
    stored = weights.T if transposed else weights
    constants = [
        helper.make_tensor("w", getattr(TensorProto, kind), stored.shape, stored.ravel().tolist()),
        numpy_helper.from_array(np.ones(() if scales == "tensor" else columns, np.float32), "one"),
    ]
    nodes = [
        helper.make_node("DequantizeLinear", ["w", "one"], ["f"], axis=int(not transposed)),
        helper.make_node(operator, ["x", "f"], ["y"], **({"transB": 1} if transposed else {})),
    ]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", size]) for name, size in (("x", rows), ("y", columns))]
    made = helper.make_model(helper.make_graph(nodes, "one", ends[:1], ends[1:], constants), opset_imports=[helper.make_opsetid("", 25)], ir_version=12)
    checker.check_model(made, full_check=True)
    return made


def run(made, inputs, **settings):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = settings.pop("level", onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL)
    options.add_session_config_entry("session.qdq_matmulnbits_accuracy_level", "1")
    for name, value in settings.items():
        options.add_session_config_entry("session." + name, value)
    return onnxruntime.InferenceSession(made.SerializeToString(), options, providers=["CPUExecutionProvider"]).run(None, {"x": inputs})[0]


for kind, (low, high) in RANGES.items():
    for columns in (2, 4, 5, 8, 10):
        weights = RNG.integers(low, high + 1, (16, columns))
        inputs = RNG.integers(-2, 3, (3, 16)).astype(np.float32)
        exact = inputs @ weights
        for operator, scales in (("MatMul", "tensor"), ("MatMul", "column"), ("Gemm", "column")):
            made = file_of(weights, kind, operator, scales)
            wrong = int((run(made, inputs) != exact).sum())
            print(f"{kind}, {columns} columns, {operator}, a scale for each {scales}: {wrong} of {exact.size} wrong")
            assert (wrong > 0) == (kind != "INT4" and columns % 4 > 0), "the behaviour has changed"
            assert (ReferenceEvaluator(made).run(None, {"x": inputs})[0] == exact).all(), "the reference is right"
            assert (run(made, inputs, disable_quant_qdq="1") == exact).all(), "without the fusion it is right"
            assert (run(made, inputs, level=onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC) == exact).all(), "without the fusion it is right"
        made = file_of(weights, kind, "Gemm", "column", transposed=True)
        assert (run(made, inputs) == exact).all(), "stored transposed it is right"

weights = np.array([[1, 0, 0, -1, 0], [0, -1, -1, 1, -1]])
found = run(file_of(weights, "INT2", "MatMul", "tensor"), np.eye(2, dtype=np.float32))
print("weights", weights.tolist(), "come out as", found[0].astype(int).tolist(), "and", found[1, :4].astype(int).tolist())
assert (found[0] == weights[0]).all() and found[1, :4].tolist() == [1, -1, 0, 0], "the behaviour has changed"
PY

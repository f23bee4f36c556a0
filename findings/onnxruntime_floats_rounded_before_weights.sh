#!/usr/bin/env bash
# onnxruntime rounds the activations of a MatMul or Gemm to 8 bits by default if its weights come from a DequantizeLinear and they do not, though the file has them in float32.
#
# onnxruntime 1.32.0, CPU; onnx 1.23.2. A DequantizeLinear of 2, 4 or 8 bits in front of the second operand is fused with the product, with a scale for each block or each column. The fused operator then makes 8-bit codes of the first operand, block by block, at
# largest / 127. So integers up to 255, held in floats, times whole weights are no whole numbers any more (up to 127 they are, in blocks that hold a 127), and a Relu or Flatten between the DequantizeLinear of the activations and the product is enough for it: the last layer of a QDQ file, whose sums are
# exact in integers, comes out wrong by dozens of steps. Without the optimizer, in onnx's reference, and if both operands come from a DequantizeLinear directly, all are exact. Ask for float32: the session option session.qdq_matmulnbits_accuracy_level = "1" (the default is 4).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6 ml_dtypes==0.6.0
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PY'
import ml_dtypes
import numpy as np
import onnxruntime
from onnx import TensorProto, checker, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

TYPES = {"int2": ml_dtypes.int2, "int4": ml_dtypes.int4, "int8": np.int8}
RNG = np.random.default_rng(0)
CODES = RNG.integers(0, 256, (2, 64)).astype(np.float32)
SETTING = "session.qdq_matmulnbits_accuracy_level"


def file_of(kind, scales, operators):
    """Activations of uint8 at a scale of 1, the operators behind them, and a product with whole weights."""
    highest = {"int2": 1, "int4": 7, "int8": 7}[kind]
    weights = RNG.integers(-highest, highest + 1, (64, 4)).astype(TYPES[kind])
    shape, placed = {"block": ((2, 4), {"axis": 0, "block_size": 32}), "column": ((4,), {"axis": 1})}[scales]
    constants = {"w": weights, "s": np.ones(shape, np.float32), "one": np.float32(1), "zero": np.uint8(0)}
    nodes = [helper.make_node("QuantizeLinear", ["x", "one", "zero"], ["q"]), helper.make_node("DequantizeLinear", ["q", "one", "zero"], ["t0"])]
    nodes += [helper.make_node(name, [f"t{place}"], [f"t{place + 1}"]) for place, name in enumerate(operators)]
    nodes += [helper.make_node("DequantizeLinear", ["w", "s"], ["m"], **placed), helper.make_node("MatMul", [f"t{len(operators)}", "m"], ["y"])]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, size) for name, size in (("x", [2, 64]), ("y", [2, 4]))]
    graph = helper.make_graph(nodes, "net", ends[:1], ends[1:], [numpy_helper.from_array(value, name) for name, value in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 25)], ir_version=13)
    checker.check_model(model, full_check=True)
    return model, CODES.astype(np.int64) @ weights.astype(np.int64)


def answer(model, level=None, optimize=True):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    if level:
        options.add_session_config_entry(SETTING, level)
    if not optimize:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"]).run(None, {"x": CODES})[0]


wrong = {}
for kind, scales, operators in (("int4", "block", ["Relu"]), ("int4", "column", ["Relu"]), ("int2", "block", ["Relu"]), ("int8", "block", ["Relu"]), ("int8", "column", ["Flatten"]), ("int8", "column", [])):
    model, sums = file_of(kind, scales, operators)
    answers = {"default": answer(model), "level 1": answer(model, "1"), "not optimized": answer(model, optimize=False), "reference": ReferenceEvaluator(model).run(None, {"x": CODES})[0]}
    name = f"{kind}, a scale for each {scales}, behind {operators or 'nothing'}"
    wrong[name] = {engine: int((found != sums).sum()) for engine, found in answers.items()}
    print(f"{name}: wrong of 8: {wrong[name]}; the first sum is {sums[0, 0]}, by default {answers['default'][0, 0]:g}")
for name, counts in wrong.items():
    at_default = 0 if name.endswith("nothing") else 8
    assert counts == {"default": at_default, "level 1": 0, "not optimized": 0, "reference": 0}, ("the behaviour has changed", name)
PY

#!/usr/bin/env bash
# qonnx-convert turns a Clip of int8 codes to 0..15 into a signed 4-bit quantizer: 15 becomes 7; and a uint8 weight of 100 with zero-point 128 becomes 127.
#
# qonnx 1.0.0 (QCDQToQuant, which the command `qonnx-convert --output-style quant` runs), onnx 1.23.2, onnxruntime 1.32.0. Of the bounds between QuantizeLinear and DequantizeLinear it keeps how many codes they hold, and the sign of the carrier: 16 codes of
# int8 are -8..7 wherever they lie. Behind a Relu, 0..15 in int8 loses its upper half; -3..4 gets the range -4..3, and 0..10 of uint8 the range 0..15. Its documentation says that a Clip "will be taken into account for the Quant bitwidth calculation".
# Weights that are stored as codes are dequantized in numpy in the type of the codes, which wraps: 100 - 128 is 228 in uint8, 127 - -3 is -126 in int8, and the sign of the weight is another one; ONNX defines the difference as that of numbers.
# Nor does a scale for each row reach its row: of a square matrix the scales of axis 0 are multiplied along the last axis. Nothing warns. Ranges that a Quant can state (-8..7, -7..7 of int8, 0..15 of uint8) with zero-point 0 are right.
# Compare the converted file with the original by running both, with inputs that reach both ends of each range.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet qonnx==1.0.0 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PY'
import numpy as np
import onnxruntime
from onnx import TensorProto, checker, helper, numpy_helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.transformation.infer_shapes import InferShapes
from qonnx.transformation.qcdq_to_qonnx import QCDQToQuant


def outputs(nodes, constants, x):
    """What the file gives in ONNX Runtime, and what it gives after qonnx has converted it."""
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, list(x.shape)) for name in ("x", "y")]
    initializers = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    model = helper.make_model(helper.make_graph(nodes, "net", ends[:1], ends[1:], initializers), opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    converted = ModelWrapper(model).transform(InferShapes()).transform(QCDQToQuant())
    assert "DequantizeLinear" not in [node.op_type for node in converted.graph.node]
    return session.run(None, {"x": x})[0], execute_onnx(converted, {"x": x})["y"]


def activations(kind, low, high):
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["codes"]),
        helper.make_node("Clip", ["codes", "low", "high"], ["clipped"]),
        helper.make_node("DequantizeLinear", ["clipped", "scale", "zero"], ["y"]),
    ]
    constants = {"scale": np.float32(1), "zero": kind(0), "low": kind(low), "high": kind(high)}
    stated, converted = outputs(nodes, constants, np.arange(-20, 21, dtype=np.float32)[None])
    return [(int(each.min()), int(each.max())) for each in (stated, converted)]


def weights(codes, zero, scale, **axis):
    nodes = [helper.make_node("DequantizeLinear", ["codes", "scale", "zero"], ["w"], **axis), helper.make_node("MatMul", ["x", "w"], ["y"])]
    stated, converted = outputs(nodes, {"codes": codes, "scale": np.float32(scale), "zero": zero}, np.eye(len(codes), dtype=np.float32))
    return stated.astype(int).tolist(), converted.astype(int).tolist()


ranges = {(kind.__name__, low, high): activations(kind, low, high) for kind, low, high in (
    (np.int8, 0, 15), (np.int8, -3, 4), (np.uint8, 0, 10), (np.int8, -8, 7), (np.int8, -7, 7), (np.uint8, 0, 15)
)}
for key, pair in ranges.items():
    print("Clip", *key, "gives", pair[0], "and converted", pair[1])
matrices = {
    "uint8, zero-point 128": weights(np.uint8([[100, 128], [130, 250]]), np.uint8(128), 1),
    "int8, zero-point -3": weights(np.int8([[100, -128], [127, -5]]), np.int8(-3), 1),
    "int8, zero-point 0": weights(np.int8([[100, -128], [127, -5]]), np.int8(0), 1),
    "scales of axis 0": weights(np.int8([[1, 2], [3, 4]]), np.int8([0, 0]), [1, 10], axis=0),
    "scales of axis 1": weights(np.int8([[1, 2], [3, 4]]), np.int8([0, 0]), [1, 10], axis=1),
}
for key, pair in matrices.items():
    print(f"weights of {key}: {pair[0]} and converted {pair[1]}")
assert ranges == {
    ("int8", 0, 15): [(0, 15), (-8, 7)],
    ("int8", -3, 4): [(-3, 4), (-4, 3)],
    ("uint8", 0, 10): [(0, 10), (0, 15)],
    ("int8", -8, 7): [(-8, 7), (-8, 7)],
    ("int8", -7, 7): [(-7, 7), (-7, 7)],
    ("uint8", 0, 15): [(0, 15), (0, 15)],
}, "the behaviour has changed"
assert matrices == {
    "uint8, zero-point 128": ([[-28, 0], [2, 122]], [[127, 0], [2, 122]]),
    "int8, zero-point -3": ([[103, -125], [130, -2]], [[103, -125], [-125, -2]]),
    "int8, zero-point 0": ([[100, -128], [127, -5]], [[100, -128], [127, -5]]),
    "scales of axis 0": ([[1, 2], [30, 40]], [[1, 20], [0, 40]]),
    "scales of axis 1": ([[1, 20], [3, 40]], [[1, 20], [3, 40]]),
}, "the behaviour has changed"
PY

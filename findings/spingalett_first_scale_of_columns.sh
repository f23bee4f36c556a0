#!/usr/bin/env bash
# spingalett runs a QLinearMatMul with a scale for each column of the weights by the first scale alone: other columns come out too small or too large, without a message.
#
# spingalett 1.5.0, `Graph.load` and `run` of an ONNX file, onnx 1.23.2. The operator takes scales and zero-points of B as a number or one for each column, and ONNX Runtime and ONNX's reference do: sums of 100 with scales 1, 2, 4, 0.5
# over a step of 10 are 10, 20, 40, 5. spingalett gives 10, 10, 10, 10; the zero-points of the columns it takes rightly. With one scale, and in DequantizeLinear with an axis, it is right, so a file per tensor passes a
# comparison and one per channel, the common one for weights, does not. Besides, QuantizeLinear to uint16 keeps negative numbers (-3 stays -3, not 0), and a Cast to int16
# does not wrap (40000 stays 40000): the two types are int32 there. Fold the scales into a DequantizeLinear behind a MatMulInteger, or keep one scale a tensor.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet spingalett==1.5.0 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import numpy as np
import onnx
import onnxruntime
import spingalett
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

F = np.float32


def all_three(kind, values, constants, of, shape, **attributes):
    """One node by ONNX Runtime, by ONNX's reference and by spingalett."""
    start = helper.make_tensor_value_info("x", helper.np_dtype_to_tensor_dtype(values.dtype), values.shape)
    end = helper.make_tensor_value_info("y", helper.np_dtype_to_tensor_dtype(np.dtype(of)), shape)
    tensors = [numpy_helper.from_array(np.asarray(value), f"c{index}") for index, value in enumerate(constants)]
    node = helper.make_node(kind, ["x", *(tensor.name for tensor in tensors)], ["y"], **attributes)
    made = helper.make_model(helper.make_graph([node], "one", [start], [end], tensors), opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    onnx.checker.check_model(made, full_check=True)
    onnx.save(made, "one.onnx")
    session = onnxruntime.InferenceSession("one.onnx", providers=["CPUExecutionProvider"])
    found = session.run(None, {"x": values})[0], ReferenceEvaluator(made).run(None, {"x": values})[0], spingalett.Graph.load("one.onnx").run({"x": values})["y"]
    return [np.asarray(each).ravel().tolist() for each in found]


codes, weights = np.array([[10, 40]], np.uint8), np.full((2, 4), 2, np.int8)
columns, one = np.array([1, 2, 4, 0.5], F), F(2)


def product(scales, zeros):
    return all_three("QLinearMatMul", codes, [F(1), np.uint8(0), weights, scales, zeros, F(10), np.uint8(0)], np.uint8, [1, 4])


seen = {
    "a scale a column": product(columns, np.zeros(4, np.int8)),
    "a zero-point a column": product(np.full(4, 2, F), np.array([0, 1, 2, -1], np.int8)),
    "one scale": product(one, np.int8(0)),
    "DequantizeLinear by columns": all_three("DequantizeLinear", codes.repeat(2, axis=1), [columns, np.zeros(4, np.uint8)], F, [1, 4], axis=1),
    "QuantizeLinear to uint16": all_three("QuantizeLinear", np.array([-3, 5], F), [F(1), np.uint16(0)], np.uint16, [2]),
    "Cast to int16": all_three("Cast", np.array([40000, 5], np.int32), [], np.int16, [2], to=onnx.TensorProto.INT16),
}
for name, (right, reference, found) in seen.items():
    print(f"{name}: onnxruntime {right}, spingalett {found}")
    assert right == reference, "ONNX's reference agrees"
assert seen["a scale a column"][0] == [10, 20, 40, 5] and seen["a scale a column"][2] == [10] * 4, "the behaviour has changed"
for name in ("a zero-point a column", "one scale", "DequantizeLinear by columns"):
    assert seen[name][0] == seen[name][2], f"{name} is right"
assert seen["QuantizeLinear to uint16"][::2] == [[0, 5], [-3, 5]], "the behaviour has changed"
assert seen["Cast to int16"][::2] == [[-25536, 5], [40000, 5]], "the behaviour has changed"
PY

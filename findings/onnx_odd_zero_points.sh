#!/usr/bin/env bash
# With an odd zero-point half of all ties are other codes in one engine than in another, and in onnx's own reference it depends on the operator.
#
# onnx 1.23.2, onnxruntime 1.32.0, openvino 2026.4.1, opencv-python-headless 5.0.0.93, tract 0.23.9. Some round the quotient to even and then add the zero-point, others
# round the sum of both, so that an odd zero-point turns even into odd. QuantizeLinear: the reference, ONNX Runtime and tract round first, OpenVINO and
# OpenCV last. QLinearConv: ONNX Runtime and tract first, the reference, OpenVINO and OpenCV last. At zero-point 2 all agree; at 3, of 80
# multiples of half a step 40, and of their convolution 20, differ. 4-bit networks, whose sums are small, end in ties often; zero-points
# of 0 and 128 never show it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet openvino==2026.4.1 opencv-python-headless==5.0.0.93 tract==0.23.9 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PY' 2>&1
import cv2
import numpy as np
import onnxruntime
import openvino
import tract
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

VALUES = (np.arange(-40, 40, dtype=np.float32) / 2).reshape(1, 1, 8, 10)


def opencv(file, values):
    net = cv2.dnn.readNetFromONNX("model.onnx")
    net.setInput(values, "x")
    return net.forward()


def answers(nodes, zero):
    constants = {"one": np.float32(1), "two": np.float32(2), "z": np.int8(zero), "none": np.int8(0), "w": np.ones((1, 1, 1, 1), np.int8)}
    read = {name for node in nodes for name in node.input}
    tensors = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items() if name in read]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, VALUES.shape) for name in ("x", "y")]
    graph = helper.make_graph(nodes, "codes", ends[:1], ends[1:], tensors)
    file = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9)
    with open("model.onnx", "wb") as stream:
        stream.write(file.SerializeToString())
    session = onnxruntime.InferenceSession(file.SerializeToString(), providers=["CPUExecutionProvider"])
    core = openvino.Core()
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    found = {
        "reference": ReferenceEvaluator(file).run(None, {"x": VALUES})[0],
        "onnxruntime": session.run(None, {"x": VALUES})[0],
        "openvino": core.compile_model(core.read_model(file.SerializeToString()), "CPU", settings)({"x": VALUES})[0],
        "opencv": opencv(file, VALUES),
        "tract": [*tract.onnx().load("model.onnx").into_model().into_runnable().run([VALUES])][0].to_numpy(),
    }
    return {name: int((np.asarray(values).ravel() != found["reference"].ravel()).sum()) for name, values in found.items()}


def quantize(scale):
    return [helper.make_node("QuantizeLinear", ["x", scale, "z"], ["q"]), helper.make_node("DequantizeLinear", ["q", scale, "z"], ["y"])]


convolution = [
    helper.make_node("QuantizeLinear", ["x", "one", "none"], ["q"]),
    helper.make_node("QLinearConv", ["q", "one", "none", "w", "one", "none", "two", "z"], ["c"]),
    helper.make_node("DequantizeLinear", ["c", "two", "z"], ["y"]),
]
seen = {}
for zero in (2, 3):
    seen[f"QuantizeLinear, {zero}"] = answers(quantize("one"), zero)
    seen[f"QLinearConv, {zero}"] = answers(convolution, zero)
print("values of 80 that differ from onnx's reference:")
for name, counts in seen.items():
    print(f"{name}: {counts}")
assert set(seen["QuantizeLinear, 2"].values()) | set(seen["QLinearConv, 2"].values()) == {0}, "the behaviour has changed"
apart = {name: sorted(engine for engine, count in counts.items() if count) for name, counts in seen.items()}
assert apart["QuantizeLinear, 3"] == ["opencv", "openvino"] and apart["QLinearConv, 3"] == ["onnxruntime", "tract"], "the behaviour has changed"
assert sorted({*seen["QuantizeLinear, 3"].values()}) == [0, 40] and sorted({*seen["QLinearConv, 3"].values()}) == [0, 20], "the behaviour has changed"
PY

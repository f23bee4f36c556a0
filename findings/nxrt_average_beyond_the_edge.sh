#!/usr/bin/env bash
# nxrt's AveragePool divides by places that lie beyond the image: of ones it makes 0.5 at the edge and 0.25 in the corner, where onnxruntime and onnx's reference make 1.
#
# nxrt 0.1.0.dev6 (an ONNX runtime in Rust, PyPI, 2026; there is no release but such ones), CPU. With ceil_mode=1 a last window reaches beyond the image and its pads. ONNX counts no place there, whatever count_include_pad says; nxrt counts the whole kernel if count_include_pad is 1, which is what torch writes for its AvgPool2d by default. Sizes that the stride divides, and count_include_pad=0, are right; no message.
# Its QuantizeLinear takes floats beyond 2^63 steps, an overflow of a float network, to the highest code if the zero-point is 0, and to the other end of the range if the zero-point is positive: 1e30 is 0 of uint8 at a zero-point of 128, and -1e30 is 127 of int8 at one of -3.
# Choose sizes that divide, and clip before QuantizeLinear.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet nxrt==0.1.0.dev6 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PY'
import numpy as np
import nxrt
import onnxruntime
from onnx import TensorProto, checker, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

KINDS = {"uint8": TensorProto.UINT8, "int8": TensorProto.INT8, "float32": TensorProto.FLOAT}


def three(node, inputs, shape, kind, constants=()):
    """What nxrt, ONNX Runtime and onnx's reference make of one node."""
    ends = [helper.make_tensor_value_info("x", TensorProto.FLOAT, inputs.shape), helper.make_tensor_value_info("y", KINDS[kind], shape)]
    made = helper.make_model(helper.make_graph([node], "one", ends[:1], ends[1:], list(constants)), opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    checker.check_model(made, full_check=True)
    file = made.SerializeToString()
    return [
        np.asarray(nxrt.InferenceSession(file).run(["y"], {"x": inputs})[0]),
        onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"]).run(["y"], {"x": inputs})[0],
        ReferenceEvaluator(made).run(["y"], {"x": inputs})[0],
    ]


ones = np.ones((1, 1, 5, 5), np.float32)
for counted, expected in ((0, [1, 1, 1]), (1, [1, 1, 0.5])):
    node = helper.make_node("AveragePool", ["x"], ["y"], kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1, count_include_pad=counted)
    found = three(node, ones, (1, 1, 3, 3), "float32")
    print(f"average of ones, count_include_pad={counted}: nxrt {found[0][0, 0].tolist()}, the others {found[1][0, 0].tolist()}")
    assert (found[1] == 1).all() and (found[2] == 1).all(), "the others are right"
    assert found[0][0, 0].tolist() == np.outer(expected, expected).tolist(), "the behaviour has changed"
node = helper.make_node("AveragePool", ["x"], ["y"], kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1, count_include_pad=1)
assert (three(node, ones[..., :4, :4], (1, 1, 2, 2), "float32")[0] == 1).all(), "of sizes that divide it is right"

floats = np.array([100, -100, 3e9, -3e9, 1e30, -1e30], np.float32)
for kind, zero, expected in (("uint8", 0, (255, 0)), ("uint8", 128, (0, 0)), ("int8", 0, (127, -128)), ("int8", 3, (-128, -128)), ("int8", -3, (127, 127))):
    constants = [numpy_helper.from_array(np.float32(1), "s"), numpy_helper.from_array(np.array(zero, kind), "z")]
    found = three(helper.make_node("QuantizeLinear", ["x", "s", "z"], ["y"]), floats, floats.shape, kind, constants)
    print(f"{kind}, zero-point {zero}: 1e30 and -1e30 are {found[0][4:].tolist()} in nxrt, {found[1][4:].tolist()} in ONNX Runtime")
    limits = np.iinfo(kind)
    assert (found[0][:4] == found[1][:4]).all() and found[1][4:].tolist() == [limits.max, limits.min], "below it is right"
    assert tuple(found[0][4:].tolist()) == expected, "the behaviour has changed"
PY

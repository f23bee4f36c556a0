#!/usr/bin/env bash
# onnxslim folds a Mul behind a Conv into the channels wherever its constant has as many values as there are channels: a factor for each column becomes one for each channel.
#
# onnxslim 0.1.98, onnx 1.23.2, onnxruntime 1.32.0. ONNX broadcasts from the right: of a plane with four channels of 4x4, a constant of shape [4] or [1, 1, 1, 4] multiplies columns, [4, 1] or [1, 1, 4, 1] rows, and [1, 4, 1, 1] or [4, 1, 1] channels. onnxslim squeezes the
# constant and takes what is left for channels in all six; the Add behind a Conv it checks, and leaves one that is not for channels. A window over the columns, or per-column gains of a sensor, in a layer whose width is its number of channels is another network afterwards, of the same
# size, and `onnxslim` reports no more than a smaller graph. A Pad that names its axes (opset 18) is taken for one that does not: one row and column behind the plane, axes 2 and 3, become two pads of a Conv that needs four, and the file no longer loads, though checked with onnx's checker before.
# Run the file before and after (`onnxslim --model-check` does); leave out the pattern: `skip_fusion_patterns=["FusionConvMul"]`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnxslim==0.1.98 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PY'
import numpy as np
import onnxruntime
import onnxslim
from onnx import TensorProto, checker, helper, numpy_helper

PLANE = np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4)


def file_of(nodes, constants, shape):
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, size) for name, size in (("x", [1, 1, 4, 4]), ("y", shape))]
    initializers = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    model = helper.make_model(helper.make_graph(nodes, "net", ends[:1], ends[1:], initializers), opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    checker.check_model(model, full_check=True)
    return model


def outputs(model):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": PLANE})[0]


def scaled(op, shape, **options):
    """Is the slimmed file the same function, and of which operators is it?"""
    constants = {"w": np.ones((4, 1, 1, 1), np.float32), "factor": np.arange(1, 5, dtype=np.float32).reshape(shape)}
    model = file_of([helper.make_node("Conv", ["x", "w"], ["a"]), helper.make_node(op, ["a", "factor"], ["y"])], constants, [1, 4, 4, 4])
    slim = onnxslim.slim(model, **options)
    before, after = outputs(model), outputs(slim)
    if op == "Mul" and shape == [4] and not options:
        print("second row of channel 0:", before[0, 0, 1].tolist(), "slimmed", after[0, 0, 1].tolist())
    return bool((before == after).all()), [node.op_type for node in slim.graph.node]


shapes = ([4], [1, 1, 1, 4], [4, 1], [1, 1, 4, 1], [4, 1, 1], [1, 4, 1, 1])
seen = {(op, str(shape)): scaled(op, shape) for op in ("Mul", "Add") for shape in shapes}
for (op, shape), (is_same, operators) in seen.items():
    print(f"{op} of {shape}: the same outputs: {is_same}, {operators}")
left_out = scaled("Mul", [4], skip_fusion_patterns=["FusionConvMul"])
print("without the pattern:", left_out)
constants = {"w": np.ones((1, 1, 2, 2), np.float32), "pads": np.int64([0, 0, 1, 1]), "value": np.float32(0), "axes": np.int64([2, 3])}
framed = file_of([helper.make_node("Pad", ["x", "pads", "value", "axes"], ["a"]), helper.make_node("Conv", ["a", "w"], ["y"])], constants, [1, 1, 4, 4])
assert outputs(framed).shape == (1, 1, 4, 4)
(conv,) = onnxslim.slim(framed).graph.node
pads = next(list(one.ints) for one in conv.attribute if one.name == "pads")
print("Pad of axes 2 and 3 becomes a", conv.op_type, "with pads", pads)
for op, shape in seen:
    is_of_channels = shape in ("[4, 1, 1]", "[1, 4, 1, 1]")
    expected = (is_of_channels, ["Conv"]) if op == "Mul" else (True, ["Conv"] if is_of_channels else ["Conv", "Add"])
    assert seen[op, shape] == expected, ("the behaviour has changed", op, shape)
assert left_out == (True, ["Conv", "Mul"]), "the behaviour has changed"
assert (conv.op_type, pads) == ("Conv", [1, 1]), "the behaviour has changed"
PY

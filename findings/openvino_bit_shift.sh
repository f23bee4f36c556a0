#!/usr/bin/env bash
# OpenVINO's BitShift to the left saturates: 200 << 1 of uint8 is 255 in place of 144.
#
# openvino 2026.4.1, CPU; onnxruntime 1.32.0 and onnx's reference shift the bits out. The operator is made a product with a power of two, and a
# product of uint8 codes saturates at 255; to the right it is right for 0..7 positions. So the usual way to cut 4-bit codes out of bytes in
# a graph, `(x << 4) >> 4`, gives 15 for every byte of 16 and more (0x12 is 2); `x - ((x >> 4) << 4)` is right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet openvino==2026.4.1 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import numpy as np
import onnxruntime
import openvino
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

CODES = np.arange(256, dtype=np.uint8)


def answers(nodes):
    read = {name for node in nodes for name in node.input}
    constants = [numpy_helper.from_array(np.uint8(value), name) for name, value in (("one", 1), ("four", 4)) if name in read]
    ends = [helper.make_tensor_value_info(name, TensorProto.UINT8, [256]) for name in ("x", "y")]
    graph = helper.make_graph(nodes, "shift", ends[:1], ends[1:], constants)
    file = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    core = openvino.Core()
    session = onnxruntime.InferenceSession(file.SerializeToString(), providers=["CPUExecutionProvider"])
    return {
        "openvino": core.compile_model(core.read_model(file.SerializeToString()), "CPU")({"x": CODES})[0].astype(int),
        "onnxruntime": session.run(None, {"x": CODES})[0].astype(int),
        "reference": ReferenceEvaluator(file).run(None, {"x": CODES})[0].astype(int),
    }


def shift(source, amount, target, direction):
    return helper.make_node("BitShift", [source, amount], [target], direction=direction)


doubled = answers([shift("x", "one", "y", "LEFT")])
low = answers([shift("x", "four", "up", "LEFT"), shift("up", "four", "y", "RIGHT")])
subtracted = answers([shift("x", "four", "h", "RIGHT"), shift("h", "four", "back", "LEFT"), helper.make_node("Sub", ["x", "back"], ["y"])])
print("200 << 1:", {name: int(values[200]) for name, values in doubled.items()})
print("(0x12 << 4) >> 4:", {name: int(values[0x12]) for name, values in low.items()})
wrong = {}
for title, found, right in (("<< 1", doubled, CODES.astype(int) * 2 % 256), ("low half", low, CODES % 16), ("low half by subtraction", subtracted, CODES % 16)):
    wrong[title] = [int((values != right).sum()) for values in found.values()]
    print(f"{title}: wrong of 256 in openvino, onnxruntime, reference: {wrong[title]}")
assert int(doubled["openvino"][200]) == 255 and int(low["openvino"][0x12]) == 15, "the behaviour has changed"
assert wrong == {"<< 1": [128, 0, 0], "low half": [225, 0, 0], "low half by subtraction": [0, 0, 0]}, "the behaviour has changed"
PY

#!/usr/bin/env bash
# OpenVINO's Cast to INT4 or UINT4 keeps eight bits: 9 stays 9, and a "UINT4" tensor holds 200.
#
# openvino 2026.4.1, CPU. The standard says that a Cast of integers drops the higher bits, so that 9 as INT4 is -7 and 200 as UINT4 is 8; onnxruntime 1.32.0
# and onnx's reference do so, and OpenVINO does it for INT8. Its CPU plugin has no computed 4-bit tensors and replaces the type by one of 8 bits,
# without a word. Graphs that narrow by a Cast are other networks there; Clip first, or weights that are stored as 4-bit constants, are right.
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
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

VALUES = np.array([7, 9, -9, 200, 300], np.int32)


def answers(kind):
    nodes = [helper.make_node("Cast", ["x"], ["q"], to=kind), helper.make_node("Cast", ["q"], ["y"], to=TensorProto.INT32)]
    ends = [helper.make_tensor_value_info(name, TensorProto.INT32, [5]) for name in ("x", "y")]
    file = helper.make_model(helper.make_graph(nodes, "cast", ends[:1], ends[1:]), opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    core = openvino.Core()
    session = onnxruntime.InferenceSession(file.SerializeToString(), providers=["CPUExecutionProvider"])
    found = (
        core.compile_model(core.read_model(file.SerializeToString()), "CPU")({"x": VALUES})[0],
        session.run(None, {"x": VALUES})[0],
        ReferenceEvaluator(file).run(None, {"x": VALUES})[0],
    )
    return tuple([int(value) for value in values] for values in found)


seen = {name: answers(getattr(TensorProto, name)) for name in ("INT4", "UINT4", "INT8")}
for name, (ours, runtime, reference) in seen.items():
    print(f"{VALUES.tolist()} as {name}: openvino {ours}, onnxruntime {runtime}, reference {reference}")
int4, uint4, int8 = [7, -7, 7, -8, -4], [7, 9, 7, 8, 12], [7, 9, -9, -56, 44]
assert seen == {
    "INT4": ([7, 9, -9, -56, 44], int4, int4),
    "UINT4": ([7, 9, 247, 200, 44], uint4, uint4),
    "INT8": (int8, int8, int8),
}, "the behaviour has changed"
PY

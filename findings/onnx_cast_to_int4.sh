#!/usr/bin/env bash
# Cast of float32 truncates when it goes to INT8 and rounds when it goes to INT4, in one engine; in the other it truncates in both.
#
# onnxruntime 1.32.0 and onnx 1.23.2 (its ReferenceEvaluator). 1.9 becomes 1 as INT8 in both. As INT4 it is 1 in the reference and 2 in
# ONNX Runtime, and 7.5, which fits, is 7 in the one and, rounded to 8 and wrapped, -8 in the other. Neither saturates (9.7 is -7 and -6).
# A graph that makes 4-bit codes by Clip and Cast therefore states two networks; by QuantizeLinear it states one (round half to even,
# saturated: seen equal here for the same numbers).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import numpy as np
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

VALUES = np.array([1.9, -1.9, 7.5, 9.7], np.float32)


def answers(nodes, constants=()):
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [4]) for name in ("x", "y")]
    graph = helper.make_graph(nodes, "cast", ends[:1], ends[1:], list(constants))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 23)], ir_version=11)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (reference,) = ReferenceEvaluator(model).run(None, {"x": VALUES})
    (runtime,) = session.run(None, {"x": VALUES})
    return [int(v) for v in reference], [int(v) for v in runtime]


def cast(kind):
    return [helper.make_node("Cast", ["x"], ["q"], to=kind), helper.make_node("Cast", ["q"], ["y"], to=TensorProto.FLOAT)]


quantize = [helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"]), helper.make_node("DequantizeLinear", ["q", "s", "z"], ["y"])]
constants = [helper.make_tensor("s", TensorProto.FLOAT, [], [1.0]), helper.make_tensor("z", TensorProto.INT4, [], [0])]
seen = {
    "Cast to INT8": answers(cast(TensorProto.INT8)),
    "Cast to INT4": answers(cast(TensorProto.INT4)),
    "QuantizeLinear to INT4": answers(quantize, constants),
}
for name, (reference, runtime) in seen.items():
    print(f"{name}: {VALUES.tolist()} -> reference {reference}, onnxruntime {runtime}")
assert seen == {
    "Cast to INT8": ([1, -1, 7, 9], [1, -1, 7, 9]),
    "Cast to INT4": ([1, -1, 7, -7], [2, -2, -8, -6]),
    "QuantizeLinear to INT4": ([2, -2, 7, 7], [2, -2, 7, 7]),
}, "the behaviour has changed"
PY

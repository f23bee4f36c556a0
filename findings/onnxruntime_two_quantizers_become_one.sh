#!/usr/bin/env bash
# ONNX Runtime makes one quantizer of two in a row, with a scale of its own: a step of 1 behind one of 0.5 is gone, and steps of 1 twice become 0.988.
#
# onnxruntime 1.32.0, onnx 1.23.2. Two layers that each bring a quantizer (an output's, then an input's, or a grid made coarser for the next layer's multiplier) leave QuantizeLinear, DequantizeLinear, QuantizeLinear,
# DequantizeLinear behind one another. From ORT_ENABLE_BASIC on, so by default, "DoubleQDQPairsRemover" puts one pair in their place if both have codes of the same type of 8 or 16 bits: the range that both cover,
# divided anew by the number of codes. With zero-points of 0 that is the finer scale, so the coarser grid is no more. With zero-points 0 and 3 it is a scale that the file nowhere states: whole numbers that both pairs keep
# come out as multiples of 0.98824. Unoptimized, and in onnx's reference, the graph is computed as written; pairs of int8 and uint8 in turn, and of 4-bit codes, stay. `disabled_optimizers=["DoubleQDQPairsRemover"]` keeps
# both, and so does an output of the graph for the codes between them: looking at the codes takes the fault away.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnxruntime==1.32.0 onnx==1.23.2
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import numpy as np
import onnxruntime
from onnx import TensorProto, checker, helper
from onnx.reference import ReferenceEvaluator

X = np.float32([0.5, 0.75, 1, 1.5, 2.5, 3, 100])
LEVELS = onnxruntime.GraphOptimizationLevel


def in_a_row(*pairs, looked_at=False):
    """One QuantizeLinear and DequantizeLinear behind the other; a pair is (type of its codes, scale, zero-point)."""
    tensors, nodes, before = [], [], "x"
    for number, (kind, scale, zero) in enumerate(pairs):
        names = [f"scale{number}", f"zero{number}"]
        tensors.append(helper.make_tensor(names[0], TensorProto.FLOAT, [], [scale]))
        tensors.append(helper.make_tensor(names[1], kind, [], [zero]))
        nodes.append(helper.make_node("QuantizeLinear", [before, *names], [f"codes{number}"]))
        nodes.append(helper.make_node("DequantizeLinear", [f"codes{number}", *names], [f"value{number}"]))
        before = f"value{number}"
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [len(X)]) for name in ("x", before)]
    between = [helper.make_tensor_value_info("codes0", pairs[0][0], [len(X)])] if looked_at else []
    graph = helper.make_graph(nodes, "row", ends[:1], ends[1:] + between, tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    checker.check_model(model)
    return model


def values(model, level=LEVELS.ORT_ENABLE_BASIC, **how):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = level
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"], **how)
    return np.round(session.run([model.graph.output[0].name], {"x": X})[0].astype(float), 3).tolist()


U8, S8, S16, S4 = TensorProto.UINT8, TensorProto.INT8, TensorProto.INT16, TensorProto.INT4
WHOLE = [0, 1, 1, 2, 2, 3, 100]
cases = {
    "0.5, then 1": (((U8, 0.5, 0), (U8, 1, 0)), WHOLE, [0.5, 1, 1, 1.5, 2.5, 3, 100]),
    "0.5, then 0.75": (((S8, 0.5, 0), (S8, 0.75, 0)), [0.75, 0.75, 0.75, 1.5, 2.25, 3, 63.75], [0.5, 1, 1, 1.5, 2.5, 3, 63.5]),
    "1 and 1, zero-points 0 and 3": (((U8, 1, 0), (U8, 1, 3)), WHOLE, [0.988, 0.988, 0.988, 1.976, 2.965, 2.965, 99.812]),
    "16 bits, 0.5, then 1": (((S16, 0.5, 0), (S16, 1, 0)), WHOLE, [0.5, 1, 1, 1.5, 2.5, 3, 100]),
    "int8 and uint8": (((S8, 0.5, 0), (U8, 1, 0)), [0, 1, 1, 2, 2, 3, 64], None),
    "4 bits": (((S4, 0.5, 0), (S4, 1, 0)), [0, 1, 1, 2, 2, 3, 4], None),
}
for name, (pairs, stated, merged) in cases.items():
    model = in_a_row(*pairs)
    got = values(model)
    print(f"{name}: as stated {stated}, by default {got}")
    assert np.round(ReferenceEvaluator(model).run(None, {"x": X})[0].astype(float), 3).tolist() == stated
    assert values(model, LEVELS.ORT_DISABLE_ALL) == stated
    assert values(model, disabled_optimizers=["DoubleQDQPairsRemover"]) == stated
    assert values(in_a_row(*pairs, looked_at=True)) == stated
    assert got == values(model, LEVELS.ORT_ENABLE_ALL) == (merged or stated), "the behaviour has changed"
PY

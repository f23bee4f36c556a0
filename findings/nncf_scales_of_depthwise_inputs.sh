#!/usr/bin/env bash
# NNCF's int8 networks have a scale for every channel of the activations in front of a depthwise convolution.
#
# nncf 3.4.0, onnx 1.23.2. `nncf.quantize` with its defaults writes one scale for the activations of a layer, as every int8 guide has it, but where the next layer is a depthwise
# convolution its QuantizeLinear and DequantizeLinear have axis 1 and as many scales as channels. With groups of two channels it is one
# scale again. So of a MobileNet every other quantizer is of another kind: the integer sums of a depthwise layer are still exact (each channel
# meets only its own scale), but an addition, a pool over channels or a second reader of the same tensor cannot be computed on
# these codes, and a reader that takes the first of the scales is wrong without a word.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet nncf==3.4.0 onnx==1.23.2 onnxruntime==1.32.0
cd "$folder"
"$folder/venv/bin/python" - 2>/dev/null <<'PY'
import nncf
import numpy as np
from onnx import TensorProto, helper, numpy_helper

rng = np.random.default_rng(0)


def network(groups):
    weights = {"w1": (4, 3, 3, 3), "w2": (4, 4 // groups, 3, 3), "w3": (5, 4, 1, 1)}
    tensors = [numpy_helper.from_array(rng.normal(size=size).astype(np.float32), n) for n, size in weights.items()]
    nodes = [
        helper.make_node("Conv", ["x", "w1"], ["a"], pads=[1, 1, 1, 1], name="first"),
        helper.make_node("Relu", ["a"], ["b"], name="relu"),
        helper.make_node("Conv", ["b", "w2"], ["c"], pads=[1, 1, 1, 1], group=groups, name="second"),
        helper.make_node("Relu", ["c"], ["d"], name="relu2"),
        helper.make_node("Conv", ["d", "w3"], ["y"], name="third"),
    ]
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, c, 8, 8]) for n, c in (("x", 3), ("y", 5))]
    graph = helper.make_graph(nodes, "net", ends[:1], ends[1:], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


images = nncf.Dataset([rng.random((1, 3, 8, 8)).astype(np.float32) for _ in range(8)], lambda one: {"x": one})
seen = {}
for groups in (1, 2, 4):
    written = nncf.quantize(network(groups), images, subset_size=8)
    held = {one.name: numpy_helper.to_array(one) for one in written.graph.initializer}
    seen[groups] = [held[node.input[1]].size for node in written.graph.node if node.op_type == "QuantizeLinear"]
    print(f"groups {groups}: scales of the activations {seen[groups]}")
assert seen == {1: [1, 1, 1], 2: [1, 1, 1], 4: [1, 4, 1]}, "the behaviour has changed"
PY

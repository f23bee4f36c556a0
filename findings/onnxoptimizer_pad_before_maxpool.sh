#!/usr/bin/env bash
# onnxoptimizer moves a Pad of zeros into the MaxPool behind it, whose own pads never win: pooled negative values at the edges stay negative.
#
# onnxoptimizer 0.4.2, onnx 1.23.2, onnxruntime 1.32.0. Zeros around a plane take part in a maximum, the pads of a MaxPool do not. Behind a Relu nothing differs, so a test of such a network passes; for signed codes, and wherever the
# Relu follows the pool or is missing, each window at an edge that holds negative values alone should give 0 and gives the largest of them. The pass is "fuse_pad_into_pool", which is among those that `onnxoptimizer.optimize` does by default,
# for floats and int8 alike. Without that pass the graph stays as it was.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnxoptimizer==0.4.2 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PY'
import numpy as np
import onnxoptimizer
import onnxruntime
from onnx import TensorProto, checker, helper, numpy_helper

TYPES = {np.float32: TensorProto.FLOAT, np.int8: TensorProto.INT8}


def pooled(kind, relu_first, passes=None):
    plane = np.array([[-3, 5], [-2, -7]], kind)[None, None]
    nodes = [helper.make_node("Pad", ["x", "pads"], ["padded"]), helper.make_node("MaxPool", ["padded"], ["y"], kernel_shape=[2, 2])]
    if relu_first:
        nodes[:1] = [helper.make_node("Relu", ["x"], ["r"]), helper.make_node("Pad", ["r", "pads"], ["padded"])]
    pads = numpy_helper.from_array(np.int64([0, 0, 1, 1, 0, 0, 1, 1]), "pads")
    ends = [helper.make_tensor_value_info(name, TYPES[kind], [1, 1, size, size]) for name, size in (("x", 2), ("y", 3))]
    model = helper.make_model(helper.make_graph(nodes, "net", ends[:1], ends[1:], [pads]), opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    checker.check_model(model)
    optimized = onnxoptimizer.optimize(model, passes)
    outputs = []
    for one in (model, optimized):
        session = onnxruntime.InferenceSession(one.SerializeToString(), providers=["CPUExecutionProvider"])
        outputs.append(session.run(None, {"x": plane})[0][0, 0].astype(int).tolist())
    print(f"{kind.__name__}, Relu first: {relu_first}: {outputs[0]} and optimized {outputs[1]} by {[node.op_type for node in optimized.graph.node]}")
    return outputs


stated = [[0, 5, 5], [0, 5, 5], [0, 0, 0]]
without = [name for name in onnxoptimizer.get_fuse_and_elimination_passes() if name != "fuse_pad_into_pool"]
for kind in TYPES:
    assert pooled(kind, False) == [stated, [[-3, 5, 5], [-2, 5, 5], [-2, -2, -7]]], "the behaviour has changed"
    assert pooled(kind, True) == [stated, stated], "the behaviour has changed"
    assert pooled(kind, False, without) == [stated, stated], "the behaviour has changed"
PY

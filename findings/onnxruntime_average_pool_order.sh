#!/usr/bin/env bash
# ONNX Runtime's 8-bit average pool is no function of the sum: the same four codes in another order give another mean.
#
# onnxruntime 1.32.0. QLinearAveragePool gives each code its float32 value, adds those pixel by pixel, divides, and adds the zero-point before
# it rounds. With equal scales before and behind it (quantize_static writes those) a quarter of all windows of 2x2 end in a tie, and the last
# digit of a float decides. Also for that reason, a tie goes to the even code, where QLinearConv takes the even distance from the
# zero-point. QLinearGlobalAveragePool, and a window of the whole plane, do not have this.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
from itertools import permutations

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

CODES = (0, 44, 35, 43)  # their mean, 30.5, is a tie
WINDOWS = np.array(sorted(permutations(CODES)), np.uint8).reshape(-1, 1, 2, 2)


def means(kind, x, **attributes):
    constants = {"s": np.float32(0.3), "z": np.uint8(7), "t": np.float32(0.3), "u": np.uint8(7)}
    tensors = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    ends = [helper.make_tensor_value_info(name, TensorProto.UINT8, None) for name in ("x", "y")]
    node = helper.make_node(kind, ["x", "s", "z", "t", "u"], ["y"], domain="com.microsoft", **attributes)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    graph = helper.make_graph([node], "one", ends[:1], ends[1:], tensors)
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return sorted({int(code) for code in session.run(None, {"x": x})[0].reshape(-1)})


seen = {
    "QLinearAveragePool": means("QLinearAveragePool", np.tile(WINDOWS, 2), kernel_shape=[2, 2], strides=[2, 2]),
    "of the whole plane": means("QLinearAveragePool", WINDOWS, kernel_shape=[2, 2]),
    "QLinearGlobalAveragePool": means("QLinearGlobalAveragePool", WINDOWS, channels_last=0),
}
print(f"the 24 orders of {CODES}: {seen}")
assert [len(codes) for codes in seen.values()] == [2, 1, 1], "the behaviour has changed"
PY

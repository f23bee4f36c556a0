#!/usr/bin/env bash
# Symmetric weights of NNCF have negative scales in the ONNX file, and weights that lie on a grid leave it.
#
# nncf 3.4.0, onnx 1.23.2. `nncf.compress_weights(model, mode=INT4_SYM)` chooses for each channel the sign of the scale so that its largest
# weight becomes -8, the one code that has no counterpart: a channel that reaches +7 steps of 1/8 is written with the scale -7/64, and its 7
# becomes the code -8. INT8_SYM does the same with -128. The file is valid (DequantizeLinear multiplies by whatever stands there), but a larger sum
# of such a channel is a smaller activation: a requantizer that shifts by a positive multiplier, a reader that takes log2 of the scale, or a
# hardware table of unsigned scales gets half of the channels wrong. And a network that was trained on 4-bit weights in -7..7 is not kept:
# the steps of 1/8 become steps of 7/64, in which 3 of 8, 0.375, is 3.43. A scale of 1/8 and the codes as they were would have been exact.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet nncf==3.4.0 onnx==1.23.2 onnxruntime==1.32.0
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import nncf
import numpy as np
from onnx import TensorProto, helper, numpy_helper

rng = np.random.default_rng(0)
codes = rng.integers(-6, 7, (64, 4))
codes[0] = [7, 7, -7, -7]  # the largest of each column, and its sign
weights = (codes / 8).astype(np.float32)
graph = helper.make_graph(
    [helper.make_node("MatMul", ["x", "w"], ["y"], name="product")],
    "one",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 64])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4])],
    [numpy_helper.from_array(weights, "w")],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
seen = {}
for mode in (nncf.CompressWeightsMode.INT4_SYM, nncf.CompressWeightsMode.INT8_SYM):
    options = {} if "8" in mode.name else {"all_layers": True, "group_size": -1, "ratio": 1.0}
    copy = type(model).FromString(model.SerializeToString())
    written = nncf.compress_weights(copy, mode=mode, **options)
    arrays = {one.name: numpy_helper.to_array(one) for one in written.graph.initializer}
    stored = next(a.astype(int) for name, a in arrays.items() if a.shape == (64, 4))
    scales = next(a for name, a in arrays.items() if name.endswith("scale")).ravel()
    off = np.abs(stored * scales - weights).max()
    seen[mode.name] = ([round(float(one), 6) for one in scales], stored[0].tolist(), round(float(off), 6))
for name, facts in seen.items():
    print(name, *facts)
assert seen["INT4_SYM"][:2] == ([-0.109375, -0.109375, 0.109375, 0.109375], [-8, -8, -8, -8])
assert seen["INT8_SYM"][:2] == ([-0.006836, -0.006836, 0.006836, 0.006836], [-128] * 4)
assert seen["INT4_SYM"][2] > 0.046, "the behaviour has changed"
PY

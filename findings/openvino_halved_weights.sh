#!/usr/bin/env bash
# OpenVINO halves the weights of a convolution between signed codes on x86 processors with AVX2 and without VNNI: ternary weights become 0.
#
# openvino 2026.4.1, CPU, QLinearConv with s8 codes and a kernel larger than 1x1. Weights are halved and rounded to even before they are multiplied and the sum
# doubled again: even weights are exact, 1 becomes 0, 3 becomes 4, 5 becomes 4. With nine weights of 1 and codes of 1 the answer is 0 in place of 9.
# 1x1 kernels and u8 codes of these sizes are exact. Neither a precision hint of f32 nor the accuracy mode changes it, and nothing warns:
# 2-bit and 3-bit networks lose most of their weights on one processor and none on another.
set -euo pipefail
if [ "$(uname -m)" != x86_64 ] || ! grep -q avx2 /proc/cpuinfo || grep -q vnni /proc/cpuinfo; then
    echo "nothing to see here: this processor has other instructions than AVX2 without VNNI"
    exit 0
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet openvino==2026.4.1 onnx==1.23.2 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import numpy as np
import openvino
from onnx import helper, numpy_helper

CORE = openvino.Core()


def answer(kind, code, weight, size, **settings):
    """The one output, where all codes are `code` and all size x size weights `weight`."""
    x = np.full((1, 1, size, size), code, kind)
    constants = {"xs": np.float32(1), "xz": kind(0), "w": np.full((1, 1, size, size), weight, np.int8), "ws": np.float32(1), "wz": np.int8(0), "ys": np.float32(1), "yz": kind(0)}
    tensors = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    dtype = helper.np_dtype_to_tensor_dtype(np.dtype(kind))
    ends = [helper.make_tensor_value_info(name, dtype, shape) for name, shape in (("x", x.shape), ("y", (1, 1, 1, 1)))]
    node = helper.make_node("QLinearConv", ["x", "xs", "xz", "w", "ws", "wz", "ys", "yz"], ["y"])
    graph = helper.make_graph([node], "one", ends[:1], ends[1:], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    compiled = CORE.compile_model(CORE.read_model(model.SerializeToString()), "CPU", settings)
    return int(compiled({"x": x})[0].item())


weights = (1, 2, 3, 4, 5, -1, -7)
seen = {
    "s8, 3x3": [answer(np.int8, 1, weight, 3) for weight in weights],
    "s8, 3x3, precision f32": [answer(np.int8, 1, weight, 3, INFERENCE_PRECISION_HINT="f32") for weight in weights],
    "s8, 3x3, accuracy": [answer(np.int8, 1, weight, 3, EXECUTION_MODE_HINT="ACCURACY") for weight in weights],
    "s8, 1x1": [answer(np.int8, 1, weight, 1) for weight in weights],
    "u8, 3x3": [answer(np.uint8, 1, weight, 3) for weight in weights],
}
print(f"sums of nine (or one) products of 1 with the weight {weights}:")
for name, values in seen.items():
    print(f"{name}: {values}")
halved = [9 * 2 * round(weight / 2) for weight in weights]
assert halved == [0, 18, 36, 36, 36, 0, -72], halved
assert [*seen.values()] == [halved] * 3 + [[*weights], [9 * max(weight, 0) for weight in weights]], "the behaviour has changed"
PY

#!/usr/bin/env bash
# onnxsim's quantizer to llama.cpp's ternary format shrinks ternary weights: -1, 0 and 1 come out as -0.6875, 0 and 0.6875, where gguf keeps them.
#
# onnxsim 0.8.1, gguf 0.19.0 (llama.cpp's Python package), onnx 1.23.2, onnxruntime 1.32.0. `apply_gguf_ternary_quantization` and `quantize_dequantize_ternary` take the mean of the absolute values of 256 weights for the scale of the block, as BitNet does with weights that are not ternary yet; llama.cpp's TQ1_0 and TQ2_0, whose
# name the function has, take the largest one. For weights that are ternary already the mean is their scale times the share of those that are not zero, so each block is shrunk by its own density, a layer's sums are no multiple of the right ones, and quantizing again shrinks again. Only a block without a zero is kept.
# `quantize_ternary` of the same package and gguf keep such weights. Its Q4_0 changes them, too, as that of gguf does with codes of -7..7.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnxsim==0.8.1 gguf==0.19.0 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - 2> messages.txt <<'PY' || { cat messages.txt; exit 1; }
import numpy as np
import onnxruntime
import onnxsim
from gguf import GGMLQuantizationType
from gguf.quants import dequantize, quantize
from onnx import TensorProto, helper, numpy_helper

RNG = np.random.default_rng(0)


def layer(weights):
    """A file of one MatMul."""
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [3, size]) for name, size in zip("xy", weights.shape)]
    graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], "one", ends[:1], ends[1:], [numpy_helper.from_array(weights.astype(np.float32), "w")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


def run(made, inputs):
    return onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"x": inputs})[0]


for share in (0.3, 0.6875, 1.0):
    count = round(256 * share)
    block = RNG.permutation(np.r_[np.zeros(256 - count), np.tile([1.0, -1.0], 128)[:count]])
    once = onnxsim.quantize_dequantize_ternary(block)
    twice = onnxsim.quantize_dequantize_ternary(once)
    print(f"{count} of 256 weights are not zero: {np.unique(block).tolist()} -> {np.unique(once).tolist()}, quantized again {np.unique(twice).round(4).tolist()}")
    assert np.allclose(once, block * count / 256, rtol=1e-3) and np.allclose(twice, once * count / 256, rtol=1e-3), "the behaviour has changed"
    for kind in (GGMLQuantizationType.TQ1_0, GGMLQuantizationType.TQ2_0):
        kept = dequantize(quantize(block.astype(np.float32).reshape(1, 256), kind), kind)
        assert (kept == block).all(), "gguf keeps ternary weights"

weights = RNG.integers(-1, 2, (256, 4)).astype(float)
weights[:, 0] *= RNG.random(256) < 0.5
inputs = RNG.integers(0, 16, (3, 256)).astype(np.float32)
exact, found = inputs @ weights, run(onnxsim.apply_gguf_ternary_quantization(layer(weights)), inputs)
print("sums of a layer:", exact.astype(int).tolist(), "->", found.round(2).tolist())
assert (abs(found) < 0.8 * abs(exact)).all(), "the behaviour has changed"
assert (run(onnxsim.quantize_ternary(layer(weights)), inputs).round() == exact).all(), "quantize_ternary keeps them"
PY

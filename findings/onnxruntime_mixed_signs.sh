#!/usr/bin/env bash
# ONNX Runtime: a quantized convolution whose input codes are u8 and output codes s8 is computed with floats; the same codes, all u8, with integers.
#
# onnxruntime 1.32.0. Between DequantizeLinear and QuantizeLinear of one type a Conv becomes QLinearConv: the bias becomes whole steps of the sum, one product is rounded. With two types
# there is no such kernel, nothing says so, and codes beside a half differ. Here the output's zero-point moves by 128 with its type, so that every code should move by 128;
# and with the options for exact integer sums. Let the codes before and behind a layer be of one type, or its integers are not the file's.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

rng = np.random.default_rng(0)
CODES = rng.integers(0, 256, (64, 3, 16, 16)).astype(np.uint8)
WEIGHT, BIAS = rng.integers(-127, 128, (8, 3, 1, 1)).astype(np.int8), rng.integers(-500, 500, 8) * np.float32(2e-5)


def codes_behind(kind):
    zero = kind(128) if kind is np.uint8 else kind(0)
    constants = {"sx": np.float32(0.03), "zx": np.uint8(120), "sw": np.float32(0.01), "zw": np.int8(0)}
    constants |= {"sy": np.float32(0.11), "zy": zero, "w": WEIGHT, "b": BIAS.astype(np.float32)}
    nodes = [
        helper.make_node("DequantizeLinear", ["x", "sx", "zx"], ["dx"]),
        helper.make_node("DequantizeLinear", ["w", "sw", "zw"], ["dw"]),
        helper.make_node("Conv", ["dx", "dw", "b"], ["c"]),
        helper.make_node("QuantizeLinear", ["c", "sy", "zy"], ["y"]),
    ]
    tensors = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    types = TensorProto.UINT8, TensorProto.UINT8 if kind is np.uint8 else TensorProto.INT8
    ends = [helper.make_tensor_value_info(name, one, ["n", None, None, None]) for name, one in zip("xy", types)]
    graph = helper.make_graph(nodes, "one", ends[:1], ends[1:], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = "optimized.onnx"
    options.log_severity_level = 3
    options.add_session_config_entry("session.qdqisint8allowed", "1")
    options.add_session_config_entry("session.x64quantprecision", "1")
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


    kinds = [node.op_type for node in onnx.load("optimized.onnx").graph.node]
    return session.run(None, {"x": CODES})[0].astype(int) - int(zero), kinds


(same, first), (mixed, second) = codes_behind(np.uint8), codes_behind(np.int8)
print("u8 to u8:", first)
print("u8 to s8:", second)
print(f"of {same.size} codes less their zero-point, {int((same != mixed).sum())} differ")
assert (same != mixed).any() and "QLinearConv" in first and "QLinearConv" not in second, "the behaviour has changed"
PY

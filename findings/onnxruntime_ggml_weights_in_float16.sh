#!/usr/bin/env bash
# onnxruntime-ggml computes a float32 product with constant weights in float16: of whole activations 2049 comes out as 2048 and 70000 as inf; a dynamically quantized product is computed without its quantizer.
#
# onnxruntime-ggml 0.2.0, an execution provider of ggml's kernels for ONNX Runtime (1.30.0 here), on the CPU. MatMul and Gemm with an initializer: the weights are converted to float16 when the graph is compiled, and the activations of that product, too. A product of two inputs stays float32, as do the sums, so codes of up to 2048 are right with sums of any size, and the second layer of a
# network whose psums go on as floats is wrong. DynamicQuantizeLinear, MatMulInteger, Cast and Mul are replaced by a product of the floats: the rounding to 8 bits, which the file states, does not happen. Relu, MatMul and Pow of int32 pass through float32: a Relu of 2147483647 is -2147483648. None of it raises or warns.
# The option {"weights": "f32"}, which the package's description does not mention, keeps float32 and leaves the quantizer out just the same. Keep to the CPU provider where codes are compared.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnxruntime-ggml==0.2.0 onnxruntime==1.30.0 onnx==1.23.2 numpy==2.4.6
cd "$folder"
export ORT_GGML_LOG=error
"$folder/venv/bin/python" -W ignore - 2> messages.txt <<'PY' || { tail -20 messages.txt; exit 1; }
import numpy as np
import onnxruntime
import onnxruntime_ggml
from onnx import TensorProto, checker, helper, numpy_helper

KINDS = {"float32": TensorProto.FLOAT, "int32": TensorProto.INT32}


def both(nodes, inputs, initial, **options):
    """What ONNX Runtime's own provider makes of a graph, and what ggml's makes of it."""
    kind = KINDS[str(next(iter(inputs.values())).dtype)]
    ends = [helper.make_tensor_value_info(name, kind, value.shape) for name, value in inputs.items()]
    constants = [numpy_helper.from_array(np.asarray(value), name) for name, value in initial.items()]
    made = helper.make_model(helper.make_graph(nodes, "one", ends, [helper.make_tensor_value_info("y", kind, ["rows", "columns"])], constants), opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    checker.check_model(made, full_check=True)
    file = made.SerializeToString()
    quiet = onnxruntime.SessionOptions()
    quiet.log_severity_level = 4
    one = onnxruntime.InferenceSession(file, quiet, providers=["CPUExecutionProvider"]).run(["y"], inputs)[0]
    quiet = onnxruntime.SessionOptions()
    quiet.log_severity_level = 4
    return one, onnxruntime_ggml.InferenceSession(file, {"device": "cpu", **options}, quiet).run(["y"], inputs)[0]


changed = "the behaviour has changed"
node = helper.make_node
psums = np.array([[2048], [2049], [-4097], [70000]], np.float32)
unit = np.ones((1, 1), np.float32)
for operator in ("MatMul", "Gemm"):
    one, other = both([node(operator, ["x", "w"], ["y"])], {"x": psums}, {"w": unit})
    print(f"{operator} of {psums.ravel().tolist()} with a weight of 1: {other.ravel().tolist()}")
    assert (one == psums).all() and (other == psums.astype(np.float16)).all(), changed
    one, other = both([node(operator, ["x", "w"], ["y"])], {"x": unit}, {"w": psums.T})
    assert (one == psums.T).all() and (other == psums.T.astype(np.float16)).all(), changed
    one, other = both([node(operator, ["x", "w"], ["y"])], {"x": psums}, {"w": unit}, weights="f32")
    assert (other == psums).all(), "with weights=f32 it is right"
one, other = both([node("MatMul", ["x", "w"], ["y"])], {"x": psums, "w": unit}, {})
assert (other == psums).all(), "two inputs are right"

codes = np.arange(-128, 128, dtype=np.float32).reshape(4, 64)
one, other = both([node("MatMul", ["x", "w"], ["y"])], {"x": codes}, {"w": codes.T.copy()})
assert (one == other).all() and one.max() > 2**19, "sums of codes are right"

values = np.array([[0, 0.3, 0.4, 255]], np.float32)
rounded = np.array([[0, 0, 0, 127.5]], np.float32)
dynamic = [
    node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"]),
    node("MatMulInteger", ["q", "w", "z", "wz"], ["i"]),
    node("Cast", ["i"], ["f"], to=TensorProto.FLOAT),
    node("Mul", ["s", "ws"], ["ss"]),
    node("Mul", ["f", "ss"], ["y"]),
]
for options in ({}, {"weights": "f32"}):
    one, other = both(dynamic, {"x": values}, {"w": np.eye(4, dtype=np.int8), "wz": np.int8(0), "ws": np.float32(0.5)}, **options)
    print(f"{values.ravel().tolist()} quantized dynamically to steps of 1, and halved: {one.ravel().tolist()}, ggml {other.ravel().tolist()}")
    assert (one == rounded).all() and np.abs(other - values / 2).max() < 1e-3, changed

large = np.array([[2**24 + 1, 2**31 - 1, -5]], np.int32)
one, other = both([node("Relu", ["x"], ["y"])], {"x": large}, {})
print(f"Relu of {large.ravel().tolist()}: {one.ravel().tolist()}, ggml {other.ravel().tolist()}")
assert one.ravel().tolist() == [2**24 + 1, 2**31 - 1, 0], "ONNX Runtime is right"
assert other[0, 0] == 2**24 and other[0, 1] != 2**31 - 1, changed
one, other = both([node("MatMul", ["x", "w"], ["y"])], {"x": large[:, :1]}, {"w": np.ones((1, 1), np.int32)})
assert (one.item(), other.item()) == (2**24 + 1, 2**24), changed
PY

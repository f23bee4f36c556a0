#!/usr/bin/env bash
# TFLite Micro: RELU6 of int8 keeps the codes, though another scale stands behind it: half of all codes are wrong, the worst by 24 steps.
#
# tflite-micro 0.dev20261023182759 against ai-edge-litert 2.3.0, one file for both: RELU6 from scale 1/16 to 0.05, zero-points 0. LiteRT's kernels, reference and
# XNNPACK, requantize: code 96 (a 6.0) becomes 120. TFLite Micro clips the codes between those of 0 and 6 on the grid in front, and hands them on: 96
# stays 96, which is a 4.8 behind. With the same scale on both sides all three agree, and so they do, within a step, on RELU with two scales.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet tflite-micro==0.dev20261023182759 ai-edge-litert==2.3.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PY' 2> log || { cat log; exit 1; }
import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from tflite_micro.python.tflite_micro import runtime

CODES = np.arange(-128, 128, dtype=np.int8).reshape(1, 256)
FRONT = 1 / 16


def file(operation, behind):
    """One operation without options, from scale `FRONT` to scale `behind`."""
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = getattr(schema.BuiltinOperator, operation)
    code.version = 2
    tensors = []
    for name, scale in (("x", FRONT), ("y", behind)):
        tensor = schema.TensorT()
        tensor.name, tensor.type, tensor.buffer = name, schema.TensorType.INT8, len(tensors) + 1
        tensor.shape = tensor.shapeSignature = [1, 256]
        tensor.quantization = schema.QuantizationParametersT()
        tensor.quantization.scale, tensor.quantization.zeroPoint = np.float32([scale]), np.int64([0])
        tensors.append(tensor)
    step = schema.OperatorT()
    step.inputs, step.outputs, step.intermediates, step.mutatingVariableInputs = [0], [1], [], []
    graph = schema.SubGraphT()
    graph.name, graph.tensors, graph.operators, graph.inputs, graph.outputs = "main", tensors, [step], [0], [1]
    whole = schema.ModelT()
    whole.version, whole.description, whole.metadata, whole.metadataBuffer = 3, "one operation", [], []
    whole.operatorCodes, whole.subgraphs, whole.buffers = [code], [graph], [schema.BufferT() for _ in range(3)]
    builder = flatbuffers.Builder(1024)
    builder.Finish(whole.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def litert(content, kernels):
    interpreter = Interpreter(model_content=content, experimental_op_resolver_type=kernels)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], CODES)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"]).ravel().astype(int)


def micro(content):
    interpreter = runtime.Interpreter.from_bytes(content)
    interpreter.set_input(CODES, 0)
    interpreter.invoke()
    return interpreter.get_output(0).ravel().astype(int)


def compare(operation, behind):
    content = file(operation, behind)
    found = [litert(content, OpResolverType.BUILTIN_REF), litert(content, OpResolverType.BUILTIN), micro(content)]
    print(f"{operation}, scale {FRONT} to {behind}: code 96 is {[int(one[96 + 128]) for one in found]} in reference, XNNPACK, Micro;", end=" ")
    print(f"Micro differs from the reference in {int((found[0] != found[2]).sum())} of 256 codes, by {int(abs(found[0] - found[2]).max())} at most")
    return found


reference, fast, small = compare("RELU6", 0.05)
plain = CODES.ravel().astype(int)
right = np.clip(np.round(np.clip(plain * FRONT, 0, 6) / 0.05), -128, 127)
assert (reference == fast).all() and abs(reference - right).max() <= 1, "the behaviour has changed"
assert (small == np.clip(plain, 0, 6 / FRONT)).all(), "the behaviour has changed"
same = compare("RELU6", FRONT)
assert (same[0] == same[1]).all() and (same[0] == same[2]).all(), "the behaviour has changed"
relu = compare("RELU", 0.05)
assert abs(relu[0] - relu[2]).max() <= 1, "the behaviour has changed"
PY

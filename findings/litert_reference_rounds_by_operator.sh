#!/usr/bin/env bash
# LiteRT's reference kernels: a CONV_2D of 1x1 and a FULLY_CONNECTED of the same int8 numbers give different codes.
#
# ai-edge-litert 2.3.0. BUILTIN_REF, which is there to be compared with, multiplies the sum of CONV_2D and DEPTHWISE_CONV_2D by 31 bits and rounds twice (to 32 bits, and
# after the shift, a half away from zero), but that of FULLY_CONNECTED once, in float64. XNNPACK, which
# Interpreter(path) takes unless told otherwise, rounds both once, in float32, half to even. A requantizer in hardware agrees with one of them.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet ai-edge-litert==2.3.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as tfl
from ai_edge_litert.interpreter import Interpreter, OpResolverType

KINDS = {"int8": (tfl.TensorType.INT8, np.int8), "int32": (tfl.TensorType.INT32, np.int32)}


def model(code, version, options, x, constants, y):
    """One operation; a tensor is (sizes, scales, zero-point), a constant (values, kind, scales, axis)."""
    made, graph, one, used = tfl.ModelT(), tfl.SubGraphT(), tfl.OperatorT(), tfl.OperatorCodeT()
    made.version, made.subgraphs, made.buffers, made.operatorCodes = 3, [graph], [tfl.BufferT()], [used]
    graph.tensors, graph.operators, graph.inputs, graph.outputs = [], [one], [0], [len(constants) + 1]
    used.builtinCode = used.deprecatedBuiltinCode = getattr(tfl.BuiltinOperator, code)
    used.version, one.opcodeIndex, one.builtinOptions = version, 0, options
    one.builtinOptionsType = getattr(tfl.BuiltinOptions, type(options).__name__[:-1])
    one.inputs, one.outputs = list(range(len(constants) + 1)), [len(constants) + 1]
    for sizes, kind, scales, zero, axis, values in [
        (x[0], "int8", x[1], x[2], 0, None),
        *((np.shape(values), kind, scales, 0, axis, values) for values, kind, scales, axis in constants),
        (y[0], "int8", y[1], y[2], 0, None),
    ]:
        tensor = tfl.TensorT()
        tensor.name, tensor.shape, tensor.type, tensor.buffer = str(len(graph.tensors)), list(sizes), KINDS[kind][0], 0
        if scales is not None:
            tensor.quantization = tfl.QuantizationParametersT()
            tensor.quantization.scale = np.atleast_1d(np.float32(scales))
            tensor.quantization.zeroPoint = np.full(tensor.quantization.scale.size, zero, np.int64)
            tensor.quantization.quantizedDimension = axis
        if values is not None:
            tensor.buffer = len(made.buffers)
            made.buffers.append(tfl.BufferT())
            made.buffers[-1].data = np.frombuffer(np.asarray(values, KINDS[kind][1]).tobytes(), np.uint8)
        graph.tensors.append(tensor)
    builder = flatbuffers.Builder(1024)
    builder.Finish(made.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def run(content, codes, kernels):
    interpreter = Interpreter(model_content=content, experimental_op_resolver_type=getattr(OpResolverType, kernels))
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], codes)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"]).astype(int)


COUNT, SCALE, OUT = 4096, 0.0021, 1.13
SUMS = (np.arange(COUNT) - COUNT // 2) * 61  # as biases: the input is its zero-point, and the weights are 0
FACTOR = np.float32(0.5) * np.float64(np.float32(SCALE)) / np.float64(np.float32(OUT))


def codes(code, kernels):
    flat = code == "FULLY_CONNECTED"
    options = tfl.FullyConnectedOptionsT() if flat else tfl.Conv2DOptionsT()
    if not flat:
        options.strideH = options.strideW = 1
    sizes, ends = ((COUNT, 1), ((1, 1), (1, COUNT))) if flat else ((COUNT, 1, 1, 1), ((1, 1, 1, 1), (1, 1, 1, COUNT)))
    scales = np.full(COUNT, SCALE)
    constants = [(np.zeros(sizes), "int8", scales, 0), (SUMS, "int32", scales * 0.5, 0)]
    content = model(code, 5 if flat else 3, options, (ends[0], 0.5, 0), constants, (ends[1], OUT, 0))
    return run(content, np.zeros(ends[0], np.int8), kernels).reshape(-1)


found = {(code, kernels): codes(code, kernels) for code in ("CONV_2D", "FULLY_CONNECTED") for kernels in ("BUILTIN_REF", "BUILTIN")}
exact = np.clip(np.rint(SUMS * FACTOR), -128, 127)
wrong = {" ".join(key): int((value != exact).sum()) for key, value in found.items()}
first = int(np.flatnonzero(found["CONV_2D", "BUILTIN_REF"] != found["FULLY_CONNECTED", "BUILTIN_REF"])[0])
print(f"of {COUNT} sums, not the nearest code: {wrong}")
print(f"sum {SUMS[first]}, which is {SUMS[first] * FACTOR:.4f} steps:", {" ".join(key): int(value[first]) for key, value in found.items()})
assert wrong["CONV_2D BUILTIN_REF"] > 0 == wrong["FULLY_CONNECTED BUILTIN_REF"] == wrong["CONV_2D BUILTIN"], "the behaviour has changed"
PY

#!/usr/bin/env bash
# LiteRT's optimized int8 DEPTHWISE_CONV_2D gives equal channels different codes: what a sum becomes depends on where it stands.
#
# ai-edge-litert 2.3.0 on x86, BUILTIN_WITHOUT_DEFAULT_DELEGATES. Every channel has the same pixel, weight, bias and scales, so all sums are equal; channels that fill a vector are
# rounded by one rule at a half, those that are left over by another. The reference kernels and XNNPACK give one code. A golden model of such a run needs the width of its vectors.
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


CHANNELS, PIXELS = 20, 256
codes = np.repeat(np.arange(-128, 128, dtype=np.int8), CHANNELS).reshape(1, 1, PIXELS, CHANNELS)
options = tfl.DepthwiseConv2DOptionsT()
options.strideH = options.strideW = options.depthMultiplier = 1
scales = np.full(CHANNELS, 0.0037)
constants = [(np.full((1, 1, 1, CHANNELS), 90), "int8", scales, 3), (np.full(CHANNELS, 17), "int32", scales * 0.02, 0)]
found = {}
for kernels in ("BUILTIN_WITHOUT_DEFAULT_DELEGATES", "BUILTIN_REF", "BUILTIN"):
    part = []
    for out in np.arange(40) * 0.001 + 0.011:
        content = model("DEPTHWISE_CONV_2D", 3, options, (codes.shape, 0.02, 3), constants, (codes.shape, out, -9))
        part.append(run(content, codes, kernels).reshape(PIXELS, CHANNELS))
    found[kernels] = np.concatenate(part)
differ = {kernels: int((made != made[:, :1]).any(axis=1).sum()) for kernels, made in found.items()}
print(f"of {len(part) * PIXELS} pixels, channels are unequal in: {differ}")
made = found["BUILTIN_WITHOUT_DEFAULT_DELEGATES"]
rows = np.flatnonzero((made != made[:, :1]).any(axis=1))
print("the first:", made[rows[0]].tolist() if rows.size else None)
assert rows.size and not differ["BUILTIN_REF"] and not differ["BUILTIN"], "the behaviour has changed"
PY

#!/usr/bin/env bash
# TFLite int8: AVERAGE_POOL_2D over a plane and MEAN of it give different codes, and the pool's ties turn at code 0, not at the value 0.
#
# ai-edge-litert 2.3.0. With one scale and zero-point before and behind, both are the mean of the codes. AVERAGE_POOL_2D rounds a half away from code 0, whatever the zero-point is (the same
# values with another zero-point go the other way), in all kernels; MEAN rounds by a 31-bit multiplier in the reference kernels and half to even in XNNPACK. Replacing one by the other, as
# graph clean-ups do, changes codes.
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


ROWS, ZERO = 4, 3
SUMS = np.arange(-100, 101)  # of 16 codes, a channel each
codes = np.zeros((ROWS * ROWS, len(SUMS)), np.int8)
for channel, total in enumerate(SUMS):
    codes[:, channel] = total // 16
    codes[: total % 16, channel] += 1
codes = codes.reshape(1, ROWS, ROWS, -1)
pool, mean = tfl.Pool2DOptionsT(), tfl.ReducerOptionsT()
pool.padding, pool.strideH, pool.strideW, pool.filterHeight, pool.filterWidth = tfl.Padding.VALID, ROWS, ROWS, ROWS, ROWS
mean.keepDims = True
ends = (1, 1, 1, len(SUMS))
found = {}
for kernels in ("BUILTIN_REF", "BUILTIN"):
    for name, options, constants in (("AVERAGE_POOL_2D", pool, []), ("MEAN", mean, [(np.array([1, 2]), "int32", None, 0)])):
        content = model(name, 2, options, (codes.shape, 0.02, ZERO), constants, (ends, 0.02, ZERO))
        found[name, kernels] = run(content, codes, kernels).reshape(-1)
ties = np.flatnonzero(SUMS % 16 == 8)
print("means of codes:", (SUMS[ties] / 16).tolist())
for key, made in found.items():
    print(*key, made[ties].tolist())
away = np.sign(SUMS) * np.floor(np.abs(SUMS / 16) + 0.5)
assert all((found["AVERAGE_POOL_2D", kernels] == away).all() for kernels in ("BUILTIN_REF", "BUILTIN")), "the behaviour has changed"
assert (found["MEAN", "BUILTIN"] == np.rint(SUMS / 16)).all(), "the behaviour has changed"
assert (found["MEAN", "BUILTIN_REF"] != found["AVERAGE_POOL_2D", "BUILTIN_REF"]).any(), "the behaviour has changed"
PY

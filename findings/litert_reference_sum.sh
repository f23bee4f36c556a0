#!/usr/bin/env bash
# LiteRT's reference kernels sum int8 codes wrongly: SUM of -3 and -4, one scale in and out, is -1 in place of -7, of 3 and -4 with an output scale of twice the input's -128; of int16 codes nearly all sums are wrong, and other ones from run to run.
#
# ai-edge-litert 2.3.0. SUM adds the values of the codes along its axes. With zero-points of 0 the code of the output is the sum of the codes times the input's scale over the output's: exactly that, within half a step, is what XNNPACK (the default) and the optimized kernels give. `OpResolverType.BUILTIN_REF`, the reference
# kernels, gives something else as soon as a code is negative: of 121 pairs of int8 codes 55 are wrong with an output scale of the input's and 60 with twice of it, by up to a whole range, and of int16 ones 115 to 121 in four runs, as if the sums began at what was in memory. MEAN, REDUCE_MAX, REDUCE_MIN and SUM of uint8 and float32 are right there, so that a network is right up to
# this operator. A network's "golden" codes are commonly taken from the reference kernels, the plain ones; with a SUM (of attention, of a squeeze-and-excitation block, of a loss) they are noise there, of the right shape and type, without a message. Take XNNPACK's or the optimized kernels' codes for SUM, or export MEAN and a scale.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet ai-edge-litert==2.3.0 numpy==2.4.6
cd "$folder"
TF_CPP_MIN_LOG_LEVEL=3 "$folder/venv/bin/python" - 2> messages.txt <<'PY' || { cat messages.txt; exit 1; }
from itertools import product

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as tfl
from ai_edge_litert.interpreter import Interpreter, OpResolverType

TYPES = {"int8": tfl.TensorType.INT8, "uint8": tfl.TensorType.UINT8, "int16": tfl.TensorType.INT16, "float32": tfl.TensorType.FLOAT32, "int32": tfl.TensorType.INT32}


def model(operator, rows, kind, scale_in, scale_out, zero):
    """A file of one reduction of pairs along axis 1."""
    made, graph, one, used, options = tfl.ModelT(), tfl.SubGraphT(), tfl.OperatorT(), tfl.OperatorCodeT(), tfl.ReducerOptionsT()
    options.keepDims = True
    made.version, made.subgraphs, made.buffers, made.operatorCodes = 3, [graph], [tfl.BufferT()], [used]
    graph.tensors, graph.operators, graph.inputs, graph.outputs = [], [one], [0], [2]
    used.builtinCode = used.deprecatedBuiltinCode = getattr(tfl.BuiltinOperator, operator)
    used.version, one.opcodeIndex, one.builtinOptions, one.builtinOptionsType = 2, 0, options, tfl.BuiltinOptions.ReducerOptions
    one.inputs, one.outputs = [0, 1], [2]
    for shape, of, scale, values in ((rows, 2), kind, scale_in, None), ((1,), "int32", None, np.array([1], np.int32)), ((rows, 1), kind, scale_out, None):
        tensor = tfl.TensorT()
        tensor.name, tensor.shape, tensor.type, tensor.buffer = str(len(graph.tensors)), list(shape), TYPES[of], len(made.buffers)
        made.buffers.append(tfl.BufferT())
        if scale is not None and of != "float32":
            tensor.quantization = tfl.QuantizationParametersT()
            tensor.quantization.scale, tensor.quantization.zeroPoint = np.array([scale], np.float32), np.array([zero], np.int64)
        if values is not None:
            made.buffers[-1].data = np.frombuffer(values.tobytes(), np.uint8)
        graph.tensors.append(tensor)
    builder = flatbuffers.Builder(1024)
    builder.Finish(made.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def run(content, codes, kernels):
    interpreter = Interpreter(model_content=content, experimental_op_resolver_type=getattr(OpResolverType, kernels))
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], codes)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"]).ravel().astype(float)


PAIRS = np.array(list(product(range(-30, 31, 6), repeat=2)))
EXACT = {"SUM": PAIRS.sum(1), "MEAN": PAIRS.mean(1), "REDUCE_MAX": PAIRS.max(1)}
seen = {}
for operator, kind, scale_out in (("SUM", "int8", 0.5), ("SUM", "int8", 1.0), ("SUM", "int16", 0.5), ("SUM", "uint8", 1.0), ("SUM", "float32", 1.0), ("MEAN", "int8", 0.5), ("REDUCE_MAX", "int8", 0.5)):
    zero = 128 if kind == "uint8" else 0
    codes = (PAIRS + zero).astype(kind)
    exact = EXACT[operator] * (1 if kind == "float32" else 0.5 / scale_out)
    for kernels in ("BUILTIN_REF", "BUILTIN_WITHOUT_DEFAULT_DELEGATES", "BUILTIN"):
        found = run(model(operator, len(PAIRS), kind, 0.5, scale_out, zero), codes, kernels) - zero
        seen[operator, kind, scale_out, kernels] = int((abs(found - exact) > 0.5).sum())
    print(operator, kind, "0.5 to", scale_out, {kernels: count for (*case, kernels), count in seen.items() if case == [operator, kind, scale_out]}, "of", len(PAIRS))
for pair, scale_out in (((-3, -4), 0.5), ((3, -4), 1.0), ((3, 4), 0.5)):
    codes = np.array([pair], np.int8)
    content = model("SUM", 1, "int8", 0.5, scale_out, 0)
    print(f"SUM of {pair}, scales 0.5 and {scale_out}:", {kernels: run(content, codes, kernels).tolist() for kernels in ("BUILTIN_REF", "BUILTIN")})
reference = {case[:3]: count for case, count in seen.items() if case[3] == "BUILTIN_REF"}
assert not any(count for case, count in seen.items() if case[3] != "BUILTIN_REF"), "the other kernels are right"
assert min(reference["SUM", "int8", 0.5], reference["SUM", "int8", 1.0], reference["SUM", "int16", 0.5]) > 40, "the behaviour has changed"
assert [reference["SUM", "uint8", 1.0], reference["SUM", "float32", 1.0], reference["MEAN", "int8", 0.5], reference["REDUCE_MAX", "int8", 0.5]] == [0] * 4, "the behaviour has changed"
PY

#!/usr/bin/env bash
# LiteRT's QUANTIZE rounds a half by its place in the tensor: of eleven values of 2.5 the first eight become 2 and the last three 3.
#
# ai-edge-litert 2.3.0 on x86-64, scale 1, and tflite-micro 0.dev20261023182759. The optimized kernels, which `BUILTIN_WITHOUT_DEFAULT_DELEGATES` takes, round halves to even in groups of eight and away from zero in what is left over (the size modulo 8); the
# default, XNNPACK, does so too for int16 codes, which it leaves to them, and rounds to even for int8 and uint8. The reference kernels and TensorFlow Lite for Microcontrollers round every half away
# from zero. So an image whose size is no multiple of 8 has two roundings in it, a batch of two images other codes than the two images alone, and the codes in front of the first
# layer differ between a host and a microcontroller. Quantize the input outside of the graph, with a rounding of your own, and feed codes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet ai-edge-litert==2.3.0 numpy==2.4.6 pyyaml==6.0.4
"$folder/venv/bin/pip" install --quiet --no-deps tflite-micro==0.dev20261023182759
cd "$folder"
TF_CPP_MIN_LOG_LEVEL=3 "$folder/venv/bin/python" - 2> messages.txt <<'PY' || { cat messages.txt; exit 1; }
import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as tfl
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from tflite_micro.python.tflite_micro import runtime

TYPES = {"float32": tfl.TensorType.FLOAT32, "int8": tfl.TensorType.INT8, "int16": tfl.TensorType.INT16}


def quantizer(size, kind):
    """A file of one QUANTIZE of `size` floats, scale 1, zero-point 0."""
    made, graph, one, used = tfl.ModelT(), tfl.SubGraphT(), tfl.OperatorT(), tfl.OperatorCodeT()
    made.version, made.subgraphs, made.buffers, made.operatorCodes = 3, [graph], [tfl.BufferT()], [used]
    graph.tensors, graph.operators, graph.inputs, graph.outputs = [], [one], [0], [1]
    used.builtinCode = used.deprecatedBuiltinCode = tfl.BuiltinOperator.QUANTIZE
    used.version, one.opcodeIndex, one.inputs, one.outputs = 1, 0, [0], [1]
    one.builtinOptions, one.builtinOptionsType = tfl.QuantizeOptionsT(), tfl.BuiltinOptions.QuantizeOptions
    for of in ("float32", kind):
        tensor = tfl.TensorT()
        tensor.name, tensor.shape, tensor.type, tensor.buffer = of, [size], TYPES[of], len(made.buffers)
        made.buffers.append(tfl.BufferT())
        if of != "float32":
            tensor.quantization = tfl.QuantizationParametersT()
            tensor.quantization.scale, tensor.quantization.zeroPoint = np.ones(1, np.float32), np.zeros(1, np.int64)
        graph.tensors.append(tensor)
    builder = flatbuffers.Builder(1024)
    builder.Finish(made.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def codes(values, kind):
    content, found = quantizer(len(values), kind), {}
    for kernels in ("BUILTIN_REF", "BUILTIN_WITHOUT_DEFAULT_DELEGATES", "BUILTIN"):
        interpreter = Interpreter(model_content=content, experimental_op_resolver_type=getattr(OpResolverType, kernels))
        interpreter.allocate_tensors()
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], values)
        interpreter.invoke()
        found[kernels] = interpreter.get_tensor(interpreter.get_output_details()[0]["index"]).tolist()
    micro = runtime.Interpreter.from_bytes(content)
    micro.set_input(values, 0)
    micro.invoke()
    return {**found, "microcontrollers": micro.get_output(0).tolist()}


for size in (8, 11, 23):
    values = np.full(size, 2.5, np.float32)
    by_place = [2] * (size // 8 * 8) + [3] * (size % 8)
    for kind in ("int8", "int16"):
        found = codes(values, kind)
        for kernels, made in found.items():
            print(f"{size} values of 2.5 to {kind}, {kernels}: {made}")
        expected = {
            "BUILTIN_REF": [3] * size,
            "BUILTIN_WITHOUT_DEFAULT_DELEGATES": by_place,
            "BUILTIN": by_place if kind == "int16" else [2] * size,
            "microcontrollers": [3] * size,
        }
        assert found == expected, "the behaviour has changed"
PY

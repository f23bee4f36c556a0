#!/usr/bin/env bash
# hls4ml: a division by a quantized whole number is 0 for every input, and one by a quantized 0.75 is a division by 1.
#
# hls4ml 1.3.0 (convert_from_onnx_model, backend Vivado, its C++ simulation), qonnx 1.0.0. A Div by a constant becomes a product with its reciprocal, and where the constant comes out of a Quant node the reciprocal gets a type that is derived from the divisor's: as many bits before the
# point as the divisor has behind it and one more, and none behind the point. That holds the largest reciprocal and no other: 1/2, 1/3 and 1/4 are cut to 0, 1/0.75 to 1. So an average written as a sum and a Div by a quantized count, or a scale that is divided away, is 0 or another number, at any precision asked for,
# and the conversion reports nothing; a Div by the same constant without a Quant in front of it is right, by powers of two exactly. Multiply by the reciprocal in the file, or leave the divisor unquantized.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
command -v g++ > /dev/null || { apt-get update -qq; apt-get install -y -qq g++; } > /dev/null
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet hls4ml==1.3.0 onnx==1.23.2 qonnx==1.0.0 onnxruntime==1.32.0 numpy==2.4.6 setuptools==80.10.2
cd "$folder"
"$folder/venv/bin/python" -W ignore - 2> /dev/null <<'PY'
import contextlib
import io

import hls4ml
import numpy as np
from onnx import TensorProto, helper, numpy_helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.util.cleanup import cleanup_model

NUMBERS = np.array([[-12, -3, 6, 24]], np.float32)
DOMAIN = "qonnx.custom_op.general"


def quant(source, target, step, bits, signed):
    return helper.make_node("Quant", [source, step, "zero", bits], [target], domain=DOMAIN, signed=signed, narrow=0, rounding_mode="ROUND")


DIVISORS = {"2": (2, 1), "3": (3, 1), "-4": (-4, 1), "0.75": (0.75, 0.25), "4, not quantized": (4, None)}


def quotients():
    """What qonnx's executor and hls4ml's simulation make of x / divisor: one file with an output for each divisor."""
    constants = {"one": 1, "zero": 0, "eight": 8, "four": 4, "quarter": 0.25}
    nodes = [quant("x", "codes", "one", "eight", 1)]
    for place, (divisor, step) in enumerate(DIVISORS.values()):
        constants[f"divisor{place}"] = [divisor]
        if step:
            nodes.append(quant(f"divisor{place}", f"d{place}", "one" if step == 1 else "quarter", "four", int(divisor < 0)))
        nodes.append(helper.make_node("Div", ["codes", f"d{place}" if step else f"divisor{place}"], [f"y{place}"]))
    first, *ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, NUMBERS.size]) for name in ("x", *(f"y{place}" for place in range(len(DIVISORS))))]
    tensors = [numpy_helper.from_array(np.array(value, np.float32), name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "net", [first], ends, tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13), helper.make_opsetid(DOMAIN, 1)], ir_version=8)
    with contextlib.redirect_stdout(io.StringIO()):
        clean = cleanup_model(ModelWrapper(model))
        config = hls4ml.utils.config.config_from_onnx_model(clean, granularity="name", default_precision="fixed<32,16>", backend="Vivado")
        built = hls4ml.converters.convert_from_onnx_model(clean, output_dir="built", hls_config=config, backend="Vivado")
        built.compile()
        simulated = built.predict(NUMBERS)
        found = execute_onnx(clean, {clean.graph.input[0].name: NUMBERS})
    stated = [found[output.name] for output in clean.graph.output]
    return [[[round(float(value), 2) + 0.0 for value in numbers.ravel()] for numbers in pair] for pair in zip(stated, simulated, strict=True)]


seen = dict(zip(DIVISORS, quotients(), strict=True))
for name, (stated, simulated) in seen.items():
    print(f"{NUMBERS[0].tolist()} by {name}: qonnx {stated}, hls4ml {simulated}")
assert all(seen[name][1] == [0.0] * 4 for name in ("2", "3", "-4")), "the behaviour has changed"
assert seen["0.75"] == [[-16.0, -4.0, 8.0, 32.0], [-12.0, -3.0, 6.0, 24.0]], "the behaviour has changed"
assert seen["2"][0] == [-6.0, -1.5, 3.0, 12.0], "the behaviour has changed"
assert seen["4, not quantized"] == [[-3.0, -0.75, 1.5, 6.0]] * 2, "the behaviour has changed"
PY

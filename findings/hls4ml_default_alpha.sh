#!/usr/bin/env bash
# hls4ml gives an ONNX Elu or ThresholdedRelu without an alpha that of a LeakyRelu, 0.01, and Softplus ends at 8: Elu(-3) is -0.01, and Softplus(100) is 7.98.
#
# hls4ml 1.3.0 (convert_from_onnx_model, backend Vivado, its C++ simulation), onnx 1.23.2, qonnx 1.0.0. In ONNX an alpha that is not written is 0.01 for LeakyRelu alone, and 1 for Elu and ThresholdedRelu; exporters leave out what is the default, and torch's ELU has 1 too. hls4ml's reader has 0.01
# for all three, so an Elu is nearly a Relu, and a ThresholdedRelu passes what lies between 0.01 and 1. With an alpha in the file all are right, whatever it is. Softplus and Softsign are tables of -8..8 in which what lies beyond takes the last entry: right for functions that end level, as Tanh, but Softplus goes on
# as its input does, and Softsign of 100 is 0.89 in place of 0.99. The precision asked for, 32 bits with 16 before the point, has room for all of it. Write alphas into the file; compare the compiled model with the file beyond -8..8.
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
import onnxruntime
from onnx import TensorProto, checker, helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.util.cleanup import cleanup_model

NUMBERS = np.array([[-3, -1, 0.5, 2, 20, 100]], np.float32)
CASES = {
    "Elu": ("Elu", {}),
    "Elu, alpha 1": ("Elu", {"alpha": 1.0}),
    "ThresholdedRelu": ("ThresholdedRelu", {}),
    "ThresholdedRelu, alpha 1": ("ThresholdedRelu", {"alpha": 1.0}),
    "LeakyRelu": ("LeakyRelu", {}),
    "Softplus": ("Softplus", {}),
    "Softsign": ("Softsign", {}),
}


def answers():
    """What ONNX Runtime and hls4ml's simulation make of the numbers, for each case: one file with an output for each."""
    nodes = [helper.make_node(operator, ["x"], [f"y{place}"], **attributes) for place, (operator, attributes) in enumerate(CASES.values())]
    first, *ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, NUMBERS.size]) for name in ("x", *(node.output[0] for node in nodes))]
    model = helper.make_model(helper.make_graph(nodes, "net", [first], ends), opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    checker.check_model(model, full_check=True)
    stated = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"x": NUMBERS})
    with contextlib.redirect_stdout(io.StringIO()):
        clean = cleanup_model(ModelWrapper(model))
        config = hls4ml.utils.config.config_from_onnx_model(clean, granularity="name", default_precision="fixed<32,16>", backend="Vivado")
        built = hls4ml.converters.convert_from_onnx_model(clean, output_dir="built", hls_config=config, backend="Vivado")
        built.compile()
        simulated = built.predict(NUMBERS)
    return [[[round(float(value), 2) + 0.0 for value in found.ravel()] for found in pair] for pair in zip(stated, simulated, strict=True)]


seen = dict(zip(CASES, answers(), strict=True))
for name, (stated, simulated) in seen.items():
    print(f"{name} of {NUMBERS[0].tolist()}: ONNX {stated}, hls4ml {simulated}")
right = {name for name, (stated, simulated) in seen.items() if np.allclose(stated, simulated, atol=0.011)}
assert right == {"Elu, alpha 1", "ThresholdedRelu, alpha 1", "LeakyRelu"}, "the behaviour has changed"
assert seen["Elu"][1] == [-0.01, -0.01, 0.5, 2.0, 20.0, 100.0], "the behaviour has changed"
assert seen["ThresholdedRelu"] == [[0.0, 0.0, 0.0, 2.0, 20.0, 100.0], [0.0, 0.0, 0.5, 2.0, 20.0, 100.0]], "the behaviour has changed"
assert seen["Softplus"][1][-2:] == [7.98, 7.98] and seen["Softsign"][1][-2:] == [0.89, 0.89], "the behaviour has changed"
PY

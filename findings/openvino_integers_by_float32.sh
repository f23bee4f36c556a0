#!/usr/bin/env bash
# OpenVINO computes the integer operators of ONNX in float32: ConvInteger was 678 off a sum of 38829742, and a Relu makes -2147483648 of 2147483647.
#
# openvino 2026.4.1 (CPU, x86-64), onnx 1.23.2, onnxruntime 1.32.0. MatMulInteger and ConvInteger are the operators of ONNX whose sums are exact, in int32. In OpenVINO they are, up to 2^24; beyond, each addition rounds to 24 bits, so that the sum depends on its order too, whatever
# INFERENCE_PRECISION_HINT and EXECUTION_MODE_HINT=ACCURACY say. It takes 519 products of 255 and 127 to get there, as many as a layer of 8 bits has with 3x3 taps and 58 channels. Relu, Div, Mod, Equal, GreaterOrEqual and ReduceSum of int32 go the same
# way, and the largest number comes back as the smallest. Add, Sub, Mul, Max, Min, Abs and Neg stay integers, so `Max(x, 0)` is right where Relu is not. And int64 is int32 there: 3000000001 + 1 is -1294967294.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet openvino==2026.4.1 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
cat > graphs.tsv <<'TSV'
MatMulInteger	uint8[1,1200]	int32[1,1]	y = MatMulInteger(x, w)	38829742	other
ConvInteger	uint8[1,1200,1,1]	int32[1,1,1,1]	y = ConvInteger(x, k)	38829742	other
Relu	int32[3]	int32[3]	y = Relu(x)	16777217 0 2147483647	16777216 0 -2147483648
Max	int32[3]	int32[3]	y = Max(x, nothing)	16777217 0 2147483647	16777217 0 2147483647
Div	int32[3]	int32[3]	y = Div(x, one)	16777217 -16777217 2147483647	16777216 -16777216 -2147483648
Mod	int32[3]	int32[3]	y = Mod(x, seven)	2 5 1	1 6 0
Equal	int32[3]	bool[3]	y = Equal(x, even)	0 0 0	1 0 0
GreaterOrEqual	int32[3]	bool[3]	y = GreaterOrEqual(x, above)	0 0 1	0 1 1
ReduceSum	int32[3]	int32[1]	y = ReduceSum <keepdims = 1> (x)	2147483647	-2147483648
Sub	int32[3]	int32[3]	y = Sub(x, one)	16777216 -16777218 2147483646	16777216 -16777218 2147483646
int64	int64[2]	int64[2]	y = Add(x, one64)	3000000002 -3000000000	-1294967294 1294967296
TSV
cat > run.py <<'PY'
import csv
import re

import numpy as np
import onnxruntime
import openvino
from onnx import checker, parser, save

BYTES = np.full(1200, 255, np.uint8)
BYTES[-1] = 1
INPUTS = {"uint8": BYTES, "int32": np.int32([16777217, -16777217, 2147483647]), "int64": np.int64([3000000001, -3000000001])}
WEIGHTS = "{" + ", ".join(["127"] * 1200) + "}"
KNOWN = {
    "w": f"int8[1200,1] w = {WEIGHTS}",
    "k": f"int8[1,1200,1,1] k = {WEIGHTS}",
    "one": "int32 one = {1}",
    "one64": "int64 one64 = {1}",
    "nothing": "int32 nothing = {0}",
    "seven": "int32 seven = {7}",
    "above": "int32[3] above = {16777218, -16777216, 16777218}",
    "even": "int32 even = {16777216}",
}
HINTS = ({}, {"INFERENCE_PRECISION_HINT": "f32"}, {"EXECUTION_MODE_HINT": "ACCURACY"})
core = openvino.Core()
for name, takes, gives, body, exact, rounded in csv.reader(open("graphs.tsv"), delimiter="\t"):
    constants = ", ".join(KNOWN[word] for word in re.findall(r"\w+", body) if word in KNOWN)
    model = parser.parse_model(f'<ir_version: 8, opset_import: ["" : 18]> g ({takes} x) => ({gives} y) <{constants}> {{ {body} }}')
    checker.check_model(model)
    save(model, "model.onnx")
    kind, shape = takes.rstrip("]").split("[")
    x = INPUTS[kind].reshape([int(size) for size in shape.split(",")])
    session = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])
    by_runtime = session.run(None, {"x": x})[0].astype(np.int64).ravel().tolist()
    by_openvino = [core.compile_model("model.onnx", "CPU", hints)([x])[0].astype(np.int64).ravel().tolist() for hints in HINTS]
    print(f"{name}: onnxruntime {by_runtime}, OpenVINO {by_openvino[0]}")
    assert by_runtime == [int(word) for word in exact.split()]
    for numbers in by_openvino:
        if rounded == "other":  # the order of the sum is the machine's
            assert 0 < abs(numbers[0] - 38829742) < 10_000, "the behaviour has changed"
        else:
            assert numbers == [int(word) for word in rounded.split()], "the behaviour has changed"
assert (BYTES.astype(int) * 127).sum() == 38829742
PY
"$folder/venv/bin/python" -W ignore run.py

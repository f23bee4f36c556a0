#!/usr/bin/env bash
# torch.onnx.export writes an integer torch.div with a rounding mode as a division of float32: 16777217 divided by 1 is 16777216 in the file, while `//` is exact.
#
# torch 2.13.0 with onnxscript 0.7.2 (torch.onnx.export, dynamo=True), onnx 1.23.2, onnxruntime 1.32.0. In torch, torch.div(x, y, rounding_mode="trunc") of two integer tensors is an integer, exact for all of them, and so is "floor". The file casts both operands to float32, divides, rounds, and casts back, for
# int64 too, so that all but the highest 24 bits are lost; `x // y` becomes integer operators and is exact. ONNX has the first one as it is: Div of integers cuts towards zero. The exporter's own check passes with small numbers, and the file runs everywhere, alike.
# A requantization in integers, torch.div(psum * multiplier, 2**shift, rounding_mode="floor"), has products far beyond 2^24: 123456789012 / 1024 is 120563270 in torch and 120563272 in the file. Close to a multiple of the divisor that is another code.
# Write `//` for floor, and for trunc torch.sign(x) * (abs(x) // y); compare the exported file at large sums.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 onnxscript==0.7.2 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 setuptools==80.9.0
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PY'
import contextlib
import io
import logging

import onnxruntime
import torch

logging.disable(logging.WARNING)
torch.set_num_threads(1)
SMALL, SUMS, PRODUCTS = [7, -7, 1000], [16777217, -16777219, 1000000007], [123456789012, -123456789012, 1024 * 16777217]


class Layer(torch.nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def both(function, numbers, kind):
    """What torch computes, and what ONNX Runtime makes of the exported file."""
    layer, x = Layer(function).eval(), torch.tensor(numbers, dtype=kind)
    with contextlib.redirect_stdout(io.StringIO()):
        model = torch.onnx.export(layer, (x,), dynamo=True, verbose=False).model_proto
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (exported,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    return layer(x).tolist(), exported.tolist(), [node.op_type for node in model.graph.node]


seen = {
    "trunc by 1, int32": both(lambda x: torch.div(x, 1, rounding_mode="trunc"), SMALL + SUMS, torch.int32),
    "floor by 1024, int64": both(lambda x: torch.div(x, 1024, rounding_mode="floor"), SMALL + PRODUCTS, torch.int64),
    "// 1024, int64": both(lambda x: x // 1024, SMALL + PRODUCTS, torch.int64),
}
for name, (stated, exported, operators) in seen.items():
    print(f"{name}: torch {stated}, the file {exported} by {operators}")
floors = [value // 1024 for value in SMALL + PRODUCTS]
assert seen["trunc by 1, int32"][:2] == (SMALL + SUMS, [*SMALL, 16777216, -16777220, 1000000000]), "the behaviour has changed"
assert seen["floor by 1024, int64"][:2] == (floors, [*floors[:3], 120563272, -120563272, 16777216]), "the behaviour has changed"
assert seen["// 1024, int64"][:2] == (floors, floors)
PY

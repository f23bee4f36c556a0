#!/usr/bin/env bash
# What a bias does to the integers of a Brevitas convolution: a float one is left out of int(), one of Int8Bias saturates.
#
# brevitas 0.13.4, torch 2.13.0. W4, 4-bit input, bias (1, -2, 0.5), which are 454.0, -908.0 and 227.0 steps of the psum. Without a bias quantizer the
# output is "valid", its int() is the psum without the bias, and the bias stands in `zero_point` as a fraction (-454.004, 908.009, -227.002). Int8Bias counts
# in steps of the psum and clamps to 8 bits: 127, -128, 127, other numbers all three, without a warning. Int32Bias gives
# 454, -908, 227. Whoever takes int() for what an accumulator holds must look at `zero_point`, and needs Int16Bias or wider.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 brevitas==0.13.4 setuptools==80.9.0
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PY'
import brevitas.nn as qnn
import torch
from brevitas.quant import Int8Bias, Int32Bias

torch.manual_seed(0)
relu = qnn.QuantReLU(bit_width=4, return_quant_tensor=True).eval()
codes = relu(torch.rand(1, 2, 4, 4) * 3)
seen = {}
for quantizer in (None, Int8Bias, Int32Bias):
    torch.manual_seed(1)
    layer = qnn.QuantConv2d(2, 3, 3, weight_bit_width=4, bias=True, bias_quant=quantizer, return_quant_tensor=True).eval()
    layer.bias.data = torch.tensor([1.0, -2.0, 0.5])
    output = layer(codes)
    psum = torch.nn.functional.conv2d(codes.int().double(), layer.quant_weight().int().double())
    added = [sorted({int(value) for value in (output.int() - psum)[:, channel].flatten()}) for channel in range(3)]
    whole = bool((output.zero_point == output.zero_point.round()).all())
    steps = [round(float(step), 1) for step in layer.bias / output.scale.flatten()]
    seen[getattr(quantizer, "__name__", "no quantizer")] = (added, whole, bool(output.is_valid))
    print(f"{getattr(quantizer, '__name__', 'no quantizer')}: bias in steps {steps}, int() - psum {added}, zero point {output.zero_point.flatten().tolist()}")
assert seen == {
    "no quantizer": ([[0], [0], [0]], False, True),
    "Int8Bias": ([[127], [-128], [127]], True, True),
    "Int32Bias": ([[454], [-908], [227]], True, True),
}, "the behaviour has changed"
PY

#!/usr/bin/env bash
# mono-quant's symmetric 4-bit weights are all negative: 7 comes back as -1, 0 and everything below it as -8; and its quantize(bits=4) makes 8-bit weights.
#
# mono-quant 1.1 (PyPI, 2026) with torch 2.13.0. The module for 4 bits, QuantizedLinearInt4.from_float, takes 8 steps from each rounded weight before it cuts it to -8..7, and does not add them again when it computes: of a trained grid -7..7 the weights 1..7 come out as -7..-1 and the other eight as -8. No error is raised, as the default. With symmetric=False the signs are right.
# The function that its description gives for "INT4 Quantization (Maximum Compression)", quantize(model, bits=4), gives layers of qint8 with 255 values, and reports success: with dynamic=True and with calibration data alike. Count the values of a layer, and multiply by a unit matrix, before you take codes from it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet mono-quant==1.1 torch==2.13.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PY'
import mono_quant
import torch
from mono_quant.modules.linear import QuantizedLinear, QuantizedLinearInt4

torch.manual_seed(0)
changed = "the behaviour has changed"
codes = torch.arange(128 * 16).reshape(128, 16) % 15 - 7
linear = torch.nn.Linear(16, 128, bias=False)
linear.weight.data = codes.float()

found = QuantizedLinearInt4.from_float(linear)(torch.eye(16)).T
table = {code: found[codes == code].unique().tolist() for code in range(-7, 8)}
print(f"4 bits, symmetric: {', '.join(f'{code} is {values[0]:g}' for code, values in table.items())}")
assert table == {code: [float(max(code - 8, -8))] for code in range(-7, 8)}, changed
found = QuantizedLinearInt4.from_float(linear, symmetric=False)(torch.eye(16)).T
assert (found - codes).abs().max() < 1 and (found.sign() == codes.sign()).all(), "with zero-points the signs are right"

fine = torch.nn.Linear(512, 128, bias=False)
fine.weight.data = torch.linspace(-1, 1, 128 * 512).reshape(128, 512)[:, torch.randperm(512)]
images = [torch.randn(8, 512) for _ in range(100)]
for settings in ({"dynamic": True}, {"calibration_data": images}):
    result = mono_quant.quantize(torch.nn.Sequential(fine), bits=4, **settings)
    layer = result.model[0]
    values = [len(row.unique()) for row in layer(torch.eye(512)).T]
    print(f"quantize(bits=4, {', '.join(settings)}): success {result.success}, {layer.dtype}, up to {max(values)} values in a row of weights")
    assert result.success and type(layer) is QuantizedLinear and layer.dtype == torch.qint8 and max(values) > 16, changed
PY

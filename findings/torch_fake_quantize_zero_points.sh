#!/usr/bin/env bash
# torch trains with one rounding and converts with another: with an odd zero-point, half of all ties differ between fake_quantize and quantize.
#
# torch 2.13.0. `fake_quantize_per_tensor_affine`, the one per channel, the learnable one and `quantized_decomposed` (torch.export) round the quotient to even
# and add the zero-point; `quantize_per_tensor` and `quantize_per_channel` round the sum of both. Of 80 multiples of half a step 40 get another code at
# zero-point 3, none at 2. The engines differ, too: the mean of four codes in avg_pool2d is rounded with the zero-point in it by x86 and fbgemm and
# without it by qnnpack. Zero-points of 0 and 128 never show it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6 setuptools==80.9.0
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PY'
import torch
from torch.ao.quantization.fx._decomposed import quantize_per_tensor

VALUES = torch.arange(-40, 40).float() / 2


def codes(zero):
    """Every way to the codes less the zero-point; scale 1, -128..127."""
    one, point = torch.tensor([1.0]), torch.tensor([zero], dtype=torch.int32)
    return {
        "fake_quantize_per_tensor_affine": torch.fake_quantize_per_tensor_affine(VALUES, 1.0, zero, -128, 127),
        "fake_quantize_per_channel_affine": torch.fake_quantize_per_channel_affine(VALUES[None], one, point, 0, -128, 127)[0],
        "_fake_quantize_learnable": torch._fake_quantize_learnable_per_tensor_affine(VALUES, one, point.float(), -128, 127, 1.0),
        "quantized_decomposed": quantize_per_tensor(VALUES, 1.0, zero, -128, 127, torch.int8).float() - zero,
        "quantize_per_tensor": torch.quantize_per_tensor(VALUES, 1.0, zero, torch.qint8).dequantize(),
        "quantize_per_channel": torch.quantize_per_channel(VALUES[None], one.double(), point.long(), 0, torch.qint8).dequantize()[0],
    }


def differ(zero):
    found = codes(zero)
    first = found["fake_quantize_per_tensor_affine"]
    return {name: int((values != first).sum()) for name, values in found.items()}


print("of 80 values differ from the first, zero-point 2:", differ(2))
print("of 80 values differ from the first, zero-point 3:", differ(3))
pooled = {}
for engine in ("fbgemm", "qnnpack"):
    if engine in torch.backends.quantized.supported_engines:
        torch.backends.quantized.engine = engine
        quads = torch.arange(8).repeat_interleave(4).reshape(8, 1, 2, 2)
        quads[:, :, 1] += 1  # means of k + 1/2
        tensor = torch._make_per_tensor_quantized_tensor(quads.to(torch.uint8), 1.0, 3)
        pooled[engine] = torch.nn.functional.avg_pool2d(tensor, 2).int_repr().flatten().tolist()
print("means of 0.5, 1.5, ... 7.5 at zero-point 3:", pooled)
assert set(differ(2).values()) == {0}, "the behaviour has changed"
assert [*differ(3).values()] == [0, 0, 0, 0, 40, 40], "the behaviour has changed"
assert pooled.get("fbgemm", [0, 2, 2, 4, 4, 6, 6, 8]) == [0, 2, 2, 4, 4, 6, 6, 8], "the behaviour has changed"
assert pooled.get("qnnpack", [1, 1, 3, 3, 5, 5, 7, 7]) == [1, 1, 3, 3, 5, 5, 7, 7], "the behaviour has changed"
PY

#!/usr/bin/env bash
# torchao quantizes any weights to int1 as zeros: a layer of +1 and -1, or of random numbers, comes out as 0 everywhere, and so does what it computes.
#
# torchao 0.18.0, torch 2.13.0, CPU. IntxWeightOnlyConfig and Int8DynamicActivationIntxWeightConfig say that they take torch.intx with 1 <= x <= 8, and with MappingType.SYMMETRIC, their default, the scale is the largest absolute value over half of
# -1..0, which is twice that value: every quotient lies in -0.5..0.5 and rounds to 0. Nothing is raised, and the outputs are zeros. SYMMETRIC_NO_CLIPPING_ERR divides by the largest code, 0, and
# gives NaN; ASYMMETRIC makes -1 or 0 of the weights, which for +1 and -1 is one code for both. At int2 the default makes -4/3 and 2/3 of -1 and +1, and SYMMETRIC_NO_CLIPPING_ERR, which the documentation
# of both does not list, is exact. Preparing for int1 in training raises ("Only int2+ is supported"). Binary weights go in as int2 with SYMMETRIC_NO_CLIPPING_ERR.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torchao==0.18.0 torch==2.13.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - 2> messages.txt <<'PY' || { cat messages.txt; exit 1; }
import torch
from torchao.quantization import Int8DynamicActivationIntxWeightConfig, IntxWeightOnlyConfig, MappingType, PerGroup, quantize_

torch.manual_seed(0)
WEIGHTS = {"signs": torch.sign(torch.randn(4, 32)), "random": torch.randn(4, 32), "positive": torch.rand(4, 32) + 0.1}


def layer(weights, config):
    made = torch.nn.Sequential(torch.nn.Linear(32, 4, bias=False))
    made[0].weight.data = weights.clone()
    quantize_(made, config)
    return made


seen = {}
for name, weights in WEIGHTS.items():
    for kind in (torch.int1, torch.int2):
        for mapping in (MappingType.SYMMETRIC, MappingType.ASYMMETRIC, MappingType.SYMMETRIC_NO_CLIPPING_ERR):
            made = layer(weights, IntxWeightOnlyConfig(weight_dtype=kind, granularity=PerGroup(32), mapping_type=mapping))
            values = made[0].weight.dequantize()
            seen[name, kind, mapping.name] = sorted({round(value, 3) for value in values.ravel().tolist()}) if values.isfinite().all() else "NaN"
            if name == "signs" or kind == torch.int1:
                print(name, kind, mapping.name, seen[name, kind, mapping.name])
    output = layer(weights, Int8DynamicActivationIntxWeightConfig(weight_dtype=torch.int1, weight_granularity=PerGroup(32)))(torch.ones(1, 32))
    print(name, "torch.int1, dynamic activations, output:", output.tolist())
    assert not output.any(), "the behaviour has changed"
    assert seen[name, torch.int1, "SYMMETRIC"] == [0.0], "the behaviour has changed"
    assert seen[name, torch.int1, "SYMMETRIC_NO_CLIPPING_ERR"] == "NaN", "the behaviour has changed"
assert seen["signs", torch.int1, "ASYMMETRIC"] == [0.0], "the behaviour has changed"
assert seen["signs", torch.int2, "SYMMETRIC"] == [-1.333, 0.667], "the behaviour has changed"
assert seen["signs", torch.int2, "SYMMETRIC_NO_CLIPPING_ERR"] == [-1.0, 1.0], "the behaviour has changed"
assert "1 <= x <= 8" in IntxWeightOnlyConfig.__doc__ and "1 <= x <= 8" in Int8DynamicActivationIntxWeightConfig.__doc__, "the documentation has changed"
PY

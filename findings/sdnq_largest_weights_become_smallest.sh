#!/usr/bin/env bash
# SDNQ's unsigned weights of 9 to 15 bits turn the largest weight of every row into the smallest: 1.0 comes back as -1.0.
#
# sdnq 0.2.8 (SD.Next's quantizer, PyPI, 2026) with torch 2.13.0, CPU. The table of its types gives uint9 the largest code 512, uint10 1024, and so on to uint15's 32768, one more than the bits hold. The largest weight of a row, or of a group, gets that code; packed into its bits it is 0, which is the code of the smallest weight. All other weights are right, so a mean error looks small, and one
# weight a row, the largest, has the wrong sign. By `sdnq_post_load_quant` on a model, without an error or a warning. The types of 1 to 8 and of 16 bits, and all signed ones, are right. Take a signed type, or compare the largest weight of every row with what comes back.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 safetensors==0.8.0 numpy==2.4.6
"$folder/venv/bin/pip" install --quiet --no-deps sdnq==0.2.8
cd "$folder"
SDNQ_USE_TORCH_COMPILE=0 "$folder/venv/bin/python" -W ignore - 2> messages.txt <<'PY' || { tail -20 messages.txt; exit 1; }
import torch
from sdnq.quantizer import sdnq_post_load_quant

WEIGHTS = torch.linspace(-1, 1, 64).repeat(32, 1)

for bits in range(1, 17):
    for sign in ("int", "uint"):
        if (sign, bits) == ("int", 1):
            continue
        linear = torch.nn.Linear(64, 32, bias=False)
        linear.weight.data = WEIGHTS.clone()
        model = sdnq_post_load_quant(torch.nn.Sequential(linear), weights_dtype=f"{sign}{bits}", group_size=-1, minimum_allowed_numel=0, minimum_allowed_channel_size=1)
        found = model(torch.eye(64)).T.detach()
        half = 1 / (2**bits - (1 if sign == "uint" else 2))
        wrong = (found - WEIGHTS).abs() > half + 2**-14
        print(f"{sign}{bits}: 1.0 comes back as {found[0, -1]:.4g}, {int(wrong.sum(1).max())} of 64 weights of a row beyond half a step")
        if sign == "uint" and 9 <= bits <= 15:
            assert (found[:, -1] == -1).all() and not wrong[:, :-1].any(), "the behaviour has changed"
        else:
            assert not wrong.any() and (found[:, -1] - 1).abs().max() < 1e-3, "the other types are right"
PY

#!/usr/bin/env bash
# safetensors: 4-bit floats are loaded whole, but not a row of them: every slice is refused, the whole one too, and the shape has two answers.
#
# safetensors 0.8.0 with torch 2.13.0. torch's float4_e2m1fn_x2 holds two numbers in an element: 2 x 4 pairs are written as F4 of shape [2, 8], read by
# `get_tensor` as 2 x 4 again, and stated as [2, 8] by `get_slice(...).get_shape()`. A slice, of rows or columns, takes that shape for elements of
# torch and fails: "shape '[2, 8]' is invalid for input of size 8". With float8_e5m2 of the same bytes all slices work.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet safetensors==0.8.0 torch==2.13.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import torch
from safetensors import safe_open
from safetensors.torch import save_file

BYTES = torch.arange(8, dtype=torch.uint8).reshape(2, 4)


def tried(act):
    try:
        return list(act().shape)
    except RuntimeError as error:
        return str(error)


found = {}
for name in ("float4_e2m1fn_x2", "float8_e5m2"):
    weights = BYTES.view(getattr(torch, name))
    save_file({"w": weights}, f"{name}.safetensors")
    with safe_open(f"{name}.safetensors", "pt") as file:
        whole, part = file.get_tensor("w"), file.get_slice("w")
        assert torch.equal(whole.view(torch.uint8), BYTES)
        found[name] = [part.get_dtype(), part.get_shape(), list(whole.shape), tried(lambda: part[0:1]), tried(lambda: part[:, 0:2]), tried(lambda: part[:])]
    print(name, "is", found[name])
refused = "shape '[2, 8]' is invalid for input of size 8"
assert found["float4_e2m1fn_x2"] == ["F4", [2, 8], [2, 4], refused, refused, refused], "the behaviour has changed"
assert found["float8_e5m2"] == ["F8_E5M2", [2, 4], [2, 4], [1, 4], [2, 2], [2, 4]], "the behaviour has changed"
PY

#!/usr/bin/env bash
# ExecuTorch adds integers along a dimension in float32 if the sum has their type: 16777217 + 0 of int64 is 16777216, by `x.sum(1)` alone.
#
# executorch 1.5.1 with torch 2.13.0, the portable kernels of its Python runtime. torch adds int64 in int64, so x.sum(1) of int64 is such a sum, and x.sum(1, dtype=torch.int32) of int32 too: the kernel's accumulator is a float32, and from 2^24 on sums lose their low bits. The sum of all elements, a sum that widens (int32 to int64) and
# cumsum are exact, so the same psums are right in one place and wrong in another. floor and ceil of int32 and int64, which change nothing in torch, pass through float32, too. Nothing is said when the program is exported or run.
# Keep int64 out of sums along a dimension (int32 codes whose sum is int64 are right), take cumsum's last element, or multiply by ones.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 executorch==1.5.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - 2> messages.txt <<'PY' || { cat messages.txt; exit 1; }
import torch
from executorch.exir import to_edge
from executorch.runtime import Runtime, Verification

EXACT = {
    "sum()": lambda values: values.sum(),
    "sum((0, 1))": lambda values: values.sum((0, 1)),
    "cumsum(1)": lambda values: values.cumsum(1),
    "@ ones": lambda values: values @ torch.ones(values.shape[1], 1, dtype=values.dtype),
}
FLOATS = {
    "sum(1) of its type": lambda values: values.sum(1, dtype=values.dtype),
    "sum(0) of its type": lambda values: values.sum(0, dtype=values.dtype),
    "floor()": lambda values: values.floor(),
    "ceil()": lambda values: values.ceil(),
}
DEFAULT = {"sum(1)": lambda values: values.sum(1)}


class Graph(torch.nn.Module):
    def __init__(self, functions):
        super().__init__()
        self.functions = list(functions.values())

    def forward(self, values):
        return tuple(function(values) for function in self.functions)


def exported(functions, values):
    """What torch and the exported program compute."""
    graph = Graph(functions)
    program = to_edge(torch.export.export(graph, (values,))).to_executorch()
    method = Runtime.get().load_program(program.buffer, verification=Verification.Minimal).load_method("forward")
    return dict(zip(functions, zip(graph(values), method.execute([values]))))


for kind in (torch.int32, torch.int64):
    psums = torch.tensor([[2**24 + 1, 0], [2**24, 1], [1, 2], [-(2**24) - 3, 0]], dtype=kind)
    for name, (right, found) in exported(EXACT | FLOATS | DEFAULT, psums).items():
        print(f"{kind}, {name}: torch {right.flatten().tolist()}, ExecuTorch {found.flatten().tolist()}")
        assert right.dtype == found.dtype
        exact = name in EXACT or (name in DEFAULT and kind == torch.int32)
        assert torch.equal(right, found) == exact, "the behaviour has changed"
        if name.startswith("sum(1)") and not exact:
            assert found.tolist() == [2**24, 2**24, 3, -(2**24) - 4], "the behaviour has changed"
        if name in ("floor()", "ceil()"):
            assert torch.equal(right, psums) and torch.equal(found, psums.float().to(kind)), "the behaviour has changed"
small = torch.tensor([[2**23, 1], [-(2**23), 5]])
assert all(torch.equal(right, found) for right, found in exported(EXACT | FLOATS | DEFAULT, small).values()), "up to 2^24 all is exact"
PY

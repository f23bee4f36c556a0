#!/usr/bin/env bash
# ExecuTorch gives the remainder of an integer the sign of the dividend where torch gives it the divisor's: -7 % 3 is -1 and not 2, so a psum that is wrapped by % is wrong below its range.
#
# executorch 1.5.1 with torch 2.13.0, the portable kernels of its Python runtime. torch.remainder, also written %, has the sign of the divisor, and is exported without a message; the kernel for int8, int32 and int64 computes the remainder of C, for a divisor that is a number as for a tensor. Floats are right, and so are
# `//` (down) and torch.fmod (sign of the dividend), so that a // b * b + a % b is not a any more. (psum + 128) % 256 - 128, the usual way to state a register of eight bits, gives -200 for -200 in place of 56. It is right only from -128 up, so tests with small negative numbers pass.
# Write `psum - (psum + 128) // 256 * 256`, and compare the exported program with the module on negative numbers.
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

FUNCTIONS = {
    "% 3": lambda values: values % 3,
    "% -3": lambda values: values % -3,
    "% tensor": lambda values: torch.remainder(values, torch.full_like(values, 3)),
    "// 3": lambda values: values // 3,
    "fmod 3": lambda values: torch.fmod(values, 3),
}
WRAP = {"wrapped by %": lambda psums: (psums + 128) % 256 - 128, "wrapped by //": lambda psums: psums - torch.div(psums + 128, 256, rounding_mode="floor") * 256}


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


for kind in (torch.int8, torch.int32, torch.int64, torch.float32):
    values = torch.tensor([-7, -3, -1, 0, 2, 7]).to(kind)
    for name, (right, found) in exported(FUNCTIONS, values).items():
        print(f"{kind}, {values.int().tolist()} {name}: torch {right.int().tolist()}, ExecuTorch {found.int().tolist()}")
        assert right.dtype == found.dtype == kind
        if name[0] == "%" and kind != torch.float32:
            assert found.tolist() == torch.fmod(values, -3 if "-" in name else 3).tolist() != right.tolist(), "the behaviour has changed"
        else:
            assert torch.equal(right, found), "floats, `//` and fmod are right"
psums = torch.tensor([-200, -129, -128, 127, 128, 200])
for name, (right, found) in exported(WRAP, psums).items():
    print(f"{psums.tolist()} {name}: torch {right.tolist()}, ExecuTorch {found.tolist()}")
    assert right.tolist() == psums.to(torch.int8).tolist(), "torch wraps to eight bits"
    assert found.tolist() == ([-200, -129, -128, 127, -128, -56] if "%" in name else right.tolist()), "the behaviour has changed"
PY

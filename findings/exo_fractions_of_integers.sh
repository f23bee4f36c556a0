#!/usr/bin/env bash
# Exo: a fraction beside an integer becomes an integer first: `psum[i] * 0.75` of i32 is 0 for every psum, without a word.
#
# exo-lang 1.0.0, whose numbers are reals until a type is chosen for their memory. With psums of f32 the same line is three quarters of each; with i32 the
# C it writes is `psum[i] * ((int32_t) 0.75)`, so scales below 1 are 0, 1.5 is 1, and -0.5 is 0. Nothing is checked and nothing said, though it does
# refuse to multiply ui8 by i8. `psum[i] * 3.0 / 4.0` is what was meant, rounded towards zero as C divides.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet exo-lang==1.0.0 numpy==2.4.6
cd "$folder"
cat > scales.py <<'PY'
from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path

import numpy as np
from exo import proc

PSUMS = np.array([-200, -9, -1, 0, 1, 9, 100, 1000])


@proc
def of_floats(n: size, psum: f32[n], y: f32[n]):
    for i in seq(0, n):
        y[i] = psum[i] * 0.75


@proc
def three_quarters(n: size, psum: i32[n], y: i32[n]):
    for i in seq(0, n):
        y[i] = psum[i] * 0.75


@proc
def one_and_a_half(n: size, psum: i32[n], y: i32[n]):
    for i in seq(0, n):
        y[i] = psum[i] * 1.5


@proc
def by_integers(n: size, psum: i32[n], y: i32[n]):
    for i in seq(0, n):
        y[i] = psum[i] * 3.0 / 4.0


def values(one, kind):
    name = one.name()
    code = one.c_code_str()
    print(next(line.strip() for line in code.splitlines() if "y[i] =" in line))
    source = "".join(line + "\n" for line in code.splitlines() if f'"{name}.h"' not in line)
    Path(f"{name}.c").write_text(source)
    subprocess.run(["cc", "-O1", "-w", "-shared", "-fPIC", "-o", f"{name}.so", f"{name}.c"], check=True)
    psums, found = PSUMS.astype(kind), np.zeros(len(PSUMS), kind)
    pointers = [ctypes.c_void_p(one.ctypes.data) for one in (psums, found)]
    getattr(ctypes.CDLL(f"./{name}.so"), name)(None, ctypes.c_long(len(PSUMS)), *pointers)
    print("  ", found.tolist())
    return found.tolist()


assert values(of_floats, np.float32) == (PSUMS * 0.75).tolist()
assert values(three_quarters, np.int32) == [0] * len(PSUMS), "the behaviour has changed"
assert values(one_and_a_half, np.int32) == PSUMS.tolist(), "the behaviour has changed"
assert values(by_integers, np.int32) == [int(one * 3 / 4) for one in PSUMS], "the behaviour has changed"
PY
"$folder/venv/bin/python" scales.py

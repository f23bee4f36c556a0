#!/usr/bin/env bash
# np2hw leaves casts out of the Verilog it makes of a numpy function: `((x * 77) >> 6).astype(np.int8)` wraps in numpy and is up to 306 in the hardware, while `((x * 77) // 64).astype(np.int8)`, the same in numpy, wraps in both.
#
# np2hw 0.6.1, numpy 2.4.6, Icarus Verilog 11 (Debian 12's). It traces a numpy function into a streaming core and states that "the same NumPy function is the spec, the hardware, and the validation reference", with "faithful dtypes: uint8 wraps unless widened with astype". What is written with `>>`, a comparison or a
# product of two values is kept as an expression, whose `astype` is dropped and whose sums do not wrap, and an input that is read as int8 stays unsigned, so that 200 is 200 and not -56. Expected is what the function gives on the array, for all 256 codes: of `(x >> 1) + x` in uint8 85 are others (300 in place of 44 for 200), of a requantization
# with a shift 149 (240 in place of -16), of `x.astype(np.int8)` 128. The core's port has as many bits as the value needs, so nothing is cut at the edge either. Nothing is raised. `//` of a power of two, `*` with a number and `clip` do as numpy does.
# Clip to the range of the type before each narrowing cast, `.clip(0, 255).astype(np.uint8)`, take the zero-point off a signed input by a subtraction, and compare all codes of the input with the array function.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet np2hw==0.6.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import subprocess
from pathlib import Path

import numpy as np
from np2hw import Image2D, generate, to_ir
from np2hw.verilog import testbench

CODES = np.arange(256, dtype=np.uint8).reshape(16, 16)
FUNCTIONS = {
    "((x * 77) // 64).astype(int8)": lambda x: ((x.astype(np.int32) * 77) // 64).astype(np.int8),
    "((x * 77) >> 6).astype(int8)": lambda x: ((x.astype(np.int32) * 77) >> 6).astype(np.int8),
    "(x >> 1) + x": lambda x: (x >> 1) + x,
    "((x >> 1) + x).clip(0, 255)": lambda x: ((x.astype(np.uint16) >> 1) + x.astype(np.uint16)).clip(0, 255).astype(np.uint8),
    "(x >> 1) * x": lambda x: (x >> 1) * x,
    "x.astype(int8)": lambda x: x.astype(np.int8),
    "(x * -3).astype(int8)": lambda x: (x.astype(np.int16) * -3).astype(np.int8),
    "where(((x >> 1) + x) > 100, x, x >> 1)": lambda x: np.where(((x >> 1) + x) > 100, x, x >> 1),
}


def hardware(function):
    """What the core made of the function gives for all codes, in its own test bench."""
    _, traced = to_ir(function, Image2D("x", 16, 16, bits=8))
    core = generate(traced, module_name="core")
    Path("core.v").write_text(core["verilog"] + "\n")
    Path("tb.v").write_text(testbench(core, 16, 16, {}) + "\n")
    Path("in.hex").write_text("".join(f"{code:02x}\n" for code in CODES.ravel()))
    subprocess.run(["iverilog", "-o", "tb.vvp", "core.v", "tb.v"], check=True)
    subprocess.run(["vvp", "-n", "tb.vvp"], check=True, stdout=subprocess.DEVNULL)
    return np.loadtxt("out.txt", dtype=np.int64), core["interface"]["output"]["data_bits"]


seen = {}
for name, function in FUNCTIONS.items():
    expected = function(CODES).ravel()
    found, bits = hardware(function)
    wrong = np.flatnonzero(found != expected.astype(np.int64))
    seen[name] = len(wrong)
    first = f", first x = {wrong[0]}: {found[wrong[0]]} in place of {expected[wrong[0]]}" if len(wrong) else ""
    print(f"{name}: {expected.dtype} in numpy, {bits} bits in the core, {len(wrong)} of 256 differ{first}; x = 200: {found[200]}, numpy {expected[200]}")
print(list(seen.values()))
assert list(seen.values()) == [0, 149, 85, 0, 232, 128, 0, 67], "the behaviour has changed"
PY

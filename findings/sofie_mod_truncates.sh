#!/usr/bin/env bash
# SOFIE writes ONNX's Mod of integers as the % of C++: -7 mod 256, which wraps a psum to 8 bits, is -7 and not 249; with fmod=1 it passes through double.
#
# sofie 0.1.0 (PyPI, 2026: CERN's translation of ONNX files to C++), compiled by g++. ONNX's Mod of integers has the sign of the divisor, by its default fmod=0; C++'s has the sign of the dividend. With fmod=1, which asks for the sign of the dividend, int64 goes by way of std::fmod of doubles and is wrong beyond 2^53. So the parser exchanges what is right for what it does in
# both: fmod=0 is right for numbers of one sign alone, and images and unsigned codes show nothing. Div of integers truncates, as ONNX's does, and is right. Add a multiple of the divisor before a Mod, or run the compiled code on negative numbers.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet sofie==0.1.0 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - 2> messages.txt <<'PY' || { tail -20 messages.txt; exit 1; }
import re
import subprocess

import numpy as np
import onnxruntime
import sofie
from onnx import TensorProto, checker, helper, numpy_helper

KINDS = {"int32": (TensorProto.INT32, "int32_t"), "int64": (TensorProto.INT64, "int64_t")}


def both(operator, numbers, divisor, **attributes):
    """What ONNX Runtime makes of integers and a constant divisor, and what the compiled C++ makes of them."""
    kind, word = KINDS[str(numbers.dtype)]
    ends = [helper.make_tensor_value_info(name, kind, [numbers.size]) for name in ("x", "y")]
    node = helper.make_node(operator, ["x", "d"], ["y"], **attributes)
    constant = numpy_helper.from_array(np.array([divisor], numbers.dtype), "d")
    made = helper.make_model(helper.make_graph([node], "one", ends[:1], ends[1:], [constant]), opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    checker.check_model(made, full_check=True)
    with open("one.onnx", "wb") as file:
        file.write(made.SerializeToString())
    model = sofie.onnx.parse("one.onnx")
    model.generate()
    model.output_generated("one.hxx")
    with open("one.hxx") as file:
        space = re.search(r"namespace (\w+)", file.read()).group(1)
    with open("one.cpp", "w") as file:
        file.write(
            f'#include "one.hxx"\n#include <cstdio>\nint main() {{ {word} x[] = {{{", ".join(f"{number}LL" for number in numbers.tolist())}}}; {space}::Session session; '
            'for (auto y : session.infer(x)) std::printf("%lld ", (long long)y); }'
        )
    subprocess.run(["g++", "-std=c++20", "-O1", "-w", "one.cpp", "-o", "one"], check=True)
    printed = subprocess.run(["./one"], check=True, capture_output=True, text=True).stdout
    runtime = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    return runtime.run(None, {"x": numbers})[0].tolist(), [int(number) for number in printed.split()]


psums = np.array([7, -7, 200, -200, 256, -256, -1], np.int32)
for divisor in (256, 3, -3):
    one, other = both("Mod", psums, divisor)
    print(f"{psums.tolist()} mod {divisor}: ONNX Runtime {one}, SOFIE {other}")
    assert one == [int(number) % divisor for number in psums] and other == np.fmod(psums, divisor).tolist() and one != other, "the behaviour has changed"
one, other = both("Mod", psums, 3, fmod=1)
assert one == other == np.fmod(psums, 3).tolist(), "of small numbers fmod=1 is right"
large = np.array([2**53 + 1, -(2**53) - 1, 5], np.int64)
one, other = both("Mod", large, 3, fmod=1)
print(f"{large.tolist()} mod 3 with fmod=1: ONNX Runtime {one}, SOFIE {other}")
assert other == np.fmod(large.astype(np.float64), 3).astype(int).tolist(), "the behaviour has changed"
one, other = both("Div", psums, 4)
assert one == other == [int(number / 4) for number in psums], "a Div truncates in both"
PY

#!/usr/bin/env bash
# The scale of a microscaling (MX) block, E8M0: of a block of zeros it is NaN or 2^-127, and onnx's reference doubles the smallest one and contradicts its own table twice.
#
# onnx 1.23.2, onnxruntime 1.32.0, ml_dtypes 0.6.0, torch 2.13.0. An E8M0 byte is a power of two, 2^-127 to 2^127, or NaN; it has no zero. ONNX's Cast (opset 24 and later) states by a table what special values become: in its default (saturate, round
# up) zero and what is below the range become the smallest, 2^-127, infinity the largest, 2^127; without saturation, to nearest, zero is NaN. ONNX Runtime does so. The standard's own ReferenceEvaluator
# makes NaN of infinity in the first and 2^-127 of zero in the second, and rounds 2^-127, which E8M0 holds exactly, up to 2^-126; it does not do that with any other power of two. A cast by ml_dtypes
# (what numpy and JAX have) makes NaN of zero, one by torch 2^-127, though both saturate alike elsewhere. So a block that a ReLU or pruning emptied is 0 times 2^-127 with one library and NaN
# in every value with the other: look for empty blocks before the scale is cast, and judge casts to E8M0 by ONNX Runtime.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnx==1.23.2 onnxruntime==1.32.0 ml_dtypes==0.6.0 torch==2.13.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PY'
import math

import ml_dtypes
import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

VALUES = np.array([0, 2.0**-127, 2.0**-126, 2.0**-125, 3, 2.0**127, math.inf], np.float32)


def cast(saturate, mode):
    nodes = [
        helper.make_node("Cast", ["x"], ["scale"], to=TensorProto.FLOAT8E8M0, saturate=saturate, round_mode=mode),
        helper.make_node("Cast", ["scale"], ["y"], to=TensorProto.FLOAT),
    ]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, VALUES.shape) for name in ("x", "y")]
    graph = helper.make_graph(nodes, "scales", ends[:1], ends[1:])
    file = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 24)], ir_version=11)
    onnx.checker.check_model(file, full_check=True)
    return file


def exponents(values):
    return ["nan" if math.isnan(value) else int(math.log2(value)) for value in np.asarray(values, np.float32).tolist()]


seen = {}
for name, saturate, mode in (("saturate, up", 1, "up"), ("no saturation, nearest", 0, "nearest")):
    file = cast(saturate, mode)
    session = onnxruntime.InferenceSession(file.SerializeToString(), providers=["CPUExecutionProvider"])
    seen[f"onnxruntime, {name}"] = exponents(session.run(None, {"x": VALUES})[0])
    seen[f"reference, {name}"] = exponents(ReferenceEvaluator(file).run(None, {"x": VALUES})[0])
seen["ml_dtypes"] = exponents(VALUES.astype(ml_dtypes.float8_e8m0fnu).astype(np.float32))
seen["torch"] = exponents(torch.tensor(VALUES).to(torch.float8_e8m0fnu).to(torch.float32).numpy())
print("exponents of the scales of 0, 2^-127, 2^-126, 2^-125, 3, 2^127, infinity:")
for name, found in seen.items():
    print(f"{name}: {found}")
print("0 times the scale of a block of zeros:", np.float32(0) * np.float32(VALUES[:1].astype(ml_dtypes.float8_e8m0fnu)[0]), "(ml_dtypes)")
assert seen == {
    "onnxruntime, saturate, up": [-127, -127, -126, -125, 2, 127, 127],
    "reference, saturate, up": [-127, -126, -126, -125, 2, 127, "nan"],
    "onnxruntime, no saturation, nearest": ["nan", -127, -126, -125, 2, 127, "nan"],
    "reference, no saturation, nearest": [-127, -127, -126, -125, 2, 127, "nan"],
    "ml_dtypes": ["nan", -127, -126, -125, 2, 127, "nan"],
    "torch": [-127, -127, -126, -125, 2, 127, "nan"],
}, "the behaviour has changed"
PY

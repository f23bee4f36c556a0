#!/usr/bin/env bash
# onnx2torch runs a CumSum without the attribute "reverse" from the end: 1, 2, 3 become 6, 5, 3 in place of 1, 3, 6. Those of int32 become int64.
#
# onnx2torch 1.5.15 with torch 2.13.0. The attribute's default in the standard is 0, from the front, so that files may leave it out; onnx2torch takes 1. Written out as 0 it is right, and so is "exclusive". Nothing is said.
# int32 sums come back as int64: they do not wrap, and 2147483647 + 1 is 2147483648 where ONNX Runtime and hardware give -2147483648. Write `reverse=0` into the node before you convert, or compare with ONNX Runtime.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
"$folder/venv/bin/pip" install --quiet --no-deps onnx2torch==1.5.15
cd "$folder"
# onnx2torch imports torchvision for NonMaxSuppression and RoiAlign alone; an empty stand-in spares the download.
mkdir torchvision
echo "from . import ops" > torchvision/__init__.py
echo "batched_nms = nms = roi_align = None" > torchvision/ops.py
"$folder/venv/bin/python" -W ignore - <<'PY'
import numpy as np
import onnx
import onnx2torch
import onnxruntime
import torch
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator


def three(values, **attributes):
    """A CumSum along axis 0 by ONNX Runtime, by ONNX's reference and by onnx2torch."""
    kind = helper.np_dtype_to_tensor_dtype(values.dtype)
    ends = [helper.make_tensor_value_info(name, kind, values.shape) for name in "xy"]
    node = helper.make_node("CumSum", ["x", "axis"], ["y"], **attributes)
    made = helper.make_model(helper.make_graph([node], "one", ends[:1], ends[1:], [numpy_helper.from_array(np.int64(0), "axis")]), opset_imports=[helper.make_opsetid("", 14)], ir_version=10)
    onnx.checker.check_model(made, full_check=True)
    runtime = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"x": values})[0]
    reference = ReferenceEvaluator(made).run(None, {"x": values})[0]
    found = onnx2torch.convert(made).eval()(torch.from_numpy(values))
    return runtime.tolist(), reference.tolist(), found.tolist(), str(found.dtype)


values = np.array([1, 2, 3], np.int32)
seen = {
    "no attribute": three(values),
    "exclusive=1": three(values, exclusive=1),
    "reverse=0": three(values, reverse=0),
    "reverse=1": three(values, reverse=1),
    "beyond int32": three(np.array([2147483647, 1], np.int32), reverse=0),
}
for name, (runtime, reference, found, kind) in seen.items():
    print(f"{name}: onnxruntime {runtime}, onnx2torch {found} as {kind}")
    assert runtime == reference, "ONNX's reference agrees with ONNX Runtime"
    assert kind == "torch.int64", "the behaviour has changed"
assert seen["no attribute"][0] == [1, 3, 6] and seen["no attribute"][2] == [6, 5, 3], "the behaviour has changed"
assert seen["exclusive=1"][0] == [0, 1, 3] and seen["exclusive=1"][2] == [5, 3, 0], "the behaviour has changed"
for name in ("reverse=0", "reverse=1"):
    assert seen[name][0] == seen[name][2], f"{name} is right"
assert seen["beyond int32"][0] == [2147483647, -2147483648] and seen["beyond int32"][2] == [2147483647, 2147483648], "the behaviour has changed"
PY

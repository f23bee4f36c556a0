#!/usr/bin/env bash
# ONNX Runtime adds the same two 8-bit codes to two different codes, depending on whether one operand is broadcast.
#
# onnxruntime 1.32.0 on x86 with FMA. QLinearAdd has one kernel for two tensors of one shape and others for a scalar operand, which sum
# their float32 constants in another order: of the 65,536 pairs of codes some differ by 1. The formula of the first is
# fma(a, sa/sc, fma(b, sb/sc, zc - fma(sa/sc, za, sb/sc * zb))), rounded half to even: neither dequantize-add-quantize nor the exact sum.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

f32, f64 = np.float32, np.float64
a, b = np.indices((256, 256), np.uint8)


def add(first, second, sa, sb, sc, za, zb, zc):
    constants = {"sa": sa, "sb": sb, "sc": sc, "za": za, "zb": zb, "zc": zc, "b": second}
    tensors = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    ends = [helper.make_tensor_value_info(name, TensorProto.UINT8, None) for name in ("a", "y")]
    node = helper.make_node("QLinearAdd", ["a", "sa", "za", "b", "sb", "zb", "sc", "zc"], ["y"], domain="com.microsoft")
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    graph = helper.make_graph([node], "one", ends[:1], ends[1:], tensors)
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"a": first})[0].astype(int)


def formula(sa, sb, sc, za, zb, zc):
    ra, rb = sa / sc, sb / sc
    fixed = f32(zc) - f32(f64(ra) * f64(za) + f64(f32(rb * f32(zb))))
    partial = (b * f64(rb) + f64(fixed)).astype(f32)
    return np.clip(np.rint((a * f64(ra) + partial.astype(f64)).astype(f32)), 0, 255)


differ = wrong = 0
for seed in range(6):
    rng = np.random.default_rng(seed)
    sa, sb, sc = np.exp(rng.uniform(-6, -2, 3)).astype(f32)
    sc = (sa + sb) * f32(0.8)
    scales = (sa, sb, sc, *(np.uint8(zero) for zero in rng.integers(0, 256, 3)))
    plain, broadcast = add(a, b, *scales), add(np.arange(256, dtype=np.uint8)[:, None], np.arange(256, dtype=np.uint8)[None, :], *scales)
    differ += int((plain != broadcast).sum())
    wrong += int((plain != formula(*scales)).sum())
print(f"of 6 times 65,536 pairs: {differ} differ with and without broadcasting; {wrong} differ from the formula")
assert differ > 0 and wrong == 0, "the behaviour has changed"
PY

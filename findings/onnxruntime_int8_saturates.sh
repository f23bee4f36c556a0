#!/usr/bin/env bash
# ONNX Runtime's default 8-bit convolution is wrong by dozens of codes on x86 processors with AVX2 and without VNNI: products saturate.
#
# onnxruntime 1.32.0. Codes u8 times weights s8 are added in pairs to 16 bits (vpmaddubsw), which saturates from 32767 on: two products of
# 255 * 127 do not fit. The file is valid, quantize_static's defaults write such files, and nothing warns. Weights within -64..64
# (reduce_range) or the session option session.x64quantprecision = 1 give exact sums; signed codes are exact in any case. One file
# therefore gives other codes on another processor.
set -euo pipefail
if [ "$(uname -m)" != x86_64 ] || ! grep -q avx2 /proc/cpuinfo || grep -q vnni /proc/cpuinfo; then
    echo "nothing to see here: this processor has other instructions than AVX2 without VNNI"
    exit 0
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import numpy as np
import onnxruntime
from onnx import helper, numpy_helper

rng = np.random.default_rng(0)
WEIGHT = rng.integers(0, 128, (40, 16), np.int8)


def answer(kind, weight, entries):
    x = np.random.default_rng(1).integers(np.iinfo(kind).min, np.iinfo(kind).max, (64, 40), kind, endpoint=True)
    constants = {"xs": np.float32(1), "xz": kind(0), "w": weight, "ws": np.float32(1), "wz": np.int8(0), "ys": np.float32(4000), "yz": kind(0)}
    tensors = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    dtype = helper.np_dtype_to_tensor_dtype(np.dtype(kind))
    ends = [helper.make_tensor_value_info(name, dtype, sizes) for name, sizes in (("x", [64, 40]), ("y", [64, 16]))]
    node = helper.make_node("QLinearMatMul", ["x", "xs", "xz", "w", "ws", "wz", "ys", "yz"], ["y"])
    graph = helper.make_graph([node], "one", ends[:1], ends[1:], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    for key in entries:
        options.add_session_config_entry(key, "1")
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    found = session.run(None, {"x": x})[0].astype(int)
    info = np.iinfo(kind)
    exact = np.clip(np.rint((x.astype(np.int64) @ weight.astype(np.int64)) / 4000), info.min, info.max)
    return int((found != exact).sum()), int(abs(found - exact).max())


OPTION = "session.x64quantprecision"
print("of 1,024 codes (number wrong, largest error):")
seen = {
    "u8, defaults": answer(np.uint8, WEIGHT, []),
    "u8, weights up to 64": answer(np.uint8, WEIGHT // 2, []),
    "u8, " + OPTION: answer(np.uint8, WEIGHT, [OPTION]),
    "s8, defaults": answer(np.int8, WEIGHT, []),
}
for name, value in seen.items():
    print(f"{name}: {value}")
assert seen["u8, defaults"][0] > 0, "the behaviour has changed"
assert all(value == (0, 0) for name, value in list(seen.items())[1:]), "the behaviour has changed"
PY

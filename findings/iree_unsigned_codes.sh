#!/usr/bin/env bash
# IREE computes MaxPool, Clip and Div of uint8 tensors of an ONNX file as if they were signed.
#
# iree-base-compiler and iree-base-runtime 3.13.0, onnx 1.23.2. The importer keeps uint8 as a type without a sign, and these operators then take the
# signed meaning: the largest of 120, 130, 200 and 5 is 120, Clip to 10..200 makes 200 of everything (200 is -56), and 255 / 2 is 0. ONNX Runtime and ONNX's
# reference give 200, the codes within 10..200, and 127. Max, QuantizeLinear, DequantizeLinear, ConvInteger and MatMulInteger are right, so a quantized network
# with uint8 activations, where MaxPool stands between the integer layers, runs, and gives wrong codes only where one reaches 128.
# Results come back as int8 arrays, too: 203 reads -53. With codes of 4 bits (0..15) or int8 none of this is seen.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet iree-base-compiler==3.13.0 iree-base-runtime==3.13.0 onnx==1.23.2 onnxruntime==1.32.0
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import subprocess
import sys

import iree.compiler.tools as compiler
import iree.runtime as runtime
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

CODES = np.array([120, 130, 127, 128, 200, 5, 255, 0], np.uint8)


def model(kind, sizes, out, constants, **attributes):
    ends = [helper.make_tensor_value_info(n, TensorProto.UINT8, s) for n, s in (("x", sizes), ("y", out))]
    node = helper.make_node(kind, ["x", *constants], ["y"], **attributes)
    tensors = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph([node], "one", ends[:1], ends[1:], tensors)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9)
    onnx.checker.check_model(made)
    return made


def by_iree(made, codes):
    onnx.save(made, "one.onnx")
    subprocess.run([sys.executable, "-m", "iree.compiler.tools.import_onnx", "one.onnx", "-o", "one.mlir"], check=True)
    flags = ["--iree-llvmcpu-target-cpu=generic"]
    binary = compiler.compile_file("one.mlir", input_type="onnx", target_backends=["llvm-cpu"], extra_args=flags)
    context = runtime.SystemContext(config=runtime.Config("local-sync"))
    context.add_vm_module(runtime.VmModule.copy_buffer(context.instance, binary))
    return context.modules.module["one"](codes).to_host()


pool = model("MaxPool", [1, 1, 2, 4], [1, 1, 1, 2], {}, kernel_shape=[2, 2], strides=[2, 2])
cases = {
    "MaxPool": (pool, CODES.reshape(1, 1, 2, 4)),
    "Max with 126": (model("Max", [8], [8], {"b": np.full(8, 126, np.uint8)}), CODES),
    "Clip 10..200": (model("Clip", [8], [8], {"low": np.uint8(10), "high": np.uint8(200)}), CODES),
    "Div by 2": (model("Div", [8], [8], {"b": np.full(8, 2, np.uint8)}), CODES),
}
seen = {}
for name, (made, codes) in cases.items():
    session = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    right, found = session.run(None, {"x": codes})[0], by_iree(made, codes)
    seen[name] = (right.ravel().tolist(), found.view(np.uint8).ravel().tolist(), str(found.dtype))
    print(f"{name}: ONNX Runtime {seen[name][0]}, IREE {seen[name][1]}, returned as {seen[name][2]}")
assert seen["MaxPool"] == ([200, 255], [120, 127], "int8"), "the behaviour has changed"
assert seen["Clip 10..200"][0] != seen["Clip 10..200"][1] == [200] * 8, "the behaviour has changed"
assert seen["Div by 2"][0][6] == 127 and seen["Div by 2"][1][6] == 0, "the behaviour has changed"
PY

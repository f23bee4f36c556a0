#!/usr/bin/env bash
# TVM resizes an ONNX Resize by the quotient of the sizes in place of the scale that the file states: of seven pixels halved it takes 1, 3, 5 and not 0, 2, 4, and int32 codes pass through float32.
#
# apache-tvm 0.27.0.post1 (relax, llvm, x86-64), onnx 1.23.2. Seven pixels at a scale of 0.5 are three; ONNX maps places by the scale, whatever the sizes came out as, and so do ONNX Runtime and ONNX's reference: with the default modes
# places 0.5, 2.5, 4.5 and pixels 0, 2, 4. TVM divides 7 by 3 and takes pixels 1, 3, 5; five pixels at 0.5 become 1 and 3 in place of 0 and 2, and of nine enlarged by 1.5 (to 13) others differ, too; mode linear blends
# others. With 8 pixels and 0.5, where the quotient is the scale, both agree. And a Resize that only repeats int32 or int64 numbers makes 16777216 of 16777217. State `sizes` that divide,
# or cut the plane to a whole number of steps in front of it; resize codes and not psums.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet apache-tvm==0.27.0.post1 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - 2> messages.txt <<'PY' || { cat messages.txt; exit 1; }
import numpy as np
import onnx
import onnxruntime
import tvm
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from tvm import relax
from tvm.relax.frontend.onnx import from_onnx


def all_three(pixels, scale, **attributes):
    """A plane of equal rows, resized along its columns, by ONNX Runtime, ONNX's reference and TVM."""
    plane = np.tile(pixels, (1, 1, 2, 1))
    shape = [1, 1, 2, int(len(pixels) * scale)]
    of = helper.np_dtype_to_tensor_dtype(plane.dtype)
    ends = [helper.make_tensor_value_info("x", of, plane.shape), helper.make_tensor_value_info("y", of, shape)]
    scales = numpy_helper.from_array(np.array([1, 1, 1, scale], np.float32), "scales")
    graph = helper.make_graph([helper.make_node("Resize", ["x", "", "scales"], ["y"], **attributes)], "one", ends[:1], ends[1:], [scales])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9)
    onnx.checker.check_model(made, full_check=True)
    session = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    module = relax.transform.LegalizeOps()(relax.transform.DecomposeOpsForInference()(from_onnx(made)))
    machine = relax.VirtualMachine(tvm.compile(module, target="llvm"), tvm.cpu())
    found = session.run(None, {"x": plane})[0], ReferenceEvaluator(made).run(None, {"x": plane})[0], machine["main"](tvm.runtime.tensor(plane)).numpy()
    return [each[0, 0, 0].tolist() for each in found]


seen = {}
for count, scale in ((8, 0.5), (7, 0.5), (5, 0.5), (9, 1.5)):
    for mode in ("nearest", "linear"):
        seen[count, scale, mode] = all_three(np.arange(count, dtype=np.float32), scale, mode=mode)
        print(f"{count} pixels, scale {scale}, {mode}: onnxruntime {seen[count, scale, mode][0]}, TVM {seen[count, scale, mode][2]}")
repeated = all_three(np.array([2**24 + 1, 5], np.int32), 2.0, mode="nearest")
print(f"int32, scale 2, nearest: onnxruntime {repeated[0]}, TVM {repeated[2]}")
for (count, *_), (right, reference, by_tvm) in seen.items():
    assert np.allclose(right, reference), "both follow the scale"
    assert np.allclose(right, by_tvm) == (count == 8), "the behaviour has changed"
assert seen[7, 0.5, "nearest"][0] == [0, 2, 4] and seen[7, 0.5, "nearest"][2] == [1, 3, 5], "the behaviour has changed"
assert seen[5, 0.5, "nearest"][0] == [0, 2] and seen[5, 0.5, "nearest"][2] == [1, 3], "the behaviour has changed"
assert repeated[0] == repeated[1] == [2**24 + 1, 2**24 + 1, 5, 5] and repeated[2] == [2**24, 2**24, 5, 5], "the behaviour has changed"
PY

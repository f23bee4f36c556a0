#!/usr/bin/env bash
# onnx's reference resizes with "align_corners" without aligning the corners: nine pixels halved to four are taken at 0, 2.29, 4.57 and 6.86 and not at 0, 2.67, 5.33 and 8.
#
# onnx 1.23.2, its ReferenceEvaluator, and ONNX Runtime 1.32.0. Resize by scales makes floor(length * scale) pixels, 4 of 9 at 0.5. The operator's formula for align_corners is x_resized * (length_original - 1) / (length_resized - 1), so that the last pixel is the last one. The reference takes length * scale, 4.5, for the resized length: wherever that is not whole,
# every pixel but the first comes from another place, by up to more than one pixel, and the last one of the input is never reached. ONNX Runtime takes the whole number. With sizes in place of scales, or a scale that divides, both agree. The same goes for "half_pixel_symmetric" in another form: there the two differ at odd lengths as well.
# In nearest mode, as in upsampling between codes, whole codes are others. Judge such a Resize by a runtime, or write sizes into the file.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PY'
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

PIXELS = np.arange(9, dtype=np.float32).reshape(1, 1, 1, 9)


def resized(mode, places, scale=None, size=None):
    """What ONNX Runtime and onnx's reference make of nine pixels 0 to 8."""
    given = numpy_helper.from_array(np.array([1, 1, 1, scale], np.float32) if size is None else np.array([1, 1, 1, size], np.int64), "given")
    node = helper.make_node("Resize", ["x", "", "given"] if size is None else ["x", "", "", "given"], ["y"], mode=mode, coordinate_transformation_mode=places, nearest_mode="floor")
    start, end = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 1, 9]), helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, 1, None])
    made = helper.make_model(helper.make_graph([node], "one", [start], [end], [given]), opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    onnx.checker.check_model(made, full_check=True)
    runtime = onnxruntime.InferenceSession(made.SerializeToString()).run(None, {"x": PIXELS})[0]
    reference = ReferenceEvaluator(made).run(None, {"x": PIXELS})[0]
    return [np.round(one.ravel().astype(float), 2).tolist() for one in (runtime, reference)]


for scale in (0.5, 1.5):
    pixels = int(9 * scale)
    right = [place * 8 / (pixels - 1) for place in range(pixels)]
    for mode in ("linear", "nearest"):
        runtime, reference = resized(mode, "align_corners", scale=scale)
        print(f"scale {scale}, {mode}: ONNX Runtime {runtime}, reference {reference}")
        formula = [round(place, 2) for place in right] if mode == "linear" else [float(np.floor(place)) for place in right]
        other = [place * 8 / (9 * scale - 1) for place in range(pixels)]
        assert runtime == formula, "ONNX Runtime computes the operator's formula"
        assert reference == ([round(place, 2) for place in other] if mode == "linear" else [float(np.floor(place)) for place in other]), "the behaviour has changed"
        assert runtime[-1] == 8 and reference[-1] < 8 and runtime != reference, "the behaviour has changed"
    runtime, reference = resized("linear", "align_corners", size=pixels)
    print(f"size {pixels}, linear: ONNX Runtime {runtime}, reference {reference}")
    assert runtime == reference and runtime[-1] == 8, "with sizes both agree"
for scale in (2.0, 3.0):
    runtime, reference = resized("nearest", "align_corners", scale=scale)
    assert runtime == reference, "with whole lengths both agree"
runtime, reference = resized("nearest", "half_pixel_symmetric", scale=0.5)
print(f"half_pixel_symmetric, scale 0.5: ONNX Runtime {runtime}, reference {reference}")
assert (runtime, reference) == ([1, 3, 5, 7], [0, 3, 5, 7]), "the behaviour has changed"
PY

#!/usr/bin/env bash
# "Symmetric" 4-bit weights of ONNX Runtime's quantizer: of two weights of one size, one becomes 7 and the other -8.
#
# onnxruntime 1.32.0, onnx 1.23.2. quantize_static takes 8-bit weights into -127..127, with a scale of largest / 127. For QInt4 there is no
# narrow range: the scale is largest / 7.5, so that the largest weight lies at half a step, 7.5. Rounded, +7.5 is 8 and saturates at 7, and
# -7.5 is -8: +0.875 is read back as 0.8167, and -0.875 as -0.9333. A network that was trained with weights in -7..7 loses its grid (steps of 1/8
# become 0.11667), though QuantizeLinear with the scale 1/8 would keep every code; QUInt4 does the same round the zero-point 8.
# `WeightSymmetric: True` changes nothing. Whoever hands a quantized network to this quantizer as floats gets another one back.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnxruntime==1.32.0 onnx==1.23.2
cd "$folder"
"$folder/venv/bin/python" - 2>/dev/null <<'PY'
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

codes = np.arange(-7, 8)[:, None]
graph = helper.make_graph(
    [helper.make_node("MatMul", ["x", "w"], ["y"])],
    "one",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 15])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1])],
    [numpy_helper.from_array((codes / 8).astype(np.float32), "w")],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
onnx.save(model, "float.onnx")


class Data(CalibrationDataReader):
    def __init__(self):
        self.left = [{"x": np.full((1, 15), value, np.float32)} for value in (0, 1)]

    def get_next(self):
        return self.left.pop() if self.left else None


seen = {}
for kind in ("QInt4", "QUInt4", "QInt8"):
    for is_symmetric in (False, True):
        quantize_static(
            "float.onnx",
            "quantized.onnx",
            Data(),
            quant_format=QuantFormat.QDQ,
            weight_type=getattr(QuantType, kind),
            extra_options={"WeightSymmetric": True} if is_symmetric else {},
        )
        held = {one.name: numpy_helper.to_array(one) for one in onnx.load("quantized.onnx").graph.initializer}
        scale = float(held["w_scale"].item())
        steps = held["w_quantized"].astype(int).ravel() - int(held["w_zero_point"].item())
        seen[kind, is_symmetric] = (round(scale, 5), int(steps[0]), int(steps[-1]))
        back = np.round(steps[[0, -1]] * scale, 4).tolist()
        print(kind, "symmetric" if is_symmetric else "by default", "scale", round(scale, 5), "codes", steps.tolist(), "ends", back)
assert seen["QInt4", False] == seen["QInt4", True] == (0.11667, -8, 7), "the behaviour has changed"
assert seen["QUInt4", False] == seen["QUInt4", True] == (0.11667, -8, 7), "the behaviour has changed"
assert seen["QInt8", True] == (0.00689, -127, 127), "the behaviour has changed"
PY

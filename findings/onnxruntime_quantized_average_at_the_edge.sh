#!/usr/bin/env bash
# ONNX Runtime's own optimizer changes an average at the edge: of codes that are all 100, the quantized pool makes 50 and 25 where the file, and the same session without optimizations, says 100.
#
# onnxruntime 1.32.0, CPU. A pool with ceil_mode=1 and count_include_pad=1 is what torch writes for nn.AvgPool2d(2, ceil_mode=True). Its last windows reach
# beyond the plane; ONNX counts no place there. The float kernel follows that. DequantizeLinear, AveragePool, QuantizeLinear are fused to QLinearAveragePool, which
# divides by the whole window there: so does every file of quantize_static, with no message. count_include_pad=0, and planes that the stride divides, are right.
# Choose sizes that divide, or set count_include_pad to 0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import numpy as np
import onnxruntime
from onnx import TensorProto, checker, helper, numpy_helper
from onnx.reference import ReferenceEvaluator


def means(size, counted):
    """Codes of the optimized session, of one without optimizations, and of onnx's reference."""
    sides = {"x": size, "y": (size + 1) // 2}
    x, y = (helper.make_tensor_value_info(name, TensorProto.UINT8, (1, 1, side, side)) for name, side in sides.items())
    grid = [numpy_helper.from_array(np.float32(0.5), "s"), numpy_helper.from_array(np.uint8(0), "z")]
    pool = {"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 1, "count_include_pad": counted}
    nodes = [
        helper.make_node("DequantizeLinear", ["x", "s", "z"], ["real"]),
        helper.make_node("AveragePool", ["real"], ["mean"], **pool),
        helper.make_node("QuantizeLinear", ["mean", "s", "z"], ["y"]),
    ]
    model = helper.make_model(
        helper.make_graph(nodes, "one", [x], [y], grid), opset_imports=[helper.make_opsetid("", 19)], ir_version=9
    )
    checker.check_model(model)
    codes = np.full((1, 1, size, size), 100, np.uint8)
    found = []
    for level in (onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL, onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL):
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = level
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        found.append(session.run(None, {"x": codes})[0][0, 0].tolist())
    return *found, ReferenceEvaluator(model).run(None, {"x": codes})[0][0, 0].tolist()


for size, counted, at_the_edge in ((5, 1, (100, 50, 25)), (5, 0, (100, 100, 100)), (4, 1, (100, 100, 100))):
    optimized, plain, reference = means(size, counted)
    print(f"{size}x{size} codes of 100, count_include_pad={counted}: {optimized}; without optimizations {plain}")
    assert all(code == 100 for line in (*plain, *reference) for code in line), "the file says 100"
    assert (optimized[0][0], optimized[0][-1], optimized[-1][-1]) == at_the_edge, "the behaviour has changed"
PY

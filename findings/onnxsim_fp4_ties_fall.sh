#!/usr/bin/env bash
# onnxsim rounds the ties of MXFP4 and NVFP4 towards minus infinity: 0.25 is 0 and -0.25 is -0.5, so that a weight and its negative are no opposites any more.
#
# onnxsim 0.8.1, onnx 1.23.2, onnxruntime 1.32.0, ml_dtypes 0.6.0. `quantize_weight_only_mxfp4` and `quantize_weight_only_nvfp4` write the code of the nearest of 16 sorted values, and of two that are equally near the lower one. The OCP specification rounds ties to even, which treats both signs alike, as do ml_dtypes and the float4 tensors of
# onnx; all seven ties of the format, with either sign, go down here, seven of the fourteen to other values than there. Weights on a finer grid of powers of two, as after training with 8-bit fixed-point numbers, meet ties all the time and all move the same way: of the multiples of 1/4 from -6 to 6, whose sum is 0, the sum becomes -6.
# Values of the format are kept. Round to the grid before, with ml_dtypes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnxsim==0.8.1 onnx==1.23.2 onnxruntime==1.32.0 ml_dtypes==0.6.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - 2> messages.txt <<'PY' || { cat messages.txt; exit 1; }
import ml_dtypes
import numpy as np
import onnxruntime
import onnxsim
from onnx import TensorProto, helper, numpy_helper


def through(quantizer, values):
    """The weights that a quantized file computes with; each half of a column ends with a 6 that fixes its scale at 1."""
    columns, places = -(-len(values) // 30), [*range(15), *range(16, 31)]
    weights = np.full((32, columns), 6.0, np.float32)
    weights[places] = np.resize(values, (columns, 30)).T
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [32, size]) for name, size in zip("xy", weights.shape)]
    graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], "one", ends[:1], ends[1:], [numpy_helper.from_array(weights, "w")])
    made = quantizer(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    found = onnxruntime.InferenceSession(made.SerializeToString(), options, providers=["CPUExecutionProvider"]).run(None, {"x": np.eye(32, dtype=np.float32)})[0]
    return found[places].T.ravel()[: len(values)]


grid, ties = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6]), np.array([0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5])
quarters = np.arange(-24, 25) / 4
even = lambda values: values.astype(ml_dtypes.float4_e2m1fn).astype(float)
assert even(ties).tolist() == (-even(-ties)).tolist() == [0, 1, 1, 2, 2, 4, 4], "ml_dtypes rounds ties to even"
for quantizer in (onnxsim.quantize_weight_only_mxfp4, onnxsim.quantize_weight_only_nvfp4):
    up, down = through(quantizer, ties), through(quantizer, -ties)
    print(f"{quantizer.__name__}: {ties.tolist()} -> {up.tolist()}, with a minus {down.tolist()}")
    assert up.tolist() == [0, 0.5, 1, 1.5, 2, 3, 4] and down.tolist() == [-0.5, -1, -1.5, -2, -3, -4, -6], "the behaviour has changed"
    assert through(quantizer, grid).tolist() == grid.tolist() and through(quantizer, -grid).tolist() == (-grid).tolist(), "values of the format are kept"
    found = through(quantizer, quarters)
    print(f"sum of the multiples of 1/4 from -6 to 6: {quarters.sum()}, to even {even(quarters).sum()}, onnxsim {found.sum()}; others than to even: {int((found != even(quarters)).sum())} of {len(quarters)}")
    assert even(quarters).sum() == 0 and found.sum() == -6, "the behaviour has changed"
PY

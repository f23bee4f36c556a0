#!/usr/bin/env bash
# tinygrad's QuantizeLinear rounds ties to even for int8, and for uint8 down below two steps and up from there.
#
# tinygrad 0.14.0 (its ONNX front end, DEV=PYTHON); the standard has ties to even for both, as onnxruntime 1.32.0 does. For uint8 a little less than a
# half is added and the fraction cut off; from two steps on float32 no longer holds the little less. 1.5 is the code 1, 2.5 the code 3 (2 and 2 by
# the standard). Of 64 multiples of half a step 16 differ, and none for int8. Unsigned activations behind a ReLU are the usual case.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet tinygrad==0.14.0 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
export DEV=PYTHON HOME="$folder"
"$folder/venv/bin/python" - <<'PY'
import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from tinygrad import Tensor
from tinygrad.nn.onnx import OnnxRunner

VALUES = np.arange(64, dtype=np.float32) / 2


def codes(kind):
    nodes = [helper.make_node("QuantizeLinear", ["x", "one", "zero"], ["y"])]
    constants = [numpy_helper.from_array(np.asarray(value), name) for name, value in (("one", np.float32(1)), ("zero", kind(0)))]
    ends = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [64]), helper.make_tensor_value_info("y", helper.np_dtype_to_tensor_dtype(np.dtype(kind)), [64])]
    file = helper.make_model(helper.make_graph(nodes, "codes", ends[:1], ends[1:], constants), opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    with open("model.onnx", "wb") as stream:
        stream.write(file.SerializeToString())
    session = onnxruntime.InferenceSession(file.SerializeToString(), providers=["CPUExecutionProvider"])
    return OnnxRunner("model.onnx")({"x": Tensor(VALUES)})["y"].numpy().astype(int), session.run(None, {"x": VALUES})[0].astype(int)


seen = {}
for kind in (np.uint8, np.int8):
    found, right = codes(kind)
    seen[kind.__name__] = (found[:8].tolist(), right[:8].tolist(), int((found != right).sum()))
    print(f"{VALUES[:8].tolist()} as {kind.__name__}: tinygrad {found[:8].tolist()}, onnxruntime {right[:8].tolist()}; {seen[kind.__name__][2]} of 64 differ")
even, other = [0, 0, 1, 2, 2, 2, 3, 4], [0, 0, 1, 1, 2, 3, 3, 4]
assert seen == {"uint8": (other, even, 16), "int8": (even, even, 0)}, "the behaviour has changed"
PY

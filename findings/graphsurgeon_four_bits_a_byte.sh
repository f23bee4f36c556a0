#!/usr/bin/env bash
# onnx-graphsurgeon: a model of 4-bit weights can no longer be exported once somebody has looked at their `.values`.
#
# onnx-graphsurgeon 0.6.1 with onnx 1.23.2. INT4, UINT4, FLOAT4E2M1 and INT2 are read right, as arrays of ml_dtypes. A model that is imported
# and exported untouched keeps its packed bytes; where `.values` was read, without any change, or where the constant is made of such an array,
# the exporter hands over one byte for each element, though the format packs two (four of INT2) into one, and onnx refuses: 6 bytes for 3.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnx-graphsurgeon==0.6.1 onnx==1.23.2 ml-dtypes==0.5.4 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import contextlib
import io

import numpy as np
import onnx_graphsurgeon as surgeon
from onnx import TensorProto, helper, numpy_helper

CODES = {
    "INT4": [[-8, -1, 0], [1, 7, 3]],
    "UINT4": [[8, 1, 0], [2, 15, 3]],
    "FLOAT4E2M1": [[0.5, 1, 1.5], [6, -6, 2]],
    "INT2": [[1, -2, 0], [1, -1, 0]],
}


def model(kind, codes):
    weights = helper.make_tensor("w", getattr(TensorProto, kind), [2, 3], np.array(codes).ravel())
    scale = helper.make_tensor("s", TensorProto.FLOAT, [], [1.0])
    end = helper.make_tensor_value_info("y", TensorProto.FLOAT, [2, 3])
    graph = helper.make_graph([helper.make_node("DequantizeLinear", ["w", "s"], ["y"])], "weights", [], [end], [weights, scale])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 25)], ir_version=12)


def passed_through(before, look):
    graph = surgeon.import_onnx(before)
    if look:
        assert graph.tensors()["w"].values.astype(float).tolist() in CODES.values(), "the behaviour has changed"
    return surgeon.export_onnx(graph)


def size(file):
    (one,) = (one for one in file.graph.initializer if one.name == "w")
    return len(numpy_helper.from_array(numpy_helper.to_array(one)).raw_data)


for kind, codes in CODES.items():
    before = model(kind, codes)
    with contextlib.redirect_stdout(io.StringIO()):
        untouched = passed_through(before, look=False)
        try:
            passed_through(before, look=True)
            refused = ""
        except ValueError as error:
            refused = str(error)
    print(f"{kind}: untouched {size(before)} and {size(untouched)} bytes; after a look: {refused or 'exported'}")
    assert size(untouched) == size(before) == {"INT2": 2}.get(kind, 3), "the behaviour has changed"
    assert "got 6 bytes" in refused, "the behaviour has changed"
made = surgeon.Constant("w", numpy_helper.to_array(model("INT4", CODES["INT4"]).graph.initializer[0]))
end = surgeon.Variable("y", np.float32, (2, 3))
scale = surgeon.Constant("s", np.array(1, np.float32))
graph = surgeon.Graph([surgeon.Node("DequantizeLinear", inputs=[made, scale], outputs=[end])], outputs=[end], opset=25)
try:
    surgeon.export_onnx(graph)
    raise SystemExit("the behaviour has changed")
except ValueError as error:
    print("made of an array:", error)
PY

#!/usr/bin/env bash
# onnxscript's optimizer moves a Pad of code 0 into ConvInteger, which pads with its zero-point: at every edge a black pixel becomes a middle gray.
#
# onnxscript 0.7.2, onnx 1.23.2, onnxruntime 1.32.0. ConvInteger subtracts x_zero_point from the codes and its own pads stand for zero, that is for the code x_zero_point. A Pad in front writes the code that it is told, by default 0. The two are one only
# where the zero-point is 0, which the rewriting does not ask. An image of codes 0..255 with zero-point 128 that is framed in black gets a frame of 128: all sums that touch the frame are others, those inside are the same, and so a network
# still works, a little worse. It is moved only if the padding is of code 0; a Pad of code 128, which could be moved, is left. `onnxscript.optimizer.optimize` does this by default, and says nothing; QLinearConv is left alone.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnxscript==0.7.2 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
cat > model.txt <<'TXT'
<ir_version: 10, opset_import: ["" : 21]>
framed (uint8[1,1,4,4] x) => (int32[1,1,4,4] y)
<int64[8] pads = {0,0,1,1,0,0,1,1}, uint8 code = {CODE}, uint8 zero = {ZERO}, int8[1,1,3,3] w = {1,1,1,1,1,1,1,1,1}>
{
    padded = Pad (x, pads, code)
    y = ConvInteger (padded, w, zero)
}
TXT
cat > compare.py <<'PY'
import numpy as np
import onnxruntime
import onnxscript.optimizer
from onnx import checker, parser
from onnx.reference import ReferenceEvaluator

image = np.full((4, 4), 200, np.uint8)


def by_hand(code, zero):
    framed = np.pad(image, 1, constant_values=code).astype(int) - zero
    return [[int(framed[r : r + 3, c : c + 3].sum()) for c in range(4)] for r in range(4)]


def sums(model):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": image[None, None]})[0][0, 0].tolist()


def first_row(code, zero):
    model = parser.parse_model(open("model.txt").read().replace("CODE", str(code)).replace("ZERO", str(zero)))
    checker.check_model(model)
    expected = by_hand(code, zero)
    assert sums(model) == ReferenceEvaluator(model).run(None, {"x": image[None, None]})[0][0, 0].tolist() == expected
    optimized = onnxscript.optimizer.optimize(model)
    got = sums(optimized)
    assert [row[1:3] for row in got[1:3]] == [row[1:3] for row in expected[1:3]], "the middle differs, too"
    print(f"code {code}, zero-point {zero}: {expected[0]}, optimized {got[0]} by {[node.op_type for node in optimized.graph.node]}")
    return expected[0], got[0]


assert first_row(0, 128) == ([-352, 48, 48, -352], [288, 432, 432, 288]), "the behaviour has changed"
assert first_row(0, 3) == ([773, 1173, 1173, 773], [788, 1182, 1182, 788]), "the behaviour has changed"
for code, zero in ((0, 0), (128, 128)):
    expected, got = first_row(code, zero)
    assert expected == got, "the behaviour has changed"
PY
"$folder/venv/bin/python" -W ignore compare.py

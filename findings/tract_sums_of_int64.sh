#!/usr/bin/env bash
# tract sums int64 in 32 bits: ReduceSum of 2147483647 and 1 is -2147483648, of 4294967296 and 7 it is 7; and it squares int32 in float32.
#
# tract 0.23.9 (Python), onnx 1.23.2. A graph that casts its psums to int64 before it adds them up, so that they cannot overflow, overflows here as if it had not: ReduceSum, ReduceMean and ReduceL1 keep the low half, without an
# error. Add, ReduceMax and CumSum of int64 are exact. The square of an int32, the way to a sum of squared errors, is rounded to 24 bits, by Pow and by Mul(x, x) alike (4097 *
# 4097 is an even number, 16785408); a product with another tensor of the same numbers, and a third power, are exact.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet tract==0.23.9 onnx==1.23.2 numpy==2.4.6
cd "$folder"
cat > sums.py <<'PY'
import numpy as np
import tract
from onnx import checker, parser, save
from onnx.reference import ReferenceEvaluator

# operators, what they read, what they give (onnx's reference, and arithmetic), what tract gives
GRAPHS = [
    ("y = ReduceSum <keepdims = 1> (x)", [2147483647, 1], [2147483648], [-2147483648]),
    ("y = ReduceSum <keepdims = 1> (x)", [4294967296, 7], [4294967303], [7]),
    ("y = ReduceSum <keepdims = 1> (x)", [-3000000000, 1], [-2999999999], [1294967297]),
    ("y = ReduceMean <keepdims = 1> (x)", [3000000000, 4], [1500000002], [-647483646]),
    ("y = ReduceL1 <keepdims = 1> (x)", [-2147483647, 1], [2147483648], [-2147483648]),
    ("y = ReduceMax <keepdims = 1> (x)", [3000000000, 4], [3000000000], None),
    ("y = CumSum (x, first)", [2147483647, 1], [2147483647, 2147483648], None),
    ("y = Add (x, x)", [2147483647, 1], [4294967294, 2], None),
    ("y = Pow (x, two)", [4097, -5], [16785409, 25], [16785408, 25]),
    ("y = Mul (x, x)", [4097, -5], [16785409, 25], [16785408, 25]),
    ("y = Mul (x, other)", [4097, -5], [16785409, 25], None),
    ("y = Pow (x, three)", [257, -5], [16974593, -125], None),
]
CONSTANTS = {
    "first": "int64 first = {0}",
    "other": "int32[2] other = {4097, -5}",
    "two": "int32 two = {2}",
    "three": "int32 three = {3}",
}


def by_tract(x):
    model = tract.onnx().load("model.onnx").into_model().into_runnable()
    return model.run([x])[0].to_numpy().ravel().tolist()


for body, numbers, stated, found in GRAPHS:
    constants = ", ".join(text for name, text in CONSTANTS.items() if f", {name})" in body)
    kind = "int32" if "Pow" in body or "Mul" in body else "int64"
    model = parser.parse_model(f'<ir_version: 8, opset_import: ["" : 18]> g ({kind}[2] x) => ({kind}[n] y) <{constants}> {{ {body} }}')
    checker.check_model(model)
    save(model, "model.onnx")
    x = np.array(numbers, kind)
    seen = by_tract(x)
    print(f"{kind}: {body}, of {numbers}: {stated}, tract {seen}")
    assert ReferenceEvaluator(model).run(None, {"x": x})[0].ravel().tolist() == stated
    assert seen == (found or stated), "the behaviour has changed"
PY
"$folder/venv/bin/python" -W ignore sums.py

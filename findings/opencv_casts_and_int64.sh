#!/usr/bin/env bash
# OpenCV's network engine saturates where ONNX's Cast keeps the low bits, and takes only the low 32 bits of an int64 input: 300 as int8 is 127 and not 44, and 2^32 + 5 is 5.
#
# opencv-python-headless 5.0.0.93 (cv2.dnn); onnx 1.23.2, onnxruntime 1.32.0. ONNX states that a Cast between integer types drops the higher bits. cv2.dnn saturates into int8 and uint8, from int16, int32 and int64, so a graph that wraps an accumulator by Cast, as a core with a narrow register does, has other
# codes at each overflow; -1 as uint8 is 0. Floats saturate, too, where ONNX leaves it open. Sums that overflow in Add do wrap. Products and sums of int64 within the file are 64 bits wide and right, also beyond 2^32, but `setInput` of an int64 array keeps the low half of each number, without a
# message, as do cv2.add, cv2.sumElems and cv2.minMaxLoc. Wrap by Mod or by a mask and a subtraction, clip where saturation is meant, and put wide inputs together in the graph.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet opencv-python-headless==5.0.0.93 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - 2> messages.txt <<'PY' || { cat messages.txt; exit 1; }
import cv2
import numpy as np
import onnxruntime
from onnx import checker, helper


def both(values, *operators):
    """What ONNX Runtime and OpenCV compute of one input by a chain of (operator, type of the result, attributes)."""
    names = ["x", *(f"t{number}" for number in range(1, len(operators) + 1))]
    nodes = [helper.make_node(name, [names[place]] * (2 if name in ("Add", "Mul") else 1), [names[place + 1]], **more) for place, (name, _, more) in enumerate(operators)]
    ends = [helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(kind)), values.shape) for name, kind in (("x", values.dtype), (names[-1], operators[-1][1]))]
    made = helper.make_model(helper.make_graph(nodes, "one", ends[:1], ends[1:]), opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    checker.check_model(made, full_check=True)
    data = made.SerializeToString()
    net = cv2.dnn.readNetFromONNX(np.frombuffer(data, np.uint8))
    net.setInput(values, "x")
    return onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"]).run(None, {"x": values})[0], net.forward(names[-1])


def cast(kind):
    return "Cast", kind, {"to": helper.np_dtype_to_tensor_dtype(np.dtype(kind))}


numbers = np.array([[300, 128, -129, -1, 200, 44]])
for source in (np.int16, np.int32, np.int64):
    for target in (np.int8, np.uint8):
        right, found = both(numbers.astype(source), cast(target))
        print(f"{source.__name__} {numbers.tolist()} as {target.__name__}: ONNX Runtime {right.tolist()}, OpenCV {found.tolist()}")
        bounds = np.iinfo(target)
        assert right.tolist() == numbers.astype(target).tolist(), "ONNX Runtime keeps the low bits"
        assert found.dtype == target and found.tolist() == np.clip(numbers, bounds.min, bounds.max).tolist(), "the behaviour has changed"

right, found = both(np.array([[2**31 - 1, -(2**31), 5]], np.int32), ("Add", np.int32, {}))
assert right.tolist() == found.tolist() == [[-2, 0, 10]], "a sum wraps"
right, found = both(np.array([[2**31 - 1, 70000, -3]], np.int32), cast(np.int64), ("Mul", np.int64, {}))
assert right.tolist() == found.tolist() == [[(2**31 - 1) ** 2, 70000**2, 9]], "products of int64 in the file are right"
wide = np.array([[2**32 + 5, 2**31, -(2**31) - 1, 7]])
right, found = both(wide, ("Identity", np.int64, {}))
print("int64 input:", right.tolist(), "in OpenCV:", found.tolist(), "and its sum by cv2.sumElems:", cv2.sumElems(wide)[0])
assert right.tolist() == wide.tolist(), "ONNX Runtime keeps them"
assert found.dtype == np.int64 and found.tolist() == [[5, -(2**31), 2**31 - 1, 7]] and cv2.sumElems(wide)[0] == 11, "the behaviour has changed"
PY

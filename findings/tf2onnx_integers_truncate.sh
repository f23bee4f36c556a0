#!/usr/bin/env bash
# tf2onnx writes TensorFlow's integer // and % as divisions that truncate: -7 // 4 is -1 in the file and not -2, and -7 % 256, which wraps a psum to 8 bits, is -7 and not 249.
#
# tf2onnx 1.17.0 with TensorFlow 2.21.0, opset 18. TensorFlow's FloorDiv and FloorMod round down. Of floats they become Div, Floor, Mul and Sub, which is right; of integers they become Div alone and Div, Mul, Sub, and ONNX's Div of integers truncates. From a TensorFlow function and from a TFLite file alike, without a message. All operands of one sign come out rightly, so images and unsigned
# codes show nothing; negative psums that are requantized by // or wrapped by % are one too high or outside of the range. tf.bitwise.right_shift is exported rightly.
# Shift, or add a multiple of the divisor first; run the file on negative numbers before you take codes from it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile tensorflow-cpu==2.21.0 tf2onnx==1.17.0 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
TF_CPP_MIN_LOG_LEVEL=3 "$folder/venv/bin/python" -W ignore - 2> messages.txt <<'PY' || { tail -20 messages.txt; exit 1; }
import numpy as np
import onnxruntime
import tensorflow as tf
import tf2onnx

PSUMS = np.array([7, -7, 8, -8, 200, -200, 255, -1], np.int32)


def three(function, values):
    """What TensorFlow computes, the file of the function, and the file made of its TFLite file; and the nodes of both."""
    signature = [tf.TensorSpec(values.shape, values.dtype, name="x")]
    graph = tf.function(function, input_signature=signature)
    lite = tf.lite.TFLiteConverter.from_concrete_functions([graph.get_concrete_function()]).convert()
    with open("one.tflite", "wb") as file:
        file.write(lite)
    found, nodes = [], []
    for made, _ in (tf2onnx.convert.from_function(graph, input_signature=signature, opset=18), tf2onnx.convert.from_tflite("one.tflite", opset=18)):
        session = onnxruntime.InferenceSession(made.SerializeToString())
        found.append(session.run(None, {session.get_inputs()[0].name: values})[0].tolist())
        nodes.append([node.op_type for node in made.graph.node])
    return graph(values).numpy().tolist(), found, nodes


CASES = {
    "// 4": (lambda x: x // 4, [int(psum / 4) for psum in PSUMS]),
    "% 256": (lambda x: x % 256, [int(np.fmod(psum, 256)) for psum in PSUMS]),
    "% 3": (lambda x: tf.math.floormod(x, 3), [int(np.fmod(psum, 3)) for psum in PSUMS]),
}
print(f"psums {PSUMS.tolist()}")
for name, (function, truncated) in CASES.items():
    right, found, nodes = three(function, PSUMS)
    print(f"{name}: TensorFlow {right}, file {found[0]} of {' '.join(nodes[0])}, from TFLite {found[1]}")
    assert right == function(PSUMS.astype(object)).tolist() if name != "% 3" else right == (PSUMS % 3).tolist()
    assert found == [truncated, truncated] and truncated != right, "the behaviour has changed"
    right, found, _ = three(function, np.abs(PSUMS))
    assert found == [right, right], "of positive numbers both files are right"
floats = PSUMS.astype(np.float32)
right, found, nodes = three(lambda x: x // 4.0, floats)
print(f"floats // 4: TensorFlow {right}, file {found[0]} of {' '.join(nodes[0])}")
assert found == [right, right], "of floats both files are right"
right, found, _ = three(lambda x: tf.bitwise.right_shift(x, 2), PSUMS)
assert found == [right, right] and right == (PSUMS >> 2).tolist(), "a shift is right"
PY

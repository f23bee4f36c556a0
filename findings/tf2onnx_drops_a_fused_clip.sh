#!/usr/bin/env bash
# tf2onnx drops a clip to -1..1 that TFLite has fused into the layer in front of it: the hard tanh of a binary network is gone in the ONNX file, and 2.75 stays 2.75 where TFLite gives 1.
#
# tf2onnx 1.17.0 with TensorFlow 2.21.0, opset 18. TFLite's converter makes of a layer and a clip to -1..1 behind it (clip_by_value, or minimum and maximum in either order) one operator with the fused activation RELU_N1_TO_1. Of fused activations tf2onnx writes RELU and RELU6 into the file; this one it leaves out of additions and products, without a message. (Of a convolution with it, and of a
# clip that stands alone, the ONNX file does not run, which shows it.) Values below 1 are right, so small inputs show nothing. Made from the TensorFlow function instead, the file has Min and Max and is right.
# Convert from TensorFlow, not from TFLite, or clip to another range such as -0.99..1, which is not fused; run both files on large inputs.
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

IMAGE = np.arange(-16, 16, dtype=np.float32).reshape(1, 4, 4, 2) / 4


def run(made):
    session = onnxruntime.InferenceSession(made.SerializeToString())
    return session.run(None, {session.get_inputs()[0].name: IMAGE})[0]


def measure(name, function):
    """The outputs of TFLite, of the file made of TFLite, of the file made of TensorFlow, and the layer without a clip."""
    signature = [tf.TensorSpec(IMAGE.shape, tf.float32, name="x")]
    graph = tf.function(function, input_signature=signature)
    lite = tf.lite.TFLiteConverter.from_concrete_functions([graph.get_concrete_function()]).convert()
    interpreter = tf.lite.Interpreter(model_content=lite)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], IMAGE)
    interpreter.invoke()
    right = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    with open("one.tflite", "wb") as file:
        file.write(lite)
    made, _ = tf2onnx.convert.from_tflite("one.tflite", opset=18)
    whole, _ = tf2onnx.convert.from_function(graph, input_signature=signature, opset=18)
    found, other = run(made), run(whole)
    print(f"{name}: TFLite {right.min()}..{right.max()}, file from TFLite {found.min()}..{found.max()} of {' '.join(node.op_type for node in made.graph.node)}, from TensorFlow {other.min()}..{other.max()}")
    assert np.allclose(other, right), "the file made of the TensorFlow function is right"
    return right, found


def sum_of(x):
    return x + 0.25


LAYERS = {"addition": sum_of, "product": lambda x: x * 1.5}
CLIPS = {"clip_by_value": lambda y: tf.clip_by_value(y, -1.0, 1.0), "min of max": lambda y: tf.minimum(tf.maximum(y, -1.0), 1.0), "max of min": lambda y: tf.maximum(tf.minimum(y, 1.0), -1.0)}
for name, layer in LAYERS.items():
    for spelling, clip in CLIPS.items() if name == "addition" else [("clip_by_value", CLIPS["clip_by_value"])]:
        right, found = measure(f"{name}, {spelling}", lambda x: clip(layer(x)))
        assert right.max() == 1 and right.min() == -1
        assert np.allclose(found, layer(IMAGE)) and found.max() > 1.5, "the behaviour has changed"
for name, function in (("relu6", lambda x: tf.nn.relu6(sum_of(x))), ("clip to -0.99..1", lambda x: tf.clip_by_value(sum_of(x), -0.99, 1.0))):
    right, found = measure(name, function)
    assert np.allclose(found, right), "other activations are kept"
PY

#!/usr/bin/env bash
# tf2onnx writes TensorFlow's quantize_and_dequantize of 2, 3, 4 or 6 bits as one of 8 bits: a network that was trained with 4-bit weights and activations has 255 codes a tensor in the ONNX file.
#
# tf2onnx 1.17.0 with TensorFlow 2.21.0, opset 18. `tf.quantization.quantize_and_dequantize_v2(x, low, high, signed, num_bits, range_given=True)` is TensorFlow's quantizer for training. The exporter writes QuantizeLinear to int8 or uint8 and DequantizeLinear with a scale for 8 bits, whatever num_bits says: of 4 bits in -4..4 the steps are 4/127 in place of 4/7, so that 0.5 is 0.504 and not
# 0.571. No message is given, shapes are right and an accuracy may even rise; but the file is a network of other integers, four bits wider than the hardware. 8 bits are exported rightly.
# Count the values of each quantizer's output before you take codes from such a file; write Mul, Round, Clip and Mul by hand where fewer than 8 bits are meant.
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

VALUES = np.linspace(-4, 4, 801, dtype=np.float32)


def both(bits, signed):
    def quantizer(x):
        return tf.quantization.quantize_and_dequantize_v2(x, -4.0 if signed else 0.0, 4.0, signed, bits, range_given=True)

    signature = [tf.TensorSpec(VALUES.shape, tf.float32, name="x")]
    graph = tf.function(quantizer, input_signature=signature)
    made, _ = tf2onnx.convert.from_function(graph, input_signature=signature, opset=18)
    session = onnxruntime.InferenceSession(made.SerializeToString())
    found = session.run(None, {session.get_inputs()[0].name: VALUES})[0]
    return graph(VALUES).numpy(), found, [node.op_type for node in made.graph.node]


for signed in (True, False):
    for bits in (2, 3, 4, 6, 8):
        trained, found, nodes = both(bits, signed)
        counts = [np.unique(np.round(values, 4)).size for values in (trained, found)]
        place = int(np.argmin(np.abs(VALUES - 0.5)))
        print(f"{'signed' if signed else 'unsigned'}, {bits} bits: TensorFlow {counts[0]} values, 0.5 is {trained[place]:.4f}; file {counts[1]} values, 0.5 is {found[place]:.4f}, of {' '.join(nodes)}")
        assert counts[0] <= 2**bits and nodes == ["QuantizeLinear", "DequantizeLinear"]
        if bits == 8:
            assert np.abs(trained - found).max() < 4 / 127 * 1.01 and abs(counts[0] - counts[1]) <= 1, "8 bits are right, up to ties"
        else:
            assert counts[1] >= 255, "the behaviour has changed"
PY

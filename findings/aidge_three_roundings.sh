#!/usr/bin/env bash
# Aidge rounds a half in three ways: an imported QuantizeLinear takes -0.5 to 0 and 0.5 to 1 where ONNX takes both to 0, its own Round takes them to -1 and 1 though its description says to even, and a Round that comes from ONNX goes to even.
#
# aidge_core, aidge_backend_cpu, aidge_onnx and aidge_quantization 0.10.1 (PyPI). ONNX's QuantizeLinear rounds ties to even; the Quantizer that Aidge makes of it adds a half and takes the floor, so every second tie becomes the next higher code, in int8 and uint8, without a message. `Round()` and the quantizers FixedQ and LSQ take halves away from zero.
# `BitShift("right", rounding=True)`, which its quantization puts in place of a scale that is a power of two, rounds half up like the Quantizer: -5 shifted by one is -2, and Round of -2.5 is -3. So the codes of one network depend on whether it was imported, quantized by Aidge, or had its scales replaced by shifts. Scales that are powers of two, as hardware has them, meet ties all the time.
# Compare imported networks with ONNX Runtime on halves before you take codes from either, and give each Round its `rounding_mode`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet aidge-core==0.10.1 aidge-backend-cpu==0.10.1 aidge-onnx==0.10.1 aidge-quantization==0.10.1 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - > seen.txt <<'PY' || { cat seen.txt; exit 1; }
import aidge_backend_cpu
import aidge_core
import aidge_onnx
import aidge_quantization
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

HALVES = np.array([[0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 3.0, -3.0]], np.float32)


def one_node(operator, kind, constants):
    nodes = [helper.make_node(operator, ["x", *constants], ["y"])]
    start = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 8])
    end = helper.make_tensor_value_info("y", kind, [1, 8])
    made = helper.make_model(helper.make_graph(nodes, "one", [start], [end], [numpy_helper.from_array(value, name) for name, value in constants.items()]), opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    onnx.checker.check_model(made, full_check=True)
    onnx.save(made, "one.onnx")
    return onnxruntime.InferenceSession("one.onnx").run(None, {"x": HALVES})[0].ravel().tolist()


def imported():
    graph = aidge_onnx.load_onnx("one.onnx")
    graph.set_backend("cpu")
    graph.forward_dims([list(HALVES.shape)])
    aidge_core.SequentialScheduler(graph).forward(data=[aidge_core.Tensor(HALVES)])
    (last,) = graph.get_output_nodes()
    return np.array(last.get_operator().get_output(0)).ravel().tolist()


def alone(node, *values):
    operator = node.get_operator()
    for place, value in enumerate(values):
        operator.set_input(place, aidge_core.Tensor(value))
    operator.set_datatype(aidge_core.Tensor(values[0]).dtype)
    operator.set_backend("cpu")
    operator.forward_dims()
    operator.forward()
    return np.array(operator.get_output(0)).ravel().tolist()


def show(name, found, right):
    print(f"seen: {name}: {found}, {right}")


EVEN, UP, AWAY = [0, 2, 2, 0, -2, -2, 3, -3], [1, 2, 3, 0, -1, -2, 3, -3], [1, 2, 3, -1, -2, -3, 3, -3]
for name, zero, kind in (("int8", np.int8(0), TensorProto.INT8), ("uint8 with zero-point 4", np.uint8(4), TensorProto.UINT8)):
    right = one_node("QuantizeLinear", kind, {"scale": np.float32(1), "zero": np.array(zero)})
    found = imported()
    show(f"QuantizeLinear of {HALVES.ravel().tolist()} to {name}", found, f"ONNX Runtime {right}")
    assert right == [code + int(zero) for code in EVEN], "ONNX Runtime rounds to even"
    assert found == [code + int(zero) for code in UP], "the behaviour has changed"
right, found = one_node("Round", TensorProto.FLOAT, {}), imported()
show("Round, imported", found, f"ONNX Runtime {right}")
assert found == right == EVEN, "an imported Round goes to even"
found = alone(aidge_core.Round(), HALVES)
show("Round()", found, "described as to the nearest even")
assert "nearest even" in aidge_core.Round.__doc__ and found == AWAY, "the behaviour has changed"
found = alone(aidge_quantization.FixedQ(4, 8.0, False), HALVES)
show("FixedQ of 4 bits, step 1", found, "")
assert found == AWAY, "the behaviour has changed"
doubled = np.array((2 * HALVES[0]).astype(np.int32))
found = alone(aidge_core.BitShift("right", True), doubled, np.ones_like(doubled))
show(f"BitShift to the right by 1, rounding, of {doubled.tolist()}", found, "")
assert found == UP, "the behaviour has changed"
PY
grep "^seen: " seen.txt | cut -c7-

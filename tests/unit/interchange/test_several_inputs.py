"""ONNX files with several inputs: the network has one, in which their codes lie one behind the other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tilewright.errors import FormatError
from tilewright.interchange import export_network, read_onnx
from tilewright.spec import CodeMove
from tilewright.studies.exchange import check_export, random_pixels
from tilewright.studies.imports import compare_foreign, read_foreign


class Qdq:
    """A graph of QuantizeLinear and DequantizeLinear, written operation by operation."""

    def __init__(self):
        self.rng = np.random.default_rng(3)
        self.nodes, self.constants, self.inputs = [], [], []

    def op(self, kind, *inputs, **attributes):
        name = f"{kind}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def constant(self, values):
        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def input(self, name, *sizes, kind="FLOAT"):
        self.inputs.append(
            helper.make_tensor_value_info(name, getattr(TensorProto, kind), ["n", *sizes])
        )
        return name

    def grid(self, scale, zero, dtype):
        return self.constant(np.float32(scale)), self.constant(np.array(zero, dtype))

    def quantized(self, value, scale, zero=0, dtype=np.uint8):
        grid = self.grid(scale, zero, dtype)
        return self.op("DequantizeLinear", self.op("QuantizeLinear", value, *grid), *grid)

    def weight(self, *sizes):
        codes = self.constant(self.rng.integers(-127, 128, sizes).astype(np.int8))
        return self.op("DequantizeLinear", codes, *self.grid(0.01, 0, np.int8))

    def save(self, path, *outputs):
        ends = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", None]) for name in outputs
        ]
        graph = helper.make_graph(self.nodes, "net", self.inputs, ends, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.save(model, path)
        return path


def three_inputs(path, *, has_facts=True):
    """A plane of floats, one of codes with a sign, and numbers; each with a scale of its own."""
    file = Qdq()
    image, mask = file.input("image", 2, 6, 5), file.input("mask", 2, 6, 5, kind="INT8")
    facts = file.input("facts", 4) if has_facts else ""
    x = file.quantized(image, 0.02, 131)
    x = file.op("Conv", x, file.weight(3, 2, 3, 3), pads=[1, 1, 1, 1])
    x = file.quantized(x, 0.2, 120)
    y = file.op("DequantizeLinear", mask, *file.grid(0.03, -7, np.int8))
    y = file.quantized(file.op("Conv", y, file.weight(3, 2, 1, 1)), 0.05, 128)
    x = file.quantized(file.op("Add", x, y), 0.22, 125)
    x = file.quantized(file.op("GlobalAveragePool", x), 0.05, 128)
    if not has_facts:
        return file.save(path, x)
    x = file.op("Flatten", x)
    z = file.quantized(
        file.op("Gemm", file.quantized(facts, 0.1, 3, np.int8), file.weight(4, 3)), 0.05, 128
    )
    x = file.quantized(file.op("Concat", x, z, axis=1), 0.05, 128)
    return file.save(path, file.quantized(file.op("Gemm", x, file.weight(6, 5)), 0.3, 128))


def test_codes_of_several_inputs_are_the_files(tmp_path):
    path = three_inputs(tmp_path / "net.onnx")
    imported = read_onnx(path)
    assert [one.name for one in imported.inputs] == ["image", "mask", "facts"]
    assert [one.is_code for one in imported.inputs] == [False, True, False]
    network = imported.network
    assert network.inputs == ("input", "input_2", "input_3")
    assert all(isinstance(network.node(name), CodeMove) for name in network.inputs)
    assert {network.node(name).input_shape for name in network.inputs} == {(2 * 60 + 4, 1, 1)}
    foreign = read_foreign(path, 20)
    found = compare_foreign(foreign)
    assert sum(one.mismatches for one in found) == 0
    assert sum(one.compared for one in found) > 5_000
    first = network.node("input_2")
    turned = replace(first, index=np.ascontiguousarray(first.index[:, ::-1]))
    nodes = tuple(turned if node is first else node for node in network.nodes)
    other = replace(foreign, network=replace(network, nodes=nodes))
    assert sum(one.mismatches for one in compare_foreign(other)) > 0


@pytest.mark.parametrize("kinds", [(np.int8, np.uint8), (np.uint8, np.int8), (np.uint8, np.uint8)])
def test_a_layer_between_codes_of_two_kinds_is_one_of_floats(tmp_path, kinds):
    file = Qdq()
    zeros = [121 if kind is np.uint8 else -7 for kind in kinds]
    x = file.quantized(file.input("x", 2, 6, 5), 0.03, zeros[0], kinds[0])
    x = file.op("Conv", x, file.weight(3, 2, 1, 1))
    path = file.save(tmp_path / "net.onnx", file.quantized(x, 0.05, zeros[1], kinds[1]))
    imported = read_onnx(path)
    assert (imported.doubtful == 0) == (kinds[0] == kinds[1])
    assert sum(one.mismatches for one in compare_foreign(read_foreign(path, 200))) == 0


def test_what_is_written_of_several_inputs_computes_the_same(tmp_path):
    network = read_onnx(three_inputs(tmp_path / "net.onnx", has_facts=False)).network
    exported = export_network(network, tmp_path / "out.onnx", form="onnx")
    checks = check_export(network, exported, random_pixels(network, 2))
    assert all(check.passed for check in checks)
    assert sum(check.compared for check in checks) > 500


def test_an_input_that_nothing_reads_is_no_part(tmp_path):
    file = Qdq()
    image = file.input("image", 4)
    file.input("unused", 3, kind="INT64")
    x = file.op("Gemm", file.quantized(image, 0.02), file.weight(4, 3))
    path = file.save(tmp_path / "net.onnx", file.quantized(x, 0.1, 100))
    network = read_onnx(path).network
    assert network.inputs == ("input",)
    assert sum(one.mismatches for one in compare_foreign(read_foreign(path, 5))) == 0


@pytest.mark.parametrize(
    ("sizes", "words"),
    [((3, 4), "b is a sequence"), ((0,), r"must be \(n, channels\)")],
)
def test_inputs_that_are_no_planes_are_refused(tmp_path, sizes, words):
    file = Qdq()
    a, b = file.input("a", 4), file.input("b", *sizes)
    x = file.op("Gemm", file.quantized(a, 0.02), file.weight(4, 3))
    path = file.save(tmp_path / "net.onnx", x, file.quantized(b, 0.1))
    with pytest.raises(FormatError, match=words):
        read_onnx(path)

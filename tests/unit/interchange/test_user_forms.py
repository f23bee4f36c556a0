"""Forms that users bring: moves along sequences, constants of codes, an input read in several ways."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import onnx
import pytest

pytest.importorskip("onnxruntime", reason="needs the extra 'onnx'")

from onnx import TensorProto, helper

from tests.float_networks import Float, quantize
from tests.unit.interchange.test_extremes import TIES
from tests.unit.interchange.test_own_qdq import S8, Qdq
from tilewright.errors import FormatError
from tilewright.interchange import known, read_onnx, values
from tilewright.spec import CodeMove, CodeTable
from tilewright.studies.imports import compare_foreign, read_foreign
from tilewright.verify import reference_next_codes, reference_sums

INT64 = TensorProto.INT64


def agree(path, samples=4):
    """The foreign network, of which every code and sum that is compared is the source's."""
    foreign = read_foreign(path, samples)
    assert [str(one) for one in compare_foreign(foreign) if not one.passed] == []
    foreign.network.require_whole()
    return foreign


def layer(net, x, oc, ic, kernel=(1, 1), **attributes):
    return net.node("Conv", x, net.weight((oc, ic, *kernel), 0.01, 0, kind=S8), **attributes)


# --- sequences


def integers(net, *numbers):
    return net.constant(numbers, INT64)


def padded(net, x):
    """As causal convolutions have it."""
    return net.node("Pad", x, integers(net, 0, 0, 2, 0, 0, 0))


def padded_along_an_axis(net, x):
    return net.node("Pad", x, integers(net, 1, 3), "", integers(net, -1))


def padded_by_computed_borders(net, x):
    """As torch's exporter writes a pad, of constants that are computed."""
    pairs = net.node("Reshape", integers(net, 0, 0, 0, 0, 2, 0), integers(net, 3, 2))
    pads = net.node("Reshape", net.node("Transpose", pairs, perm=[1, 0]), integers(net, -1))
    ends = net.node("Slice", pads, integers(net, 0), integers(net, 6), integers(net, 0))
    return net.node("Pad", x, ends)


def cut(net, x):
    """As the end of a causal convolution that was padded at both."""
    return net.node("Slice", x, integers(net, 0), integers(net, -2), integers(net, 2))


def cut_of_channels(net, x):
    part = net.node("Slice", x, integers(net, 1), integers(net, 3), integers(net, 1))
    return net.node("Concat", part, x, axis=-2)


def longer(net, x):
    return net.node("Concat", x, cut(net, x), axis=2)


def gathered(net, x):
    return net.node("Gather", x, integers(net, 5, 0, 7, 7), axis=2)


def nearest(net, x):
    return net.node("Resize", x, "", net.constant(np.array([1, 1, 2], np.float32)))


def linear(net, x):
    return net.node("Resize", x, "", net.constant(np.array([1, 1, 2], np.float32)), mode="linear")


def along_an_axis(net, x):
    return net.node("Resize", x, "", net.constant(np.array([2.0], np.float32)), axes=[2])


MOVES = (
    padded,
    padded_along_an_axis,
    padded_by_computed_borders,
    cut,
    cut_of_channels,
    longer,
    gathered,
    nearest,
    linear,
    along_an_axis,
)


def along(path, body):
    net = Qdq((3, 12))
    x = layer(net, net.codes("x", 0.05, 3, S8), 4, 3, (3,), pads=[1, 1])
    x = body(net, net.codes(x, 0.04, -7, S8))
    channels = 6 if body is cut_of_channels else 4
    x = layer(net, net.codes(x, 0.04, -7, S8), 2, channels, (3,))
    return net.save(path, x)


@pytest.mark.parametrize("body", MOVES)
def test_moves_along_a_sequence_are_those_of_a_plane_of_one_row(body, tmp_path):
    shape = agree(along(tmp_path / "net.onnx", body)).network.layers[-1].shape
    lengths = {
        padded: 14,
        padded_by_computed_borders: 14,
        padded_along_an_axis: 16,
        cut: 10,
        longer: 22,
        gathered: 4,
    }
    wide = lengths.get(body, 12 if body is cut_of_channels else 24)
    assert (shape.ih, shape.iw) == (1, wide)


# --- values that are not quantized before they are moved


def moved(path, *way, out=(0.04, -20), channels=4, **attributes):
    net = Qdq((3, 4, 6))
    x = net.codes(layer(net, net.codes("x", 0.05, 3, S8), 4, 3), 0.03, 4, S8)
    x = net.node("HardSwish", x)
    kind, *others = way
    x = net.node(
        kind, x, *(one if one == "" else net.constant(*one) for one in others), **attributes
    )
    return net.save(path, layer(net, net.codes(x, *out, S8), 2, channels))


def test_functions_of_codes_are_moved_as_their_codes(tmp_path):
    scales = (np.array([1, 1, 2, 2], np.float32),)
    foreign = agree(moved(tmp_path / "net.onnx", "Resize", "", scales))
    assert foreign.doubtful == 0
    axes = [([1], INT64), ([3], INT64), ([1], INT64)]
    foreign = agree(moved(tmp_path / "net.onnx", "Slice", *axes, channels=2))
    kinds = [type(one) for one in foreign.network.nodes]
    assert kinds.count(CodeTable) == kinds.count(CodeMove) == 1


def test_numbers_of_other_codes_would_be_seen(tmp_path, monkeypatch):
    after = values.ByCode.after

    def turned(self, moved, op):
        return after(replace(self, values=self.values[:, ::-1]), moved, op)

    monkeypatch.setattr(values.ByCode, "after", turned)
    path = moved(tmp_path / "net.onnx", "Resize", "", (np.array([1, 1, 2, 2], np.float32),))
    assert any(not one.passed for one in compare_foreign(read_foreign(path, 2)))


def test_a_constant_less_a_value(tmp_path):
    net = Qdq((3, 4, 6))
    x = net.codes(layer(net, net.codes("x", 0.05, 3, S8), 4, 3), 0.03, 4, S8)
    gate = net.codes(net.node("Sigmoid", x), 1 / 256, -128, S8)
    rest = net.codes(net.node("Sub", net.constant(1.0), gate), 1 / 256, -128, S8)
    both = net.codes(net.node("Mul", x, rest), 0.02, 0, S8)
    assert agree(net.save(tmp_path / "net.onnx", layer(net, both, 2, 4))).doubtful == 0


@pytest.mark.parametrize("kind", ["QUInt8", "QInt8"])
def test_averages_of_operators_on_codes_at_the_border(kind, tmp_path):
    """The file has no tensor of their sums, so that none is asked for."""
    net = Float((3, 6, 8))
    x = net.node("AveragePool", [net.relu(net.conv("x", 4))], kernel_shape=[3, 3], pads=[1] * 4)
    net.save(tmp_path / "float.onnx", net.conv(x, 3))
    path = quantize(tmp_path / "float.onnx", tmp_path / "net.onnx", form="QOperator", kind=kind)
    agree(path)


# --- constants of codes


def every_code(path, kind, sizes, *, is_first, scales, zeros):
    """Of all 65,536 pairs of a code and a constant one, how many have another code than ONNX Runtime's."""
    codes = np.arange(-128, 128)
    plane = (256, 16, 16) if sizes == (256, 1, 1) else (1, 256, 16, 16)[-3:]
    wide = codes.reshape(sizes) if sizes == (256, 1, 1) else codes.reshape(16, 16)
    nodes, tensors = [], [helper.make_tensor("b", S8, wide.shape, wide.reshape(-1))]
    for name, scale, zero in zip("abc", scales, zeros, strict=True):
        tensors.append(helper.make_tensor(f"{name}.scale", TensorProto.FLOAT, (), [scale]))
        tensors.append(helper.make_tensor(f"{name}.zero", S8, (), [zero]))
    for name in "ab":
        pair = [name, f"{name}.scale", f"{name}.zero"]
        nodes.append(helper.make_node("DequantizeLinear", pair, [f"{name}.value"]))
    names = ["a.value", "b.value"][:: -1 if is_first else 1]
    nodes.append(helper.make_node(kind, names, ["joined"]))
    nodes.append(helper.make_node("QuantizeLinear", ["joined", "c.scale", "c.zero"], ["c"]))
    plane = plane if sizes == (256, 1, 1) else (1, 16, 16)
    ends = [helper.make_tensor_value_info("a", S8, ["n", *plane])]
    ends.append(helper.make_tensor_value_info("c", S8, None))
    graph = helper.make_graph(nodes, "net", ends[:1], ends[1:], tensors)
    opsets = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)
    imported = read_onnx(path)
    assert imported.doubtful == 0
    if sizes == (256, 1, 1):
        fed = np.broadcast_to(codes.reshape(1, 1, 16, 16), (1, *plane))
    else:
        fed = np.broadcast_to(codes[:, None, None, None], (256, *plane))
    stimulus, _ = imported.run_inputs({"a": fed.astype(np.int8)})
    node = imported.network.nodes[-2]
    (link,) = node.requantizations
    found = reference_next_codes(reference_sums(node, stimulus.codes[node.name]), link)
    wrong = found.reshape(-1) != stimulus.codes[link.port].reshape(-1)
    assert wrong.size == 65_536
    return int(wrong.sum())


@pytest.mark.parametrize(
    ("kind", "sizes", "is_first"),
    list(product(["Add", "Mul"], [(256, 1, 1), (16, 16)], [False, True])),
)
def test_codes_and_constant_codes_have_the_kernel_of_two_activations(
    kind, sizes, is_first, tmp_path
):
    for scales, zeros in TIES:
        found = every_code(
            tmp_path / "net.onnx", kind, sizes, is_first=is_first, scales=scales, zeros=zeros
        )
        assert found == 0


def test_floats_in_place_of_that_kernel_would_be_seen(tmp_path, monkeypatch):
    monkeypatch.setattr(known, "constant_kernel", lambda *_: None)
    (scales, zeros), *_ = TIES
    facts = {"is_first": False, "scales": scales, "zeros": zeros}
    assert every_code(tmp_path / "net.onnx", "Add", (256, 1, 1), **facts) > 20


def by_pixel(path, kind, *, size=(3, 5), has_codes=True):
    net = Qdq((3, *size))
    x = layer(net, net.codes("x", 0.05, 3, S8), 4, 3)
    x = net.codes(x, 0.03, 4, S8) if has_codes else x
    numbers = net.rng.uniform(-1 if kind != "PRelu" else 0, 1, (1, 4, *size)).astype(np.float32)
    x = net.codes(net.node(kind, x, net.constant(numbers)), 0.02, -6, S8)
    return net.save(path, layer(net, x, 2, 4, (2, 2)))


@pytest.mark.parametrize("kind", ["Add", "Sub", "Mul", "PRelu", "Max"])
def test_constants_may_have_a_number_for_each_pixel(kind, tmp_path):
    foreign = agree(by_pixel(tmp_path / "net.onnx", kind))
    assert (60, 1, 1) in [one.output_shape for one in foreign.network.nodes]


def test_a_number_of_another_pixel_would_be_seen(tmp_path, monkeypatch):
    found = known.by_pixel

    def turned(op, value, constants, assembly):
        made = found(op, value, constants, assembly)
        if made is not None:
            name = made[0].inputs[1]
            constants[name] = constants[name][:, ::-1]
        return made

    monkeypatch.setattr(known, "by_pixel", turned)
    foreign = read_foreign(by_pixel(tmp_path / "net.onnx", "Add"), 2)
    assert any(not one.passed for one in compare_foreign(foreign))


def test_other_constants_by_pixel_say_what_to_do(tmp_path):
    with pytest.raises(FormatError, match=r"at most 4,096 numbers, not 8,192: let it have one for"):
        read_onnx(by_pixel(tmp_path / "net.onnx", "Add", size=(32, 64)))
    with pytest.raises(FormatError, match=r"one per pixel needs a quantizer before it$"):
        read_onnx(by_pixel(tmp_path / "net.onnx", "Add", has_codes=False))


# --- an input that is quantized in several ways


def focused(path):
    """As the first layer of some detectors: every other pixel of the image, on grids of their own."""
    net = Qdq((3, 4, 6))
    parts = []
    for number, scale in enumerate((0.05, 0.031, 0.044)):
        starts, ends = integers(net, number % 2, number // 2), integers(net, 4, 6)
        steps, axes = integers(net, 2, 2), integers(net, 2, 3)
        x = net.node("Slice", "x", starts, ends, axes, steps)
        parts.append(net.codes(x, scale, number - 3, S8))
    x = net.codes(net.node("Concat", *parts, axis=1), 0.05, 2, S8)
    return net.save(path, layer(net, x, 4, 9, (2, 2)))


def test_an_input_may_be_quantized_in_several_ways(tmp_path):
    foreign = agree(focused(tmp_path / "net.onnx"))
    inputs = [foreign.network.node(name) for name in foreign.network.inputs]
    assert [one.planes for one in inputs] == [((54, 1, 1),)] * 3
    assert any("holds what 3 quantizers make of the file's" in one for one in foreign.notes)


def test_codes_of_another_quantizer_would_be_seen(tmp_path):
    foreign = read_foreign(focused(tmp_path / "net.onnx"), 2)
    first, second, *rest = foreign.network.nodes
    other = replace(second, index=first.index)
    network = replace(foreign.network, nodes=(first, other, *rest))
    assert any(not one.passed for one in compare_foreign(replace(foreign, network=network)))

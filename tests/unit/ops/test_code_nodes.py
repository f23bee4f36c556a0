"""Codes moved, multiplied and looked up: by hand, saved, run, exported, and noticed where they are wrong."""

from dataclasses import replace

import numpy as np
import pytest

from tests.networks import images, layer, link
from tilewright.engine import Engine
from tilewright.errors import FormatError, ShapeError
from tilewright.interchange.export import export_network
from tilewright.interchange.tensors import TensorNames
from tilewright.interchange.witness import run_file
from tilewright.spec import (
    CodeMove,
    CodeProduct,
    CodeTable,
    ConvShape,
    IntegerNetwork,
    NumberFormat,
)
from tilewright.verify import compare_traces, reference_sums, reference_trace

CODES = NumberFormat(4, is_signed=False)
SIGNED = NumberFormat(4, is_signed=True, is_narrow=True)


def cat(*planes, **rest):
    """Two planes with 1 row, one behind the other, and a 0 at the end of each row."""
    channels, width = sum(plane[0] for plane in planes), planes[0][2]
    index = np.full((channels, 1, width + 1), -1, np.int32)
    index[:, 0, :-1] = np.arange(channels * width).reshape(channels, width)
    return CodeMove("cat", planes, index, CODES, 0.5, **rest)


def test_a_move_takes_each_code_from_its_place():
    node = cat((1, 1, 2), (2, 1, 2))
    first, second = np.array([[[[1, 2]]]]), np.array([[[[3, 4]], [[5, 6]]]])
    sums = reference_sums(node, first, second)
    assert sums.tolist() == [[[[1, 2, 0]], [[3, 4, 0]], [[5, 6, 0]]]]
    assert (node.operands, node.output_shape, node.sum_range()) == (2, (3, 1, 3), (0, 15))


def test_a_move_puts_in_its_fill():
    node = replace(cat((1, 1, 2), (2, 1, 2)), fill=9)
    first, second = np.array([[[[1, 2]]]]), np.array([[[[3, 4]], [[5, 6]]]])
    assert reference_sums(node, first, second)[0, :, 0, 2].tolist() == [9, 9, 9]
    with pytest.raises(ShapeError, match=r"^cat: its fill must be 0 or a code of u4"):
        replace(node, fill=16)


def test_a_product_has_one_pixel_of_a_gate_for_all():
    node = CodeProduct("gate", ((2, 1, 2), (2, 1, 1)), SIGNED, 0.5, 0.25)
    sums = reference_sums(node, np.array([[[[1, -2]], [[3, 4]]]]), np.array([[[[-7]], [[5]]]]))
    assert sums.tolist() == [[[[-7, 14]], [[15, 20]]]]
    assert (node.sum_range(), node.sum_scale.tolist()) == ((-49, 49), [0.25])


def test_a_product_is_of_codes_less_their_zero_points():
    node = CodeProduct("gate", ((1, 1, 2), (1, 1, 2)), CODES, 0.5, 0.25, zero_points=(8, 15))
    sums = reference_sums(node, np.array([[[[0, 9]]]]), np.array([[[[0, 14]]]]))
    assert sums.tolist() == [[[[120, -1]]]]
    assert node.sum_range() == (-105, 120)
    with pytest.raises(ShapeError, match=r"^gate: zero-points must be codes of u4"):
        replace(node, zero_points=(0, 16))


def test_a_table_has_an_entry_for_each_code():
    node = CodeTable("silu", ((1, 1, 3),), np.arange(15, dtype=np.int32) ** 2, SIGNED, 1.0, 0.1)
    assert reference_sums(node, np.array([[[[-7, 0, 7]]]])).tolist() == [[[[0, 49, 196]]]]
    assert node.sum_range() == (0, 196)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: cat((1, 1, 2)).__class__(
                "m", ((1, 1, 1),), np.full((1, 1, 1), 1, np.int32), CODES, 1.0
            ),
            "-1..0",
        ),
        (lambda: CodeProduct("p", ((2, 1, 2), (3, 1, 2)), CODES, 1.0, 1.0), "equal or 1"),
        (lambda: CodeTable("t", ((1, 1, 1),), np.zeros(15, np.int32), CODES, 1.0, 1.0), "16 codes"),
    ],
)
def test_what_does_not_fit_is_refused(make, message):
    with pytest.raises(ShapeError, match=message):
        make()


@pytest.fixture
def network():
    """A layer that feeds both operands of a concatenation, a table, and a product of that with itself."""
    rng = np.random.default_rng(5)
    shape, wide = ConvShape(2, 1, 4, 3, 1, 1), ConvShape(6, 1, 5, 2, 1, 2)
    ports = [replace(link(rng, "cat", 3, CODES, reach=900), operand=n) for n in (0, 1)]
    table = np.array([0, -3, -4, *range(-3, 10)], np.int32)
    pair = [replace(link(rng, "gate", 2, SIGNED, reach=9), operand=n) for n in (0, 1)]
    to_body = link(rng, "body", 6, CODES, reach=15)
    return IntegerNetwork(
        (
            layer(rng, "stem", shape, links=tuple(ports)),
            cat((3, 1, 4), (3, 1, 4), fill=6, requantizations=(to_body,)),
            layer(rng, "body", wide, act_format=CODES, links=(link(rng, "t", 2, CODES, reach=90),)),
            CodeTable("t", ((2, 1, 4),), table, CODES, 1.0, 0.1, tuple(pair)),
            CodeProduct("gate", ((2, 1, 4), (2, 1, 4)), SIGNED, 1.0, 2.0, zero_points=(-3, 5)),
        )
    )


def test_saved_and_read_it_is_the_same(network, tmp_path):
    network.save(tmp_path / "network")
    back = IntegerNetwork.load(tmp_path / "network")
    assert back.fingerprint() == network.fingerprint()
    codes = images(np.random.default_rng(1), network, 2)
    expected, found = reference_trace(network, codes), reference_trace(back, codes)
    assert all(not one.mismatches for one in compare_traces(expected, found, what="read"))


@pytest.mark.parametrize("kind", ["blas", "int64"])
def test_the_engine_is_the_reference(network, kind):
    codes = images(np.random.default_rng(1), network, 5)
    found = compare_traces(
        reference_trace(network, codes), Engine(network, kind=kind).trace(codes), what="engine"
    )
    assert sum(one.compared for one in found) > 200
    assert all(not one.mismatches for one in found)


def test_the_integer_operators_of_onnx_are_the_reference(network, tmp_path):
    codes = images(np.random.default_rng(2), network, 3)
    expected = reference_trace(network, codes)
    path = export_network(network, tmp_path / "net.onnx", form="onnx", is_unit=True).path
    names = TensorNames("onnx", is_unit=True)
    tensors = tuple(names.sums(node) for node in network.nodes)
    found = run_file(path, codes, engine="onnxruntime", tensors=tensors)
    for node, tensor in zip(network.nodes, tensors, strict=True):
        assert found[tensor].astype(np.int64).tolist() == expected.sums[node.name].tolist()


def test_forms_of_floats_are_refused_by_name(network, tmp_path):
    with pytest.raises(
        FormatError, match=r"^(cat|t|gate): op (move|table|product) has no float operator"
    ):
        export_network(network, tmp_path / "net.onnx", form="qonnx")


@pytest.mark.parametrize("name", ["cat", "t"])
def test_one_wrong_entry_is_noticed(network, name):
    codes = images(np.random.default_rng(1), network, 5)
    nodes = {node.name: node for node in network.nodes}
    if name == "cat":
        index = nodes["cat"].index.copy()
        index[0, 0, 0], index[1, 0, 0] = index[1, 0, 0], index[0, 0, 0]
        nodes["cat"] = replace(nodes["cat"], index=index)
    else:
        nodes["t"] = replace(nodes["t"], table=nodes["t"].table + np.int32(1))
    wrong = IntegerNetwork(tuple(nodes.values()))
    found = compare_traces(reference_trace(network, codes), Engine(wrong).trace(codes), what="x")
    assert any(one.mismatches for one in found)

"""Max and Min of activations, and additions of planes of other sizes: each code is ONNX Runtime's."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

pytest.importorskip("onnxruntime", reason="needs the extra 'onnx'")

import onnx
from onnx import TensorProto, helper

from tests.unit.interchange.test_own_qdq import S8, U8, Qdq
from tilewright.errors import FormatError
from tilewright.interchange import additions, extremes, kernels, read_onnx
from tilewright.spec import CodeMove, CodeTable, ResidualAdd
from tilewright.studies.imports import compare_foreign, read_foreign
from tilewright.verify import reference_next_codes, reference_sums

PLANE = (4, 3, 5)
SIZES = {"as large": PLANE, "by channel": (4, 1, 1), "by pixel": (1, 3, 5), "by row": (4, 3, 1)}


def read(path, samples=4):
    foreign = read_foreign(path, samples)
    return foreign, [str(one) for one in compare_foreign(foreign) if not one.passed]


def agree(path, samples=4):
    """The foreign network, of which every code and sum is the source's, and none is open."""
    foreign, wrong = read(path, samples)
    assert wrong == []
    assert foreign.doubtful == 0
    foreign.network.require_whole()
    return foreign.network


def operand(net, source, sizes, grid):
    """Codes of a convolution of a plane, or of what stands for all of its rows, columns or channels."""
    x = net.node("Conv", source, net.weight((sizes[0], 3, 1, 1), 0.01, 0, kind=S8))
    if sizes[2] == 1:
        x = net.node("MaxPool", net.codes(x, *grid), kernel_shape=[3 if sizes[1] == 1 else 1, 5])
    return net.codes(x, *grid)


def joined(path, op, grids, *, sizes=(PLANE, PLANE), out=(0.047, 5), kind=S8, then=None):
    """Operands of these grids, joined by an operation; out: the grid behind it, if there is one."""
    net = Qdq((3, 3, 5))
    source = net.codes("x", 0.05, 3, kind)
    pairs = zip(sizes, grids, strict=True)
    x = net.node(op, *(operand(net, source, size, (*grid, kind)) for size, grid in pairs))
    x = then(net, x) if then is not None else x
    x = x if out is None else net.codes(x, *out, kind)
    return net.save(path, net.node("Conv", x, net.weight((2, 4, 1, 1), 0.01, 0, kind=S8)))


GRIDS = {
    "one grid": [(0.04, 7), (0.04, 7)],
    "scales in no whole ratio": [(0.031, 7), (0.0473, -20)],
    "halves": [(0.03, 1), (0.05, -9)],
    "three": [(0.031, 7), (0.0473, -20), (0.02, 0)],
}


@pytest.mark.parametrize(("op", "which", "kind"), list(product(["Max", "Min"], GRIDS, [S8, U8])))
def test_the_largest_and_the_smallest_are_those_of_the_file(op, which, kind, tmp_path):
    grids = [(scale, zero + 64 if kind == U8 else zero) for scale, zero in GRIDS[which]]
    path = joined(tmp_path / "net.onnx", op, grids, kind=kind, sizes=[PLANE] * len(grids))
    network = agree(path, 40)
    (move,) = (one for one in network.nodes if isinstance(one, CodeMove))
    tables = sum(isinstance(one, CodeTable) for one in network.nodes)
    recoded = len(grids) if which != "one grid" or op == "Min" else 0
    assert move.operands == len(grids)
    assert tables == recoded + (op == "Min")


@pytest.mark.parametrize(("op", "size", "is_first"), list(product(["Max", "Min"], SIZES, [0, 1])))
def test_one_number_stands_for_a_row_a_plane_or_all_channels(op, size, is_first, tmp_path):
    sizes = [PLANE, SIZES[size]][:: -1 if is_first else 1]
    agree(joined(tmp_path / "net.onnx", op, GRIDS["halves"], sizes=sizes))


def every_pair(path, size, is_first, scales, zeros):
    """How many of all 65,536 pairs of codes have another sum than ONNX Runtime's, and how many are open."""
    nodes, tensors = [], []
    for name, scale, zero in zip("abc", scales, zeros, strict=True):
        tensors += [
            helper.make_tensor(f"{name}.scale", TensorProto.FLOAT, (), [scale]),
            helper.make_tensor(f"{name}.zero", S8, (), [zero]),
        ]
    for name in "ab":
        pair = [name, f"{name}.scale", f"{name}.zero"]
        nodes.append(helper.make_node("DequantizeLinear", pair, [f"{name}.value"]))
    names = ["b.value", "a.value"] if is_first else ["a.value", "b.value"]
    nodes.append(helper.make_node("Add", names, ["sum"]))
    nodes.append(helper.make_node("QuantizeLinear", ["sum", "c.scale", "c.zero"], ["c"]))
    plane = (1, 16, 16)
    ends = [helper.make_tensor_value_info("a", S8, ["n", *plane])]
    ends.append(helper.make_tensor_value_info("b", S8, ["n", *size]))
    ends.append(helper.make_tensor_value_info("c", S8, None))
    graph = helper.make_graph(nodes, "net", ends[:2], ends[2:], tensors)
    opsets = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)
    imported = read_onnx(path)
    codes = np.arange(-128, 128)
    first = np.broadcast_to(codes.reshape(plane), (256, *plane)).astype(np.int8)
    second = np.broadcast_to(codes[:, None, None, None], (256, *size)).astype(np.int8)
    stimulus, _ = imported.run_inputs({"a": first, "b": second})
    (node,) = (one for one in imported.network.nodes if isinstance(one, ResidualAdd))
    (link,) = node.requantizations
    sums = reference_sums(node, *(stimulus.codes[port] for port in (node.name, f"{node.name}:1")))
    wrong = reference_next_codes(sums, link) != stimulus.codes[link.port]
    is_open = imported.unresolved_codes(link, sums)
    assert wrong.size == 65_536
    return int((wrong & ~is_open).sum()), int(is_open.sum())


TIES = (
    ((3.0589191913604736, 1.5576092004776, 4.578995704650879), (34, -100, -22)),
    ((0.5931100249290466, 1.1135162115097046, 0.4209167957305908), (77, -24, 64)),
    ((0.5706128478050232, 1.3960624933242798, 1.3628228902816772), (-41, 16, 75)),
)
"""Scales and zero-points with which ONNX Runtime's two fused additions round otherwise in another order."""
PIXELS = {
    "as large": (1, 16, 16),
    "by plane": (1, 1, 1),
    "by row": (1, 16, 1),
    "by column": (1, 1, 16),
}


@pytest.mark.parametrize(("size", "is_first"), list(product(PIXELS, [False, True])))
def test_every_pair_of_an_addition_of_other_sizes_is_rounded_as_onnx_runtime_does(
    size, is_first, tmp_path
):
    for scales, zeros in TIES:
        found = every_pair(tmp_path / "net.onnx", PIXELS[size], is_first, scales, zeros)
        assert found == (0, 0)


def test_another_order_of_an_addition_would_be_seen(tmp_path, monkeypatch):
    """The sabotage: the operand of one number for each plane as the first one, as the file has it."""
    of_one_plane = additions._of_one_plane

    def turned(op, values, assembly):
        return of_one_plane(op, values, assembly)[::-1]

    monkeypatch.setattr(additions, "_of_one_plane", turned)
    wrong, _ = every_pair(tmp_path / "net.onnx", (1, 1, 1), True, *TIES[2])
    assert wrong > 20


def test_ties_that_no_gains_decide_are_open(tmp_path, monkeypatch):
    """Scales in a ratio of small numbers: how ONNX Runtime's floats round is no function of any sum."""
    scales = [float(np.float32(0.0123 * one)) for one in (7, 2, 6)]
    zeros = -41, 16, 75
    wrong, is_open = every_pair(tmp_path / "net.onnx", (1, 16, 16), False, scales, zeros)
    assert wrong == 0
    assert 0 < is_open < 20_000
    monkeypatch.setattr(kernels.Attained, "_farthest", lambda *_: 0.0)  # the sabotage
    assert every_pair(tmp_path / "net.onnx", (1, 16, 16), False, scales, zeros)[0] > 0


def test_the_larger_instead_would_be_seen(tmp_path, monkeypatch):
    recoded = extremes._recoded

    def upwards(op, value, assembly, ahead, *, is_turned):
        return recoded(op, value, assembly, ahead, is_turned=False)

    monkeypatch.setattr(extremes, "_recoded", upwards)
    _, wrong = read(joined(tmp_path / "net.onnx", "Min", GRIDS["halves"]))
    assert wrong


def test_codes_of_one_grid_need_no_quantizer_behind_them(tmp_path):
    for op in ("Max", "Min"):
        agree(joined(tmp_path / "net.onnx", op, GRIDS["one grid"], out=None))


def test_what_follows_may_be_any_step(tmp_path):
    """A Relu, a function or a pool between the operation and the quantizer."""
    steps = (
        lambda net, x: net.node("Relu", x),
        lambda net, x: net.node("MaxPool", x, kernel_shape=[3, 3], pads=[1] * 4),
        lambda net, x: net.codes(net.node("HardSwish", net.codes(x, 0.05, 0, S8)), 0.04, -20, S8),
    )
    for op, then in product(("Max", "Min"), steps):
        agree(joined(tmp_path / "net.onnx", op, GRIDS["one grid"], then=then))


@pytest.mark.parametrize("op", ["Max", "Min"])
def test_bounds_may_differ_by_channel(op, tmp_path):
    net = Qdq((3, 4, 6))
    x = net.node("Conv", net.codes("x", 0.05, 3, S8), net.weight((4, 3, 3, 3), 0.01, 0, kind=S8))
    bounds = np.array([-0.5, 0.25, 0.0, 1.5], np.float32).reshape(1, 4, 1, 1)
    x = net.codes(net.node(op, net.constant(bounds), net.codes(x, 0.04, -3, S8)), 0.03, 0, S8)
    weight = net.weight((2, 4, 1, 1), 0.01, 0, kind=S8)
    agree(net.save(tmp_path / "net.onnx", net.node("Conv", x, weight)))


def with_two_grids(path):
    return joined(path, "Max", GRIDS["halves"], out=None)


def with_floats(path):
    net = Qdq((3, 4, 6))
    weights = [net.weight((4, 3, 1, 1), 0.01, 0, kind=S8) for _ in range(2)]
    x = net.codes("x", 0.05, 3, S8)
    x = net.node("Relu", net.node("Max", *(net.node("Conv", x, one) for one in weights)))
    return net.save(path, net.node("Conv", net.codes(x, 0.1, 0, S8), weights[0]))


def with_other_sizes(path):
    return joined(path, "Add", GRIDS["halves"], sizes=(PLANE, (2, 1, 1)))


def with_a_constant_too(path):
    net = Qdq((3, 4, 6))
    x = net.codes("x", 0.05, 3, S8)
    y = net.codes(net.node("Relu", x), 0.05, 3, S8)
    x = net.codes(net.node("Max", x, y, net.constant(0.1)), 0.1, 0, S8)
    return net.save(path, net.node("Conv", x, net.weight((4, 3, 1, 1), 0.01, 0, kind=S8)))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            with_two_grids,
            r"\(Max\): it compares codes of different scales .* a quantizer behind it$",
        ),
        (
            with_floats,
            r"\(Max\): it compares values that are not quantized: put a quantizer before",
        ),
        (with_other_sizes, r"\(Add\): its planes must be of sizes that are equal or 1, not"),
        (with_a_constant_too, r"\(Max\): it must read activations alone, or one and a constant$"),
    ],
)
def test_what_cannot_be_compared_says_what_to_do(make, words, tmp_path):
    with pytest.raises(FormatError, match=words):
        read_onnx(make(tmp_path / "net.onnx"))


def test_codes_that_the_file_does_not_have_are_not_compared(tmp_path):
    foreign, _ = read(joined(tmp_path / "net.onnx", "Min", GRIDS["halves"]))
    (move,) = (one for one in foreign.network.nodes if isinstance(one, CodeMove))
    last = foreign.network.nodes[-2]
    assert isinstance(last, CodeTable)
    assert foreign.without_codes == [move.name, f"{move.name}:1", last.name]

"""Values that stand in other places when they are quantized, added or read: each code is the file's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("qonnx", reason="needs the extra 'onnx'")

import onnx

from tests.float_networks import Float, quantize
from tests.public_networks import LowBit
from tilewright.errors import FormatError
from tilewright.interchange import read_onnx
from tilewright.interchange.assembly import Assembly
from tilewright.spec import CodeMove, CodeTable, SumPool
from tilewright.studies.imports import compare_foreign, read_foreign


def agree(path, samples=2):
    """The file's own executor computes the same, node by node; returns the network."""
    foreign = read_foreign(path, samples)
    assert [str(one) for one in compare_foreign(foreign) if not one.passed] == []
    foreign.network.require_whole()
    return foreign.network


def behind_a_layer(body, tmp_path, *, sizes=(3, 6, 8), scale=0.05):
    """A file of a signed input, a convolution, what `body` makes of it, and that alone."""
    net = LowBit(sizes)
    x = net.conv(net.quant("x", scale, 8, signed=True), 4, 4, pad=1)
    return net.save(tmp_path / "net.onnx", body(net, x), sizes=(5, 1, 1))


def shape(net, x, *sizes):
    return net.node("Reshape", [x, net.constant(np.array([1, *sizes]))])


def shuffle(net, x):
    """Channels shuffled as exporters write it, with a quantizer after each step."""
    x = net.quant(shape(net, x, 2, 2, 6, 8), 0.2, 4, signed=True)
    x = net.quant(net.node("Transpose", [x], perm=[0, 2, 1, 3, 4]), 0.2, 4, signed=True)
    return net.conv(net.quant(shape(net, x, 4, 6, 8), 0.2, 4, signed=True), 5, 4)


def tokens(net, x):
    """A block of linear layers between pixels as tokens (n, pixels, channels): bias, factor, sum, mean."""
    x = net.quant(
        net.node("Transpose", [shape(net, x, 4, 48)], perm=[0, 2, 1]), 0.2, 4, signed=True
    )
    y = net.matmul(x, 4, 6, 4)
    y = net.node("Add", [y, net.constant(net._rng.normal(size=6))])
    y = net.node("Mul", [y, net.constant([1, -1, 0.5, 0.3, 2, -0.7])])
    y = net.quant(net.node("Relu", [y]), 0.1, 4)
    y = net.quant(net.matmul(y, 6, 4, 4), 0.2, 4, signed=True)
    x = net.quant(net.node("Add", [x, y]), 0.3, 4, signed=True)
    x = net.node("ReduceMean", [x], axes=[1], keepdims=0)
    return net.matmul(net.quant(x, 0.05, 6, signed=True), 4, 5, 4)


def mixed(net, x):
    """A linear layer over pixels, then one over channels, as an MLP mixer has them."""
    x = net.quant(shape(net, x, 4, 48), 0.2, 4, signed=True)
    x = net.quant(net.matmul(x, 48, 6, 4), 0.5, 4, signed=True)
    x = net.quant(net.node("Transpose", [x], perm=[0, 2, 1]), 0.5, 4, signed=True)
    return net.matmul(x, 4, 5, 4)


def mixer(net, x):
    """Sums of pixels in two orders: those mixed over pixels, and those as the convolution left them."""
    x = net.quant(shape(net, x, 4, 48), 0.2, 4, signed=True)
    y = net.quant(net.matmul(x, 48, 48, 4), 0.5, 4, signed=True)
    y = net.node("Transpose", [y], perm=[0, 2, 1])
    x = net.node("Add", [net.node("Transpose", [x], perm=[0, 2, 1]), y])
    x = net.node("ReduceMean", [net.quant(x, 0.7, 4, signed=True)], axes=[1], keepdims=0)
    return net.matmul(net.quant(x, 0.05, 6, signed=True), 4, 5, 4)


def border(net, x):
    """Zeros around a plane that is quantized behind them."""
    x = net.node("Pad", [net.node("Relu", [x]), net.constant(np.array([0, 0, 1, 2, 0, 0, 0, 1]))])
    return net.conv(net.quant(x, 0.3, 4), 5, 4)


def one_part(net, x):
    """The first of two parts: the other one is read by nothing."""
    x = net.quant(x, 0.2, 4, signed=True)
    names = ["part", "other"]
    net._nodes.append(onnx.helper.make_node("Split", [x], names, name="split", axis=1))
    net.channels["part"] = 2
    return net.conv("part", 5, 4)


@pytest.mark.parametrize("body", [shuffle, tokens, mixed, mixer, border, one_part])
def test_values_are_followed_to_where_they_stand(body, tmp_path):
    agree(behind_a_layer(body, tmp_path))


def test_pixels_are_tokens_without_a_move(tmp_path):
    network = agree(behind_a_layer(tokens, tmp_path))
    assert not [node for node in network.nodes if isinstance(node, CodeMove)]
    assert [layer.shape.oh for layer in network.layers] == [6, 6, 6, 1]


def test_other_places_would_be_seen(tmp_path, monkeypatch):
    """The sabotage: sums and codes are looked for where they do not stand."""
    monkeypatch.setattr("tilewright.interchange.held.inverse", lambda _: None)
    monkeypatch.setattr("tilewright.interchange.views.standing", lambda *_: None)
    foreign = read_foreign(behind_a_layer(shuffle, tmp_path), 2)
    assert any(not one.passed for one in compare_foreign(foreign))


def test_sums_in_another_order_are_laid_out(tmp_path, monkeypatch):
    """The sabotage of the sums alone."""
    path = behind_a_layer(tokens, tmp_path)
    monkeypatch.setattr(Assembly, "lay_out", lambda *_: None)
    failed = [one.layer for one in compare_foreign(read_foreign(path, 2)) if not one.passed]
    assert failed


def test_the_output_may_be_tokens(tmp_path):
    """Its sums are compared, in the order of the file."""
    net = LowBit((6, 5))
    x = net.node("Relu", [net.matmul(net.quant("x", 0.05, 8, signed=True), 5, 4, 4)])
    x = net.matmul(net.quant(x, 0.2, 4), 4, 3, 4)
    path = net.save(tmp_path / "net.onnx", x, sizes=(6, 3))
    foreign = read_foreign(path, 2)
    assert sum(one.compared for one in compare_foreign(foreign)) > 2 * (6 * 5 + 6 * 4 + 6 * 3)
    assert foreign.network.output.output_shape == (3, 1, 6)
    assert not [note for note in foreign.notes if "not in the integers" in note]


# --- codes at the border, where the zero-point stands for 0


def surrounded(net, x):
    x = net.quant(x, 0.2, 4, zero=6)
    ends = net.constant(np.array([0, 0, 1, 0, 0, 0, 1, 1]))
    return net.conv(net.node("Pad", [x, ends]), 5, 4)


def averaged(net, x):
    x = net.quant(x, 0.2, 4, zero=6)
    window = {"kernel_shape": [3, 3], "pads": [1, 1, 0, 1], "count_include_pad": 1}
    return net.conv(net.quant(net.node("AveragePool", [x], **window), 0.1, 4, signed=True), 5, 4)


def transposed(net, x):
    x = net.quant(x, 0.2, 4, zero=6)
    return net.node("ConvTranspose", [x, net.weight((4, 5, 3, 3), 4)], 5, strides=[2, 2])


def of_fewer(net, x):
    """Windows at the border average fewer codes, as they do if nothing else is said."""
    x = net.quant(x, 0.2, 4, zero=6)
    x = net.node("AveragePool", [x], kernel_shape=[3, 2], auto_pad="SAME_UPPER", strides=[2, 1])
    return net.conv(net.quant(net.node("Relu", [x]), 0.1, 4), 5, 4)


@pytest.mark.parametrize("body", [surrounded, averaged, transposed])
def test_the_code_of_0_stands_where_there_is_none(body, tmp_path):
    network = agree(behind_a_layer(body, tmp_path))
    moves = [node for node in network.nodes if isinstance(node, CodeMove)]
    assert [move.fill for move in moves] == [6]


def test_a_code_of_0_instead_would_be_seen(tmp_path):
    """The sabotage."""
    path = behind_a_layer(averaged, tmp_path)
    foreign = read_foreign(path, 2)
    nodes = [
        replace(node, fill=0) if isinstance(node, CodeMove) else node
        for node in foreign.network.nodes
    ]
    other = replace(foreign, network=replace(foreign.network, nodes=tuple(nodes)))
    assert any(not one.passed for one in compare_foreign(other))


def test_averages_of_fewer_codes_at_the_border(tmp_path):
    network = agree(behind_a_layer(of_fewer, tmp_path))
    (pool,) = (node for node in network.nodes if isinstance(node, SumPool))
    assert pool.output_shape == (4 * 3 * 8, 1, 1)


def test_one_divisor_for_all_would_be_seen(tmp_path):
    """The sabotage: as if every window had as many codes."""
    foreign = read_foreign(behind_a_layer(of_fewer, tmp_path), 2)
    pool = next(node for node in foreign.network.nodes if isinstance(node, SumPool))
    (link,) = pool.requantizations
    same = np.broadcast_to(link.thresholds[len(link.thresholds) // 2], link.thresholds.shape)
    other = replace(pool, requantizations=(replace(link, thresholds=same.copy()),))
    nodes = tuple(other if node is pool else node for node in foreign.network.nodes)
    wrong = replace(foreign, network=replace(foreign.network, nodes=nodes))
    assert any(not one.passed for one in compare_foreign(wrong))


def test_a_large_plane_of_such_averages_is_refused(tmp_path):
    path = behind_a_layer(of_fewer, tmp_path, sizes=(3, 60, 40))
    with pytest.raises(FormatError, match=r"\(AveragePool\): windows at the border average fewer"):
        read_onnx(path)


def test_what_is_no_code_cannot_be_put_in(tmp_path):
    def body(net, x):
        x = net.quant(x, 0.2, 4, zero=6)
        ends = net.constant(np.array([0, 0, 1, 0, 0, 0, 1, 1]))
        return net.conv(net.node("Pad", [x, ends, net.constant(0.3)]), 5, 4)

    with pytest.raises(
        FormatError, match=r"\(Pad\): it must put in the value of a code, a multiple"
    ):
        read_onnx(behind_a_layer(body, tmp_path))


# --- functions of codes, which the source's own arithmetic decides


def sloped(net, x):
    """Slopes that put many codes on the half of the next one."""
    x = net.quant(x, 0.2, 5, signed=True)
    slopes = net.constant(np.array([0.1, 0.2, 0.3, 0.5]).reshape(4, 1, 1))
    return net.conv(net.quant(net.node("PRelu", [x, slopes]), 0.2, 4, signed=True), 5, 4)


def scaled(net, x):
    """Codes, a BatchNormalization, a factor, and another quantizer."""
    x = net.norm(net.quant(x, 0.2, 5, signed=True))
    x = net.node("Mul", [x, net.constant(0.3)])
    return net.conv(net.quant(x, 0.1, 4, signed=True), 5, 4)


def pooled(net, x):
    """A function that falls and rises, of codes, and a pool before the next quantizer."""
    x = net.node("Abs", [net.node("Add", [net.quant(x, 0.2, 5, signed=True), net.constant(0.3)])])
    x = net.node("MaxPool", [x], kernel_shape=[2, 2], strides=[2, 2])
    return net.conv(net.quant(net.node("Sub", [x, net.constant(0.7)]), 0.1, 5, signed=True), 5, 4)


@pytest.mark.parametrize("body", [sloped, scaled, pooled])
def test_functions_of_codes_leave_nothing_open(body, tmp_path):
    """Only the first quantizer's own thresholds may be doubtful: of the codes behind it, each is known."""
    path = behind_a_layer(body, tmp_path)
    foreign = read_foreign(path, 4)
    assert [str(one) for one in compare_foreign(foreign) if not one.passed] == []
    assert len([node for node in foreign.network.nodes if isinstance(node, CodeTable)]) == (
        body is pooled
    )


def test_what_floats_would_make_of_ties_would_be_seen(tmp_path, monkeypatch):
    """The sabotage: the same function in float64."""
    path = behind_a_layer(sloped, tmp_path)
    monkeypatch.setattr("tilewright.interchange.values.Value.follows_codes", False)
    assert any(not one.passed for one in compare_foreign(read_foreign(path, 4)))


def test_a_function_that_differs_by_channel_is_no_table(tmp_path):
    def body(net, x):
        slopes = net.constant(np.array([0.1, -0.2, 0.3, 0.5]).reshape(4, 1, 1))
        x = net.node("PRelu", [net.quant(x, 0.2, 5, signed=True), slopes])
        return net.conv(net.quant(x, 0.2, 4, signed=True), 5, 4)

    with pytest.raises(FormatError, match=r"\(PRelu\): it rises and falls, and not alike in all"):
        read_onnx(behind_a_layer(body, tmp_path))


# --- as ONNX Runtime writes them


@pytest.mark.parametrize("form", ["QDQ", "QOperator"])
def test_moves_between_codes_of_onnx_runtime(form, tmp_path):
    """A shuffle over five axes."""
    net = Float((3, 6, 4))
    x = net.relu(net.conv("x", 4))
    for number, sizes in enumerate(([0, 2, 2, 6, 4], [0, 4, 6, 4])):
        to = f"to{number}"
        net._constants.append(onnx.numpy_helper.from_array(np.array(sizes), to))
        x = net.node("Reshape", [x, to], 4)
        x = net.node("Transpose", [x], perm=[0, 2, 1, 3, 4]) if number == 0 else x
    net.save(tmp_path / "float.onnx", net.head(net.conv(x, 4), 5))
    path = quantize(tmp_path / "float.onnx", tmp_path / "net.onnx", form=form)
    network = agree(path)
    assert len([node for node in network.nodes if isinstance(node, CodeMove)]) == 1


def sequence(path):
    """As torch's newer exporter writes a mean over a sequence."""
    net = Float((3, 8))
    weight = onnx.numpy_helper.from_array(net._rng.normal(size=(4, 3, 3)).astype(np.float32), "w")
    rows = onnx.numpy_helper.from_array(np.array([-2]), "rows")
    axes = onnx.numpy_helper.from_array(np.array([-1, -2]), "axes")
    net._constants += [weight, rows, axes]
    x = net.node("Unsqueeze", [net.relu(net.node("Conv", ["x", "w"], 4)), "rows"])
    x = net.node("Squeeze", [net.node("ReduceMean", [x, "axes"], keepdims=1), "rows"])
    net.save(path, net.linear(net.node("Flatten", [x]), 5))
    model = onnx.load(path)
    model.opset_import[0].version = 18  # the first whose means have their axes as an input
    onnx.save(model, path)
    return path


@pytest.mark.parametrize("form", ["QDQ", "QOperator"])
def test_a_sequence_gets_a_row_for_its_mean(form, tmp_path):
    path = quantize(sequence(tmp_path / "float.onnx"), tmp_path / "net.onnx", form=form)
    network = agree(path, 3)
    assert [layer.shape.ow for layer in network.layers] == [6, 1]

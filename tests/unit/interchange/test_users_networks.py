"""What networks of users have, as ONNX Runtime's quantizer and torch write them: heads that share weights,
planes resized between pixels, pools whose sizes are rounded up, slopes by channel of sequences.
"""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("onnxruntime", reason="needs the extra 'onnx'")

import onnx

from tests.unit.interchange.test_own_qdq import S8, Qdq
from tilewright.errors import FormatError, ToolError
from tilewright.interchange import blends, lenient, read_onnx, read_pools, windows, witness
from tilewright.spec import CodeMove, SumPool
from tilewright.studies.imports import compare_foreign, read_foreign


def agree(path):
    """The foreign network, of which every code and sum that is compared is the source's."""
    foreign = read_foreign(path, 4)
    assert [str(one) for one in compare_foreign(foreign) if not one.passed] == []
    return foreign


def weight(net, sizes):
    return net.weight(sizes, 0.01, 0, kind=S8)


def shared_heads(path):
    """A convolution that two planes go through, as the heads of a detector are."""
    net = Qdq((3, 8, 6))
    x = net.codes("x", 0.05, 3, S8)
    head = weight(net, (4, 4, 1, 1))
    low = net.codes(net.node("Conv", x, weight(net, (4, 3, 3, 3))), 0.06, -5, S8)
    high = net.codes(net.node("Conv", low, weight(net, (4, 4, 2, 2)), strides=[2, 2]), 0.05, 2, S8)
    both = [net.codes(net.node("Conv", one, head), 0.04, 0, S8) for one in (low, high)]
    flat = [net.node("GlobalMaxPool", one) for one in both]
    return net.save(path, net.node("Concat", *flat, axis=1))


def test_heads_share_weights(tmp_path):
    foreign = agree(shared_heads(tmp_path / "net.onnx"))
    assert len(foreign.network.layers) == 4
    first, second = foreign.network.layers[2:]
    assert (first.weight == second.weight).all()


def test_heads_share_weights_that_the_file_has_as_floats(tmp_path):
    """As quantize_static writes them with AddQDQPairToWeight."""
    net = Qdq((3, 8, 6))
    floats = net.constant(np.random.default_rng(0).normal(size=(4, 3, 3, 3)).astype(np.float32))
    x, head = net.codes("x", 0.05, 3, S8), net.codes(floats, 0.03, 0, S8)
    low = net.codes(net.node("Conv", x, head), 0.06, -5, S8)
    high = net.codes(net.node("Conv", x, head, strides=[2, 2]), 0.06, -5, S8)
    flat = [net.node("GlobalMaxPool", one) for one in (low, high)]
    foreign = agree(net.save(tmp_path / "net.onnx", net.node("Concat", *flat, axis=1)))
    first, second = foreign.network.layers
    assert (first.weight == second.weight).all()


def test_layers_share_the_zero_point_of_clipped_weights(tmp_path):
    """As Brevitas writes QCDQ: one constant for all zero-points that are equal."""
    net, rng = Qdq((3, 8, 6)), np.random.default_rng(0)
    zero, low, high = (net.constant(one, S8) for one in (0, -127, 127))
    x = net.codes("x", 0.05, 3, S8)
    for ic, scale in ((3, 0.06), (4, 0.05)):
        codes = net.constant(rng.integers(-127, 128, (4, ic, 3, 3)), S8)
        clipped = net.node("Clip", codes, low, high)
        weight = net.node("DequantizeLinear", clipped, net.constant(0.01), zero)
        x = net.codes(net.node("Conv", x, weight), scale, -5, S8)
    agree(net.save(tmp_path / "net.onnx", x))


def test_what_is_shared_is_computed_twice_and_no_more(tmp_path):
    before = onnx.load(shared_heads(tmp_path / "net.onnx"))
    after = onnx.ModelProto()
    after.CopyFrom(before)
    lenient.unshare_weights(after)
    assert len(after.graph.node) == len(before.graph.node) + 1
    read = [node.input[1] for node in after.graph.node if node.op_type == "Conv"]
    assert len(set(read)) == 4


def test_that_onnxruntime_fails_on_shared_weights_would_be_seen(tmp_path, monkeypatch):
    """The sabotage: the file as it is. Where this passes, a newer ONNX Runtime needs no copies."""
    monkeypatch.setattr(lenient, "_unshare_weight_values", lambda *_: None)
    with pytest.raises(ToolError, match="cannot compute"):
        read_foreign(shared_heads(tmp_path / "net.onnx"), 1)


RESIZES = {
    "twice": ([1, 1, 2, 2], {}),
    "rows alone, four times": ([1, 1, 4, 1], {}),
    "with the corners in place": (
        [1, 1, 2, 2],
        {"coordinate_transformation_mode": "align_corners"},
    ),
    "half as large": ([1, 1, 0.5, 0.5], {"coordinate_transformation_mode": "pytorch_half_pixel"}),
    "from the first pixel on": ([1, 1, 3, 2], {"coordinate_transformation_mode": "asymmetric"}),
}


def resized(path, scales, attributes, *, mode="linear", out_scale=0.031):
    net = Qdq((3, 4, 6))
    x = net.node("Conv", net.codes("x", 0.05, 3, S8), weight(net, (5, 3, 3, 3)), pads=[1] * 4)
    x = net.codes(x, 0.04, -7, S8)
    big = net.node("Resize", x, "", net.constant(scales), mode=mode, **attributes)
    big = net.codes(big, out_scale, 11, S8)
    return net.save(path, net.node("Conv", big, weight(net, (2, 5, 1, 1))))


@pytest.mark.parametrize("way", RESIZES)
def test_planes_resized_between_pixels(way, tmp_path):
    scales, attributes = RESIZES[way]
    foreign = agree(resized(tmp_path / "net.onnx", np.array(scales, np.float32), attributes))
    (blend,) = (one for one in foreign.network.nodes if isinstance(one, SumPool))
    shape = foreign.network.layers[-1].shape
    assert (shape.ih, shape.iw) == (int(4 * scales[2]), int(6 * scales[3]))
    assert blend.output_shape == (5, shape.ih, shape.iw)


def test_another_share_of_a_neighbor_would_be_seen(tmp_path, monkeypatch):
    in_parts = blends.in_parts

    def shifted(line, size):
        return in_parts(line, size)[:, ::-1] if size == 6 else in_parts(line, size)

    monkeypatch.setattr(blends, "in_parts", lambda line, size: shifted(line[::-1], size))
    path = resized(tmp_path / "net.onnx", np.array([1, 1, 2, 2], np.float32), {})
    foreign = read_foreign(path, 4)
    assert any(not one.passed for one in compare_foreign(foreign))


def test_other_resizes_say_what_to_do(tmp_path):
    path = resized(tmp_path / "net.onnx", np.array([1, 1, 2, 2], np.float32), {}, mode="cubic")
    with pytest.raises(FormatError, match=r"mode must be nearest or linear, not cubic"):
        read_onnx(path)


def pooled(path, size, **attributes):
    net = Qdq((2, *size))
    x = net.node("Relu", net.node("Conv", net.codes("x", 0.05, 3, S8), weight(net, (3, 2, 1, 1))))
    x = net.codes(x, 0.01, -128, S8)
    x = net.codes(net.node("AveragePool", x, ceil_mode=1, **attributes), 0.0093, -128, S8)
    return net.save(path, net.node("Conv", x, weight(net, (2, 3, 1, 1))))


@pytest.mark.parametrize(
    ("size", "attributes"),
    [
        ((4, 6), {"kernel_shape": [2, 2], "strides": [2, 2]}),
        ((4, 6), {"kernel_shape": [2, 2], "strides": [2, 2], "count_include_pad": 1}),
        ((5, 6), {"kernel_shape": [2, 2], "strides": [2, 2]}),
        ((6, 7), {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 0, 0]}),
    ],
)
def test_averages_whose_sizes_are_rounded_up(size, attributes, tmp_path):
    foreign = agree(pooled(tmp_path / "net.onnx", size, **attributes))
    shape = foreign.network.layers[-1].shape
    assert (shape.ih, shape.iw) == (-(-size[0] // 2), -(-size[1] // 2))


BEYOND = {"kernel_shape": [2, 2], "strides": [2, 2], "count_include_pad": 1}


def test_averages_beyond_the_padding_are_those_of_the_kernel_for_codes(tmp_path):
    """ONNX Runtime's divides by the whole window there: 4, where 2 numbers are within the padding."""
    path = pooled(tmp_path / "net.onnx", (5, 6), **BEYOND)
    foreign = agree(path)
    assert any("divides by all numbers of a window" in note for note in foreign.notes)


@pytest.mark.parametrize(
    ("size", "attributes"),
    [
        ((5, 6), BEYOND),
        ((6, 7), BEYOND | {"kernel_shape": [3, 3], "pads": [1, 0, 0, 1]}),
        ((8, 6), BEYOND | {"kernel_shape": [3, 2], "strides": [3, 3], "pads": [1, 1, 1, 0]}),
    ],
)
def test_averages_beyond_the_padding_divide_by_what_is_within(size, attributes, tmp_path):
    """Behind a function the average is one of floats, as ONNX states it: padding counts, no more does."""
    net = Qdq((2, *size))
    x = net.node("Conv", net.codes("x", 0.05, 3, S8), weight(net, (3, 2, 1, 1)))
    x = net.node("AveragePool", net.codes(x, 0.01, -7, S8), ceil_mode=1, **attributes)
    x = net.codes(net.node("Sigmoid", x), 0.004, -128, S8)
    agree(net.save(tmp_path / "net.onnx", net.node("Conv", x, weight(net, (2, 3, 1, 1)))))


def test_another_divisor_is_found(tmp_path, monkeypatch):
    net = Qdq((2, 5, 6))
    x = net.node("Conv", net.codes("x", 0.05, 3, S8), weight(net, (3, 2, 1, 1)))
    x = net.node("AveragePool", net.codes(x, 0.01, -7, S8), ceil_mode=1, **BEYOND)
    x = net.codes(net.node("Sigmoid", x), 0.004, -128, S8)
    path = net.save(tmp_path / "net.onnx", net.node("Conv", x, weight(net, (2, 3, 1, 1))))
    monkeypatch.setattr(windows.Windows, "divisors", lambda *_: np.full((3, 3), 4))
    foreign = read_foreign(path, 4)
    assert [one for one in compare_foreign(foreign) if not one.passed]


def test_slopes_by_channel_of_a_sequence(tmp_path):
    net = Qdq((3, 10))
    x = net.node("Conv", net.codes("x", 0.05, 3, S8), weight(net, (4, 3, 3)), pads=[1, 1])
    slopes = np.array([[0.25], [0.0], [0.5], [0.125]], np.float32)
    x = net.codes(net.node("PRelu", x, net.constant(slopes)), 0.03, -20, S8)
    foreign = agree(net.save(tmp_path / "net.onnx", net.node("Conv", x, weight(net, (2, 4, 3)))))
    assert [layer.shape.ih for layer in foreign.network.layers] == [1, 1]


@pytest.mark.parametrize("kind", ["ReduceMean", "ReduceMax", "ReduceSum"])
def test_channels_of_each_pixel_are_reduced_to_one(kind, tmp_path):
    """As attention over pixels has them: of a plane of h != w."""
    net = Qdq((3, 4, 6))
    x = net.codes(
        net.node("Conv", net.codes("x", 0.05, 3, S8), weight(net, (5, 3, 1, 1))), 0.03, -9, S8
    )
    axes = net.constant([1], onnx.TensorProto.INT64)
    one = net.codes(net.node(kind, x, axes), 0.025, 14, S8)
    gate = net.codes(net.node("Sigmoid", one), 1 / 256, -128, S8)
    both = net.codes(net.node("Mul", x, gate), 0.02, 0, S8)
    foreign = agree(
        net.save(tmp_path / "net.onnx", net.node("Conv", both, weight(net, (2, 5, 1, 1))))
    )
    plane = (1, 4, 30) if kind == "ReduceMax" else (1, 4, 6)
    assert plane in [node.output_shape for node in foreign.network.nodes]


def test_channels_that_are_left_out_would_be_seen(tmp_path, monkeypatch):
    def first_twice(op, value, assembly):
        channels, height, width = value.plane
        index = np.zeros((1, height, width * channels), np.int32)
        return read_pools.add_move(op, value, index, assembly, tensor=None)

    monkeypatch.setattr(read_pools, "_channels_side_by_side", first_twice)
    with pytest.raises(AssertionError, match="differ"):
        test_channels_of_each_pixel_are_reduced_to_one("ReduceMean", tmp_path)


def test_a_convolution_along_the_channels_of_planes(tmp_path):
    """As efficient channel attention has it: the means of the channels are a sequence."""
    net = Qdq((3, 4, 6))
    x = net.codes(
        net.node("Conv", net.codes("x", 0.05, 3, S8), weight(net, (8, 3, 3, 3))), 0.03, 4, S8
    )
    mean = net.codes(net.node("GlobalAveragePool", x), 0.01, -6, S8)
    last, second = (net.constant([axis], onnx.TensorProto.INT64) for axis in (3, 3))
    line = net.node("Transpose", net.node("Squeeze", mean, last), perm=[0, 2, 1])
    line = net.codes(line, 0.01, -6, S8)
    line = net.codes(net.node("Conv", line, weight(net, (1, 1, 3)), pads=[1, 1]), 0.002, 10, S8)
    gate = net.node("Unsqueeze", net.node("Transpose", line, perm=[0, 2, 1]), second)
    gate = net.codes(net.node("Sigmoid", net.codes(gate, 0.002, 10, S8)), 1 / 256, -128, S8)
    both = net.codes(net.node("Mul", x, gate), 0.02, 0, S8)
    foreign = agree(
        net.save(tmp_path / "net.onnx", net.node("Conv", both, weight(net, (2, 8, 1, 1))))
    )
    shapes = [(one.shape.ic, one.shape.ih, one.shape.iw) for one in foreign.network.layers]
    assert shapes == [(3, 4, 6), (1, 1, 8), (8, 2, 4)]


def test_what_operators_on_codes_leave_in_floats_is_said(tmp_path):
    net = Qdq((3, 4, 6))
    x = net.node("QuantizeLinear", "x", *(pair := (net.constant(0.05), net.constant(3, S8))))
    scales = net.constant(np.array([1, 1, 2, 2], np.float32))
    big = net.node("DequantizeLinear", net.node("Resize", x, "", scales, mode="linear"), *pair)
    path = net.save(tmp_path / "net.onnx", net.node("Conv", big, weight(net, (2, 3, 1, 1))))
    with pytest.raises(FormatError, match=r"as quantize_static does with QuantFormat.QDQ$"):
        read_onnx(path)
    net = Qdq((3, 4, 6))
    kernel = net.constant(net.rng.normal(size=(3, 2, 2, 2)).astype(np.float32))
    x = net.node("ConvTranspose", net.codes("x", 0.05, 3, S8), kernel)
    path = net.save(tmp_path / "net.onnx", net.node("Conv", x, weight(net, (2, 2, 1, 1))))
    with pytest.raises(
        FormatError, match=r"leaves it in floats with QuantFormat.QOperator, and not"
    ):
        read_onnx(path)


def heads(path, *, is_last=True):
    """As a detector of boxes has them: each turned to channels last, flattened, and put behind the other."""
    net = Qdq((3, 8, 6))
    x = net.codes(
        net.node("Conv", net.codes("x", 0.05, 3, S8), weight(net, (4, 3, 3, 3))), 0.06, -5, S8
    )
    y = net.codes(net.node("Conv", x, weight(net, (4, 4, 2, 2)), strides=[2, 2]), 0.06, -5, S8)
    both = [
        net.codes(net.node("Conv", one, weight(net, (2, 4, 1, 1))), 0.04, 0, S8) for one in (x, y)
    ]
    if is_last:
        both = [net.node("Transpose", one, perm=[0, 2, 3, 1]) for one in both]
    found = net.node("Concat", *(net.node("Flatten", one) for one in both), axis=1)
    return net.save(path, net.codes(found, 0.04, 0, S8))


def test_heads_that_are_flattened_with_their_channels_last(tmp_path):
    networks = [agree(heads(tmp_path / "net.onnx", is_last=one)).network for one in (True, False)]
    moves = [[one for one in network.nodes if isinstance(one, CodeMove)] for network in networks]
    assert len(moves[0]) > len(moves[1]) > 0


def test_a_function_may_be_infinite_at_a_code(tmp_path):
    """LogSigmoid, as torch writes it: the lowest code of a sigmoid is 0, whose logarithm is infinite."""
    net = Qdq((2, 5, 6))
    x = net.codes(
        net.node("Conv", net.codes("x", 0.05, 3, S8), weight(net, (3, 2, 1, 1))), 0.05, -3, S8
    )
    x = net.codes(net.node("Sigmoid", x), 1 / 256, -128, S8)
    x = net.codes(net.node("Log", x), 0.03, 127, S8)
    agree(net.save(tmp_path / "net.onnx", net.node("Conv", x, weight(net, (2, 3, 1, 1)))))


def test_a_second_session_shows_a_pad_once(tmp_path, monkeypatch):
    """Where ONNX Runtime does not load the file with one of its options, the same model is loaded again."""
    net = Qdq((3, 10))
    pads = net.constant((0, 0, 2, 0, 0, 0), onnx.TensorProto.INT64)
    x = net.node("Conv", net.codes("x", 0.05, 3, S8), weight(net, (4, 3, 3)), pads=[1, 1])
    x = net.node("Pad", net.codes(x, 0.05, 0, S8), pads)
    path = net.save(tmp_path / "net.onnx", net.node("Conv", x, weight(net, (2, 4, 3))))
    made = witness._session

    def once(model, tensors, entries, *without):
        found = made(model, tensors, entries, *without)
        if witness.PRECISION in entries:
            raise RuntimeError("NOT_IMPLEMENTED")
        return found

    monkeypatch.setattr(witness, "_session", once)
    agree(path)

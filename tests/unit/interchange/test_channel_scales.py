"""Scales that differ by input channel, of activations and of weights, in whole weights."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("qonnx", reason="needs the extra 'onnx'")
pytest.importorskip("onnxruntime", reason="needs the extra 'onnx'")

from onnx import TensorProto

from tests.public_networks import LowBit
from tests.qonnx_files import STATED, File, node, quant
from tests.unit.interchange.test_own_qdq import Qdq
from tilewright.errors import FormatError
from tilewright.interchange import channel_scales, read_onnx
from tilewright.studies.imports import compare_foreign, read_foreign

SIGNED = STATED | {"signed": 1, "narrow": 1}
U8, S8 = (TensorProto.DataType.Value(kind) for kind in ("UINT8", "INT8"))
POWERS = np.array([0.125, 0.25, 1.0, 0.25]).reshape(1, 4, 1, 1)
OTHERS = np.array([0.1, 0.2, 0.15, 0.3]).reshape(1, 4, 1, 1)


def saved(path, body):
    net = LowBit((3, 6, 8))
    x = net.node("Relu", [net.conv(net.quant("x", 0.0625, 8, signed=True), 4, 4, pad=1)])
    return net.save(path, body(net, x), sizes=(5, 1, 1))


def agree(path):
    foreign = read_foreign(path, 3)
    assert [str(one) for one in compare_foreign(foreign) if not one.passed] == []
    foreign.network.require_whole()
    return foreign.network


def dense(net, x):
    return net.conv(net.quant(x, POWERS, 4), 5, 4)


def wide(net, x):
    """Weights of 8 bits and ratios of 8: parts of 8 bits."""
    weight = net.quant(net.constant(net._rng.normal(size=(5, 4, 3, 3)) * 6), 0.05, 8, signed=True)
    return net.node("Conv", [net.quant(x, POWERS, 4), weight], 5)


def depthwise(net, x):
    return net.conv(net.quant(x, OTHERS, 4), 4, 4, groups=4)


def grouped(net, x):
    scales = np.array([0.1, 0.1, 0.07, 0.07]).reshape(1, 4, 1, 1)
    return net.conv(net.quant(x, scales, 4), 6, 4, groups=2)


def pooled_and_flat(net, x):
    x = net.node("MaxPool", [net.quant(x, POWERS, 4)], kernel_shape=[2, 2], strides=[2, 2])
    return net.matmul(net.node("Flatten", [x], 48), 48, 5, 4)


def of_weights(net, x):
    weight = net.quant(net.constant(net._rng.normal(size=(5, 4, 3, 3))), POWERS, 4, signed=True)
    return net.node("Conv", [net.quant(x, 0.2, 4), weight], 5)


@pytest.mark.parametrize("body", [dense, wide, depthwise, grouped, pooled_and_flat, of_weights])
def test_ratios_of_scales_are_factors_of_weights(body, tmp_path):
    agree(saved(tmp_path / "net.onnx", body))


def test_wide_weights_are_parts(tmp_path):
    network = agree(saved(tmp_path / "net.onnx", wide))
    assert network.output.shape.ic > 4


def test_one_scale_for_all_instead_would_be_seen(tmp_path, monkeypatch):
    """The sabotage: the ratios left out."""
    monkeypatch.setattr(
        "tilewright.interchange.channel_scales._of_weight", lambda _op, _ratios, _sizes: 1.0
    )
    foreign = read_foreign(saved(tmp_path / "net.onnx", dense), 3)
    assert any(not one.passed for one in compare_foreign(foreign))


def at_the_input(net, _):
    """A quantizer of the input with a scale for each channel."""
    scales = np.array([0.5, 0.25, 0.125]).reshape(1, 3, 1, 1)
    net.channels["input"] = 3
    return net.conv(net.quant("x", scales, 6, signed=True), 5, 4)


def test_the_input_may_have_them_too(tmp_path):
    agree(saved(tmp_path / "net.onnx", at_the_input))


def of_others(net, x):
    return net.conv(net.quant(x, OTHERS * [[[[1.0]], [[1.1]], [[1.3]], [[1.7]]]], 4), 5, 4)


def summed(net, x):
    x = net.quant(x, POWERS, 4)
    return net.conv(net.quant(net.node("Add", [x, x]), 0.2, 4), 5, 4)


def moved(net, x):
    x = net.node("Transpose", [net.quant(x, POWERS, 4)], perm=[0, 1, 3, 2])
    return net.conv(x, 5, 4)


def again(net, x):
    return net.conv(net.quant(net.node("Relu", [net.quant(x, POWERS, 4)]), 0.2, 4), 5, 4)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (of_others, r"\(Conv\): its input and its weight have scales that differ by input channel"),
        (summed, r"\(Add\): what it reads has a scale for each channel"),
        (moved, r"\(Transpose\): what it reads has a scale for each channel"),
        (again, r"\(Relu\): what it reads has a scale for each channel"),
    ],
)
def test_what_takes_one_scale_alone_says_so(body, words, tmp_path):
    with pytest.raises(FormatError, match=words):
        read_onnx(saved(tmp_path / "net.onnx", body))


def in_qdq(path, body, scales=POWERS, zero=(0, 0, 0, 0), sizes=(3, 8, 6), **attributes):
    """Codes with a scale for each channel between two convolutions, for ONNX Runtime."""
    net = Qdq(sizes)
    weight = {"kind": S8, "axis": 0}
    x = net.node("Conv", net.codes("x", 0.05, 100), net.weight((4, 3, 3, 3), [0.02] * 4, **weight))
    pair = net.constant(np.ravel(scales)), net.constant(zero, U8)
    x = net.node("QuantizeLinear", net.node("Relu", x), *pair, **attributes)
    return net.save(path, body(net, x, pair))


def linear_depthwise(net, x, pair):
    x = net.node("DequantizeLinear", x, *pair)
    weight = net.weight((4, 1, 3, 3), np.linspace(0.01, 0.05, 4), kind=S8, axis=0)
    x = net.codes(net.node("Conv", x, weight, group=4), 0.0371, 3)
    return net.node("Conv", x, net.weight((5, 4, 1, 1), 0.05, kind=S8))


def linear_clipped(net, x, pair):
    """As Brevitas writes QCDQ: fewer codes, in a type of 8 bits."""
    bounds = (net.constant(bound, U8) for bound in (0, 15))
    return linear_depthwise(net, net.node("Clip", x, *bounds), pair)


def linear_pooled(net, x, pair):
    """The largest of codes, between the two operators."""
    x = net.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = net.node("Flatten", net.node("DequantizeLinear", x, *pair))
    return net.node("MatMul", x, net.weight((4 * 3 * 2, 5), 0.05, kind=S8))


def linear_dense(net, x, pair):
    x = net.node("DequantizeLinear", x, *pair)
    return net.node("Conv", x, net.weight((5, 4, 3, 3), 0.05, kind=S8))


@pytest.mark.parametrize(
    ("body", "scales"),
    [
        (linear_depthwise, OTHERS),
        (linear_depthwise, [0.1, 0.1, 0.1, 0.1]),
        (linear_clipped, OTHERS),
        (linear_pooled, POWERS),
        (linear_dense, POWERS),
    ],
)
def test_codes_of_onnx_runtime_with_a_scale_for_each_channel(body, scales, tmp_path):
    foreign = read_foreign(in_qdq(tmp_path / "net.onnx", body, scales, (3, 3, 3, 3)), 8)
    assert [str(one) for one in compare_foreign(foreign) if not one.passed] == []
    foreign.network.require_whole()


def test_a_kernel_of_integers_behind_such_codes_would_be_seen(tmp_path, monkeypatch):
    """The sabotage: one scale for all of them, the first."""
    monkeypatch.setattr(
        "tilewright.interchange.channel_scales._of_weight", lambda _op, _ratios, _sizes: 1.0
    )
    foreign = read_foreign(in_qdq(tmp_path / "net.onnx", linear_depthwise, OTHERS), 3)
    assert any(not one.passed for one in compare_foreign(foreign))


def codes_at_the_input(path):
    """The file's input are bytes, whose scales differ by channel."""
    net = Qdq((4, 8, 6))
    pair = net.constant(np.ravel(OTHERS)), net.constant([7] * 4, U8)
    return net.save(path, linear_depthwise(net, "x", pair), kind=U8)


def test_bytes_at_the_input_may_have_them_too(tmp_path):
    foreign = read_foreign(codes_at_the_input(tmp_path / "net.onnx"), 4)
    assert [str(one) for one in compare_foreign(foreign) if not one.passed] == []
    assert foreign.network.nodes[0].zero_point == 7


def other_scales(net, x, pair):
    return linear_dense(net, x, (net.constant([0.1, 0.2, 0.3, 0.4]), pair[1]))


def one_scale(net, x, pair):
    return linear_dense(net, x, (net.constant(0.1), net.constant(0, U8)))


def added(net, x, pair):
    x = net.node("DequantizeLinear", x, *pair)
    return net.node(
        "Conv", net.codes(net.node("Add", x, x), 0.1, 0), net.weight((5, 4, 1, 1), 0.05)
    )


@pytest.mark.parametrize(
    ("body", "stated", "words"),
    [
        (
            linear_dense,
            {"scales": OTHERS},
            r"\(Conv\): .*: let the quantizer of its input have one",
        ),
        (linear_dense, {"zero": (0, 1, 2, 3)}, "the zero-point of activations must be one number"),
        (
            linear_dense,
            {"axis": 3, "scales": [0.1] * 3 + [0.2] * 3, "zero": (0,) * 6},
            "along axis 3",
        ),
        (
            other_scales,
            {},
            r"\(DequantizeLinear\): its scales or its zero-point are not those of its",
        ),
        (
            one_scale,
            {},
            r"\(DequantizeLinear\): its codes have a scale for each channel, and it has one",
        ),
        (added, {}, r"\(Add\): what it reads has a scale for each channel"),
    ],
)
def test_other_codes_with_a_scale_for_each_channel_say_what_to_do(body, stated, words, tmp_path):
    with pytest.raises(FormatError, match=words):
        read_onnx(in_qdq(tmp_path / "net.onnx", body, **stated))


@pytest.mark.parametrize("kind", ["UINT16", "INT16"])
@pytest.mark.parametrize("what", ["activations", "weights", "contrib"])
def test_codes_of_16_bits_are_refused_with_what_to_do(what, kind, tmp_path):
    net, number = Qdq((3, 8, 6)), TensorProto.DataType.Value(kind)
    domain = {"domain": "com.microsoft"} if what == "contrib" else {}
    pair = net.constant(0.05), net.constant(0, U8 if what == "weights" else number)
    x = net.node(
        "DequantizeLinear", net.node("QuantizeLinear", "x", *pair, **domain), *pair, **domain
    )
    weight = net.weight((4, 3, 3, 3), 0.05, kind=number if what == "weights" else S8)
    with pytest.raises(
        FormatError, match=f"not {kind.lower()}: codes have at most 8 bits here; quantize act"
    ):
        read_onnx(net.save(tmp_path / "net.onnx", net.node("Conv", x, weight)))


def joined(path, then, scales=(0.083, 0.21)):
    """Two planes of codes with scales of their own, put together and read without another quantizer."""
    file = File()
    names = [one.output[0] for one in file.nodes]
    file.nodes = file.nodes[: names.index("relu") + 1]
    rng = np.random.default_rng(4)
    file.constants |= {
        "first": scales[0],
        "second": scales[1],
        "end_scale": 0.3,
        "w3": rng.normal(size=(4, 8, 3, 3)) * 0.3,
        "w2": rng.normal(size=(5, 192 if then == "conv" else 8)) * 0.3,
    }
    file.nodes += [
        quant("one", "relu", "first", "bits4", STATED),
        quant("other", "norm", "second", "bits4", STATED),
        node("Concat", "joined", ["one", "other"], axis=1),
    ]
    read = {
        "conv": [
            quant("weight3", "w3", "w2_scale", "bits4", SIGNED),
            node("Conv", "read", ["joined", "weight3"], pads=[1, 1, 1, 1]),
        ],
        "mean": [node("GlobalAveragePool", "read", ["joined"])],
    }
    file.nodes += [
        *read[then],
        quant("end", "read", "end_scale", "bits4", STATED),
        node("Flatten", "flat", ["end"]),
        quant("weight2", "w2", "w2_scale", "bits4", SIGNED),
        node("Gemm", "head", ["flat", "weight2"], transB=1),
    ]
    return file.save(path)


@pytest.mark.parametrize("then", ["conv", "mean"])
def test_codes_of_several_scales_that_are_put_together(then, tmp_path):
    foreign = read_foreign(joined(tmp_path / "net.onnx", then), 20)
    comparisons = compare_foreign(foreign)
    assert [str(one) for one in comparisons if not one.passed] == []
    assert foreign.open_codes["head"].mean() < 0.05
    notes = [note for note in foreign.notes if "the ratios of small whole numbers" in note]
    assert len(notes) == (1 if then == "conv" else 0)


def test_that_ratios_are_far_from_those_of_the_file_would_be_seen(tmp_path, monkeypatch):
    """The sabotage: any ratio is near enough."""
    monkeypatch.setattr(channel_scales, "NEAR", 1e-9)
    whole = channel_scales._whole
    monkeypatch.setattr(channel_scales, "_whole", lambda *given: (*whole(*given)[:2], 1e-9))
    foreign = read_foreign(joined(tmp_path / "net.onnx", "conv", (0.1, 0.149)), 20)
    assert any(not one.passed for one in compare_foreign(foreign))


def test_a_last_layer_has_no_ratios_that_are_only_near(tmp_path):
    """No quantizer follows that would make the same of them."""
    file = File()
    file.nodes = [one for one in file.nodes if one.output[0] not in ("pool", "flat")]
    file.find("weight2").input[0] = "w3"
    file.constants["w3"] = np.random.default_rng(4).normal(size=(5, 4, 1, 1))
    file.nodes[-1] = node("Conv", "head", ["codes", "weight2"])
    file.constants["act_scale"] = np.array([0.1, 0.23, 0.057, 0.41]).reshape(1, 4, 1, 1)
    with pytest.raises(FormatError, match="scales that differ by input channel"):
        read_onnx(file.save(tmp_path / "net.onnx"))

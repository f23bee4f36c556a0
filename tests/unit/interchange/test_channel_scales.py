"""Scales that differ by input channel, of activations and of weights, in whole weights."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("qonnx", reason="needs the extra 'onnx'")

from tests.public_networks import LowBit
from tilewright.errors import FormatError
from tilewright.interchange import read_onnx
from tilewright.studies.imports import compare_foreign, read_foreign

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

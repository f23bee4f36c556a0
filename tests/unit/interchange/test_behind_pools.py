"""What falls, or falls and rises, behind a max-pool, and a max-pool of what does: before one quantizer."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest

pytest.importorskip("onnxruntime", reason="needs the extra 'onnx'")

from onnx import TensorProto

from tests.unit.interchange.test_functions_of_sums import agree, hard_swish, layer, silu
from tests.unit.interchange.test_own_qdq import S8, Qdq
from tilewright.errors import FormatError
from tilewright.interchange import read_onnx, values
from tilewright.spec import ResidualAdd
from tilewright.studies.imports import compare_foreign, read_foreign


def normalized(net, x):
    """A normalization that falls in two channels."""
    numbers = [[0.9, -1.1, 1.3, -0.7], [0.1, 0.2, -0.3, 0.4], [0.0] * 4, [1.0] * 4]
    constants = [net.constant(np.array(one, np.float32)) for one in numbers]
    return net.node("BatchNormalization", x, *constants)


def pooled(net, x):
    return net.node("MaxPool", x, kernel_shape=[3, 2], strides=[2, 1], pads=[1, 0, 1, 0])


def whole(net, x):
    return net.node("GlobalMaxPool", x)


def coded(net, x):
    return net.codes(x, 0.031, -7, S8)


BODIES = {
    "normalized behind": (pooled, normalized),
    "normalized and held behind": (pooled, normalized, lambda net, x: net.node("Relu", x)),
    "of codes": (coded, pooled, normalized),
    "a valley behind": (pooled, silu),
    "a valley of what falls before": (normalized, whole, hard_swish),
    "falls before and behind": (normalized, pooled, normalized),
    "of a valley": (silu, pooled),
    "of a valley of what falls": (normalized, hard_swish, whole),
    "between two": (pooled, normalized, pooled),
    "flattened": (pooled, normalized, lambda net, x: net.node("Flatten", x)),
}


def network(path, body):
    net = Qdq((3, 7, 6))
    x = layer(net, net.codes("x", 0.05, 3, S8))
    for part in BODIES[body]:
        x = part(net, x)
    x = net.codes(x, 0.0213, -40, S8)
    if body == "flattened":
        weight = net.weight((60, 2), 0.00713, 0, kind=S8)
        return net.save(path, net.node("MatMul", x, weight))
    return net.save(path, layer(net, x, 2, 4, (1, 1)))


@pytest.mark.parametrize("body", BODIES)
def test_max_pools_and_what_falls(body, tmp_path):
    foreign = agree(network(tmp_path / "net.onnx", body))
    assert any(isinstance(one, ResidualAdd) for one in foreign.network.nodes)


@pytest.mark.parametrize("body", ["normalized behind", "a valley of what falls before"])
def test_the_smallest_instead_would_be_seen(body, tmp_path, monkeypatch):
    """The sabotage: what the pools see is said to rise where it falls, and the other way."""
    rise = values.rise_of
    monkeypatch.setattr(values, "rise_of", lambda steps: -rise(steps))
    found = contextlib.suppress(FormatError)  # there may be no two such functions
    with found:
        foreign = read_foreign(network(tmp_path / "net.onnx", body), 4)
        assert any(not one.passed for one in compare_foreign(foreign))


@pytest.mark.parametrize("kind", ["MaxPool", "AveragePool"])
def test_windows_that_reach_beyond_one_end_of_sums(kind, tmp_path):
    """The quantizer behind them may as well stand before a max-pool."""
    net = Qdq((3, 7, 6))
    x = layer(net, net.codes("x", 0.05, 3, S8))
    x = net.node("MaxPool", x, kernel_shape=[3, 2], strides=[2, 1], pads=[1, 0, 0, 1])
    if kind == "AveragePool":
        x = net.node(kind, x, kernel_shape=[2, 2])
    x = net.codes(x, 0.0213, -40, S8)
    path = net.save(tmp_path / "net.onnx", layer(net, x, 2, 4, (1, 1)))
    if kind == "MaxPool":
        agree(path)
        return
    with pytest.raises(FormatError, match=r"\(MaxPool\): its windows must reach beyond both ends"):
        read_onnx(path)


def test_signs_of_what_falls_behind_a_max_pool(tmp_path):
    net = Qdq((3, 7, 6))
    x = normalized(net, pooled(net, layer(net, net.codes("x", 0.05, 3, S8))))
    x = net.node(
        "Where", net.node("Greater", x, net.constant(0.0)), *map(net.constant, (1.0, -1.0))
    )
    weight = net.constant(np.sign(net.rng.normal(size=(2, 4, 1, 1))), TensorProto.FLOAT)
    agree(net.save(tmp_path / "net.onnx", net.node("Conv", x, weight)))

"""Reductions along one axis, sequences that become planes and back, heads whose outputs are laid out anew."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("onnxruntime", reason="needs the extra 'onnx'")

from onnx import TensorProto

from tests.unit.interchange.test_own_qdq import S8, Qdq
from tilewright.errors import FormatError
from tilewright.interchange import read_onnx, read_pools, sequences, witness
from tilewright.interchange.assembly import Assembly
from tilewright.studies.imports import compare_foreign, read_foreign

INT64 = TensorProto.INT64
KINDS = ("ReduceMean", "ReduceSum", "ReduceMax")


def agree(path):
    """The foreign network, of which every code and sum that is compared is the source's."""
    foreign = read_foreign(path, 4)
    assert [str(one) for one in compare_foreign(foreign) if not one.passed] == []
    foreign.network.require_whole()
    return foreign


def weight(net, *sizes):
    return net.weight(sizes, 0.01, 0, kind=S8)


def reduced(net, kind, x, axes, **attributes):
    """By the axes as ReduceMax and ReduceMean of opset 18 have them."""
    return net.node(kind, x, net.constant(axes, INT64), **attributes)


# --- planes


def of_plane(path, kind, axes, keepdims):
    """A reduction of a plane 4 x 5 x 7, and a linear layer of what is left."""
    net = Qdq((3, 6, 8))
    x = net.codes(
        net.node("Conv", net.codes("x", 0.05, 3, S8), weight(net, 4, 3, 2, 2)), 0.06, -5, S8
    )
    x = net.codes(reduced(net, kind, x, axes, keepdims=keepdims), 0.21, 4, S8)
    left = {(1,): 35, (2,): 28, (3,): 20, (2, 3): 4}[tuple(sorted(axis % 4 for axis in axes))]
    return net.save(path, net.node("MatMul", net.node("Flatten", x), weight(net, left, 3)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("axes", [[2], [3], [-1], [1], [3, 2]], ids=str)
@pytest.mark.parametrize("keepdims", [0, 1])
def test_planes_are_reduced_along_their_axes(kind, axes, keepdims, tmp_path):
    agree(of_plane(tmp_path / "net.onnx", kind, axes, keepdims))


def test_another_axis_would_be_seen(tmp_path, monkeypatch):
    """The sabotage: columns in place of rows, of a plane with as many."""
    net = Qdq((3, 5, 5))
    x = reduced(net, "ReduceMean", net.codes("x", 0.05, 3, S8), [2])
    x = net.node("Flatten", net.codes(x, 0.04, 4, S8))
    path = net.save(tmp_path / "net.onnx", net.node("MatMul", x, weight(net, 15, 3)))
    agree(path)
    monkeypatch.setattr(read_pools, "_along", lambda *_: (1, 5))
    assert any(not one.passed for one in compare_foreign(read_foreign(path, 4)))


@pytest.mark.parametrize("axes", [[0], [1, 2], [1, 2, 3]], ids=str)
def test_other_axes_of_planes_are_refused(axes, tmp_path):
    net = Qdq((3, 5, 4))
    x = reduced(net, "ReduceMean", net.codes("x", 0.05, 3, S8), axes)
    path = net.save(
        tmp_path / "net.onnx", net.node("Conv", net.codes(x, 0.1, 0), weight(net, 2, 3, 1, 1))
    )
    with pytest.raises(
        FormatError, match=r"only a mean over the plane, axes 2 and 3 or one of them"
    ):
        read_onnx(path)


# --- sequences


def largest(net, x):
    """As PointNet has it: of each channel, over all points."""
    return reduced(net, "ReduceMax", x, [2], keepdims=0)


def largest_kept(net, x):
    return net.node("Flatten", reduced(net, "ReduceMax", x, [-1]))


def last_step(net, x):
    """As networks of causal convolutions have it."""
    return net.node("Gather", x, net.constant(-1, INT64), axis=2)


def one_channel(net, x):
    return net.node("Gather", x, net.constant(2, INT64), axis=1)


def of_channels(net, x):
    return reduced(net, "ReduceMean", x, [1], keepdims=0)


ENDS = {
    function.__name__: (function, left)
    for function, left in (
        (largest, 4),
        (largest_kept, 4),
        (last_step, 4),
        (one_channel, 9),
        (of_channels, 9),
    )
}


@pytest.mark.parametrize("end", ENDS)
def test_sequences_end_in_a_step_a_channel_or_what_is_left_along_an_axis(end, tmp_path):
    function, left = ENDS[end]
    net = Qdq((3, 11))
    x = net.codes(net.node("Conv", net.codes("x", 0.05, 3, S8), weight(net, 4, 3, 3)), 0.06, -5, S8)
    x = net.codes(function(net, x), 0.06, -5, S8)
    agree(net.save(tmp_path / "net.onnx", net.node("MatMul", x, weight(net, left, 3))))


def mixed(path, axis):
    """A sequence whose channels, or steps, are the rows of a plane; and back."""
    net = Qdq((3, 9))
    x = net.codes(net.node("Conv", net.codes("x", 0.05, 3, S8), weight(net, 4, 3, 2)), 0.06, -5, S8)
    ic = 1 if axis == 1 else 4
    x = net.codes(net.node("Unsqueeze", x, net.constant([axis], INT64)), 0.06, -5, S8)
    oc, kernel = (1, (2, 3)) if axis == 1 else (5, (3, 1))
    x = net.codes(net.node("Conv", x, weight(net, oc, ic, *kernel)), 0.05, 2, S8)
    x = net.codes(net.node("Squeeze", x, net.constant([axis], INT64)), 0.05, 2, S8)
    return net.save(path, net.node("Conv", x, weight(net, 2, 3 if axis == 1 else 5, 2)))


@pytest.mark.parametrize("axis", [1, 3])
def test_sequences_become_planes_and_planes_sequences(axis, tmp_path):
    foreign = agree(mixed(tmp_path / "net.onnx", axis))
    assert len(foreign.network.layers) == 3


def test_a_row_in_another_place_would_be_seen(tmp_path, monkeypatch):
    """The sabotage: the steps of a square sequence are the rows."""
    net = Qdq((4, 4))
    x = net.codes(net.node("Conv", net.codes("x", 0.05, 3, S8), weight(net, 4, 4, 1)), 0.06, -5, S8)
    x = net.codes(net.node("Unsqueeze", x, net.constant([1], INT64)), 0.06, -5, S8)
    path = net.save(tmp_path / "net.onnx", net.node("Conv", x, weight(net, 5, 1, 2, 3)))
    agree(path)
    monkeypatch.setitem(sequences.ONE_ROW, 1, [0, 2, 3, 1])
    assert any(not one.passed for one in compare_foreign(read_foreign(path, 4)))


def test_a_plane_in_a_sequence_may_be_reshaped_to_one(tmp_path):
    net = Qdq((3, 9))
    x = net.codes(net.node("Conv", net.codes("x", 0.05, 3, S8), weight(net, 4, 3, 2)), 0.06, -5, S8)
    x = net.node("Reshape", x, net.constant([-1, 2, 2, 8], INT64))
    x = net.codes(net.node("Conv", x, weight(net, 5, 2, 2, 3)), 0.05, 2, S8)
    x = net.node("Reshape", x, net.constant([-1, 5, 6], INT64))
    agree(net.save(tmp_path / "net.onnx", net.node("Conv", x, weight(net, 2, 5, 2))))


@pytest.mark.parametrize("kind", ["GRU", "LSTM", "RNN"])
def test_recurrent_layers_are_refused_in_one_line(kind, tmp_path):
    """Whatever the exporter puts around them."""
    net = Qdq((4, 6))
    x = net.node("Conv", net.codes("x", 0.05, 3, S8), weight(net, 5, 4, 3))
    x = net.node("Transpose", x, perm=[2, 0, 1])
    gates = {"GRU": 3, "LSTM": 4, "RNN": 1}[kind]
    w, r = (net.constant(net.rng.normal(size=(1, gates * 2, size))) for size in (5, 2))
    path = net.save(tmp_path / "net.onnx", net.node(kind, x, w, r, hidden_size=2))
    with pytest.raises(
        FormatError, match=rf"^node \w+ \({kind}\): recurrent layers cannot be stated"
    ):
        read_onnx(path)


def test_what_hinders_several_nodes_is_said_once(tmp_path):
    """A transformer has a normalization before each layer."""
    net = Qdq((4, 6))
    x = net.codes("x", 0.05, 3, S8)
    for _ in range(3):
        x = net.node("LayerNormalization", x, net.constant(np.ones(6)))
        x = net.node("MatMul", net.codes(x, 0.05, 3, S8), weight(net, 6, 6))
    message = (
        r"^node layernorm\w+ \(LayerNormalization\): it cannot be stated .* "
        r"\(and so of layernorm\w+, layernorm\w+\)$"
    )
    with pytest.raises(FormatError, match=message):
        read_onnx(net.save(tmp_path / "net.onnx", x))


@pytest.mark.parametrize("kind", ["MatMul", "Einsum"])
def test_products_of_activations_are_no_layers(kind, tmp_path):
    net = Qdq((4, 6))
    first = net.codes(net.node("MatMul", net.codes("x", 0.05, 3, S8), weight(net, 6, 5)), 0.1, 0)
    turned = net.node("Transpose", first, perm=[0, 2, 1])
    stated = {"equation": "nij,njk->nik"} if kind == "Einsum" else {}
    x = net.node(
        "MatMul", net.codes(net.node(kind, first, turned, **stated), 0.1, 0), weight(net, 4, 3)
    )
    with pytest.raises(FormatError, match=r"it multiplies two activations, and a layer's weights"):
        read_onnx(net.save(tmp_path / "net.onnx", x))


# --- heads


def head(path, *, has_bias=False):
    """As detectors have them: the sums of the last layer, their channels last, in rows, then quantized.

    The bias of floats lies half a step from whole ones.
    """
    net = Qdq((3, 6, 5))
    x = net.codes(
        net.node("Conv", net.codes("x", 0.05, 3, S8), weight(net, 4, 3, 3, 3)), 1 / 16, -5, S8
    )
    bias = [net.constant((np.arange(6) + 0.5) / 1024)] if has_bias else []
    x = net.node("Conv", x, net.weight((6, 4, 2, 2), 1 / 64, 0, kind=S8), *bias)
    x = net.node("Transpose", x, perm=[0, 2, 3, 1])
    x = net.codes(net.node("Reshape", x, net.constant([-1, 18, 2], INT64)), 0.02, 0, S8)
    return net.save(path, net.node("Softmax", x, axis=-1))


@pytest.mark.parametrize("has_bias", [False, True])
def test_sums_of_a_head_are_those_of_the_file_whose_quantizer_moves(has_bias, tmp_path):
    foreign = agree(head(tmp_path / "net.onnx", has_bias=has_bias))
    compared = {one.layer: one.compared for one in compare_foreign(foreign)}
    assert compared[foreign.network.layers[-1].name] == 4 * 6 * 3 * 2


def test_that_onnx_runtime_shows_codes_in_their_place_would_be_seen(tmp_path, monkeypatch):
    monkeypatch.setattr(witness, "PASSED", ())
    foreign = read_foreign(head(tmp_path / "net.onnx"), 4)
    assert any(not one.passed for one in compare_foreign(foreign))


def test_that_it_shows_the_bias_of_floats_would_be_seen(tmp_path, monkeypatch):
    """The sabotage: sums of the rounded bias are looked for."""
    add = Assembly.add_integers

    def with_rounded(self, op, node, operands, real, bias=None):
        if node.name in self.shown:
            self.shown[node.name] = replace(self.shown[node.name], real=real)
        return add(self, op, node, operands, real, bias)

    monkeypatch.setattr(Assembly, "add_integers", with_rounded)
    foreign = read_foreign(head(tmp_path / "net.onnx", has_bias=True), 4)
    assert any(not one.passed for one in compare_foreign(foreign))

"""A network refuses links that do not fit, and says where it does not run on integers."""

from dataclasses import replace

import numpy as np
import pytest

from tilewright.errors import FormatError, ShapeError, UnknownNameError
from tilewright.spec import (
    ConvShape,
    IntegerNetwork,
    MaxPool,
    NumberFormat,
    Requantization,
    ResidualAdd,
    SumPool,
)

from .test_shapes import make_layer

SIGNED = NumberFormat(3, is_signed=True, is_narrow=True)


def link(consumer, oc=2, levels=15, **options):
    return Requantization(
        np.tile(np.arange(levels), (oc, 1)), np.ones(oc, np.int64), consumer, **options
    )


def residual(**changes):
    """A stem that both operands of an addition read, an average pool, a classifier."""
    shape = ConvShape(3, 5, 4, 2, 1, 1)
    parts = {
        "stem": make_layer(
            [[1, 2, 3], [4, 5, 6]],
            name="stem",
            shape=shape,
            requantizations=tuple(link("add", 2, 6, min_code=-3, operand=n) for n in (0, 1)),
        ),
        "add": ResidualAdd("add", (2, 5, 4), SIGNED, 0.5, (link("pool", 2, 3),)),
        "pool": SumPool(
            "pool",
            (2, 5, 4),
            (5, 4),
            (5, 4),
            NumberFormat(2, is_signed=False),
            0.5,
            (link("head", 2, 15),),
        ),
        "head": make_layer([[1, 2]], name="head", unlinked="it is the output of the network"),
    }
    return IntegerNetwork(tuple((parts | changes).values()))


def with_links(name, *links):
    return {name: replace(residual().node(name), requantizations=links)}


def test_a_graph_comes_back_from_its_file(tmp_path):
    residual().save(tmp_path / "network")
    loaded = IntegerNetwork.load(tmp_path / "network")
    assert [node.name for node in loaded.nodes] == ["stem", "add", "pool", "head"]
    assert [layer.name for layer in loaded.layers] == ["stem", "head"]
    assert loaded.inputs == ("stem",)
    assert list(loaded.gaps()) == []
    assert [one.port for one in loaded.node("stem").requantizations] == ["add", "add:1"]
    assert loaded.node("add").sum_range() == (-6, 6)
    assert loaded.node("pool").sum_range() == (0, 60)
    assert loaded.node("pool").output_shape == (2, 1, 1)
    assert loaded.node("stem").requantizations[0].max_code == 3


def test_gaps_are_named():
    cut = with_links("stem", link("add", 2, 6, min_code=-3))
    assert list(residual(**cut).gaps()) == ["nothing feeds add:1"]
    unlinked = {"pool": replace(residual().node("pool"), requantizations=(), unlinked="odd is odd")}
    assert list(residual(**unlinked).gaps()) == ["pool: odd is odd", "nothing feeds head"]
    with pytest.raises(ShapeError, match=r"does not run on integers .*: pool: odd is odd$"):
        residual(**unlinked).require_whole()


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        (with_links("add", link("pol", 2, 3)), UnknownNameError, r"^no node is called 'pol'"),
        (with_links("add", link("stem", 2, 255)), ShapeError, r"^add must run before stem"),
        (
            with_links("add", link("pool", 2, 3, operand=1)),
            ShapeError,
            r"^add feeds operand 1 of pool, which has 1$",
        ),
        (
            with_links("add", link("pool", 3, 3)),
            ShapeError,
            r"^add: thresholds must be of its 2 channels, not of 3$",
        ),
        (
            with_links("add", link("pool", 2, 3, pools=(MaxPool((2, 2), (1, 2)),))),
            ShapeError,
            r"^pool must read \(ic, ih, iw\) = \(2, 5, 4\), but add gives \(2, 4, 2\)$",
        ),
        (
            with_links("add", link("pool", 2, 3, min_code=-1)),
            FormatError,
            r"^pool must read codes u2 \(0..3\), but the thresholds after add give -1..2$",
        ),
        (
            with_links("add", link("pool", 2, 3), link("pool", 2, 3)),
            ShapeError,
            r"^pool must be fed once, but add feeds it again$",
        ),
        (
            {"pool": replace(residual().node("pool"), name="add", requantizations=())},
            ShapeError,
            r"^nodes must have names of their own, but two are called add$",
        ),
    ],
)
def test_what_does_not_fit_is_refused(changes, error, message):
    with pytest.raises(error, match=message):
        residual(**changes)


def test_a_network_needs_a_node_and_its_inputs():
    with pytest.raises(ShapeError, match=r"^a network must have at least one node$"):
        IntegerNetwork(())
    with pytest.raises(UnknownNameError, match=r"^no node is called 'body'"):
        replace(residual(), inputs=("body",))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"kernel": (0, 1)}, r"^pool: kernel and stride must be at least 1"),
        ({"kernel": (6, 1)}, r"^pool: the window \(6, 1\) must fit the plane \(5, 4\)$"),
        ({"plane": (2, 0, 4)}, r"^pool: channels, rows and columns must be at least 1"),
    ],
)
def test_an_impossible_pool_is_refused(values, message):
    with pytest.raises(ShapeError, match=message):
        replace(residual().node("pool"), **values)


def test_a_direction_is_one_or_minus_one():
    with pytest.raises(ShapeError, match=r"^directions must be \+1 or -1, before next$"):
        Requantization(np.zeros((1, 1), np.int64), np.zeros(1, np.int64), "next")

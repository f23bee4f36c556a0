"""Planted windows reach the exact extremes, and nothing reaches further."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.naive import convolve
from tests.strategies import plans
from tilewright.spec import ConvShape, IntegerLayer, NumberFormat
from tilewright.verify import extreme_plane_count, extreme_planes


def _layer(shape, weight, *, act_bits=4):
    return IntegerLayer(
        name="drawn",
        shape=shape,
        weight=np.asarray(weight, np.int8).reshape(shape.oc, shape.ic, shape.kh, shape.kw),
        weight_format=NumberFormat(4, is_signed=True, is_narrow=True),
        act_format=NumberFormat(act_bits, is_signed=False),
        weight_scale=np.ones(1),
        act_scale=1.0,
    )


def test_a_hand_computed_layer():
    """One 2x2 window in the plane; weights 3 -5 / 0 7 at code 15: 150 and -75."""
    layer = _layer(ConvShape(1, 3, 2, 1, 2, 2), [3, -5, 0, 7])
    high, low = extreme_planes(layer)
    assert high.codes.tolist() == [[[15, 0], [0, 15], [0, 0]]]
    assert low.codes.tolist() == [[[0, 15], [0, 0], [0, 0]]]
    assert str(high.extremes[0]) == "oc=0 oh=0 ow=0: highest psum 150"
    assert str(low.extremes[0]) == "oc=0 oh=0 ow=0: lowest psum -75"


def test_windows_that_do_not_overlap_share_a_plane():
    """On 4x6, 2x2 windows fit 2 x 3 times: 3 channels, two extremes each, in one plane."""
    layer = _layer(ConvShape(1, 4, 6, 3, 2, 2), np.arange(12) - 6)
    assert extreme_plane_count(layer) == 1
    (plane,) = extreme_planes(layer)
    places = [(extreme.oh, extreme.ow) for extreme in plane.extremes]
    assert places == [(0, 0), (0, 2), (0, 4), (2, 0), (2, 2), (2, 4)]


def test_whole_windows_of_a_padded_plane_begin_behind_its_border():
    """Rows 0..4 with a border of one, windows of three in steps of two begin at -1, 1, 3: the second fits."""
    layer = _layer(ConvShape(1, 5, 1, 1, 3, 1, stride=(2, 1), padding=(1, 0)), [1, 2, 3])
    places = {(e.oh, e.ow) for plane in extreme_planes(layer) for e in plane.extremes}
    assert places == {(1, 0)}
    high = next(plane for plane in extreme_planes(layer) if plane.extremes[0].is_highest)
    assert high.codes.ravel().tolist() == [0, 15, 15, 15, 0]
    assert str(high.extremes[0]) == "oc=0 oh=1 ow=0: highest psum 90"


def test_where_no_window_fits_the_best_clipped_one_is_taken():
    """A 1x2 plane under a 3x3 kernel shows the taps 5 6 (left pixel) or -4 5 (right pixel)."""
    layer = _layer(ConvShape(1, 1, 2, 1, 3, 3, padding=(1, 1)), [1, 2, 3, -4, 5, 6, -1, -7, 0])
    high, low = (plane.extremes[0] for plane in extreme_planes(layer))
    assert str(high) == "oc=0 oh=0 ow=0: highest psum 165 (its bound is 255)"
    assert str(low) == "oc=0 oh=0 ow=1: lowest psum -60 (its bound is -180)"


@pytest.mark.parametrize("seed", range(4))
def test_no_input_reaches_further(seed):
    """All 2^6 inputs of a layer with 1-bit codes, one after the other."""
    shape = ConvShape(1, 2, 3, 2, 2, 2)
    weight = np.random.default_rng(seed).integers(-7, 8, (2, 1, 2, 2))
    psums = [
        convolve(weight, np.array(codes, np.int64).reshape(1, 2, 3), shape).reshape(2, -1)
        for codes in product((0, 1), repeat=6)
    ]
    reached = {
        (e.oc, e.is_highest): e.psum
        for plane in extreme_planes(_layer(shape, weight, act_bits=1))
        for e in plane.extremes
    }
    for oc in range(2):
        assert reached[oc, True] == max(p[oc].max() for p in psums)
        assert reached[oc, False] == min(p[oc].min() for p in psums)


@settings(max_examples=60, deadline=None)
@given(plan=plans(), seed=st.integers(0, 2**32 - 1), bits=st.integers(1, 8))
def test_a_naive_convolution_reaches_what_is_claimed(plan, seed, bits):
    shape = plan.shape
    weight = np.random.default_rng(seed).integers(-7, 8, (shape.oc, shape.ic, shape.kh, shape.kw))
    layer = _layer(shape, weight, act_bits=bits)
    planes = list(extreme_planes(layer))
    assert len(planes) == extreme_plane_count(layer)
    claimed = set()
    for plane in planes:
        layer.act_format.check(plane.codes, what="code", axes="ic ih iw")
        psums = convolve(weight, plane.codes, shape)
        for extreme in plane.extremes:
            assert psums[extreme.oc, extreme.oh, extreme.ow] == extreme.psum
            claimed.add((extreme.oc, extreme.is_highest))
            most = layer.act_format.max_code
            parts = np.maximum(weight[extreme.oc] * (1 if extreme.is_highest else -1), 0)
            assert abs(extreme.bound) == parts.sum() * most
            if shape.padding == (0, 0) and shape.padding_after is None:
                assert extreme.psum == extreme.bound
    assert claimed == set(product(range(shape.oc), (True, False)))
    bounds = [extreme.bound for plane in planes for extreme in plane.extremes]
    assert layer.psum_range() == (min(bounds), max(bounds))

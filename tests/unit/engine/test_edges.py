"""Thresholds that are never reached, at the largest sum there is; extremes over several batches."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.engine.test_narrow import LAYER, PIXELS
from tilewright.engine.narrow import NarrowLayer
from tilewright.engine.requantize import Requantizer
from tilewright.spec import NEVER, Requantization
from tilewright.verify import reference_next_codes


@pytest.mark.parametrize("levels", [3, 64, 200])
@pytest.mark.parametrize("direction", [1, -1])
def test_never_is_not_reached_by_the_largest_sum(levels, direction):
    """By comparison and by bisection: one level is reached, one at the very sum, all others never."""
    limit = 100
    thresholds = np.full((1, levels), NEVER, np.int64)
    thresholds[0, :2] = -limit, limit
    link = Requantization(thresholds, np.array([direction]), "next")
    sums = np.array([-limit, -limit + 1, 0, limit - 1, limit], np.int32)
    found = Requantizer(link, limit=limit, dtype=sums.dtype)(sums.reshape(1, 1, 5, 1))
    expected = [1, 1, 1, 1, 2][::direction]
    assert found.ravel().tolist() == expected
    naive = reference_next_codes(sums.astype(np.int64).reshape(1, 1, 1, 5), link)
    assert naive.ravel().tolist() == expected


@pytest.mark.parametrize("levels", [63, 64, 200, 254, 255])
def test_the_largest_sum_reaches_all_levels_and_no_more(levels):
    """A table for bisection is filled up to a power of two: what fills it is never reached either."""
    limit = 300
    thresholds = np.arange(limit + 1 - levels, limit + 1)[None, :]
    link = Requantization(thresholds, np.array([1]), "next")
    sums = np.array([-limit, limit - 1, limit], np.int32).reshape(1, 1, 3, 1)
    found = Requantizer(link, limit=limit, dtype=sums.dtype)(sums)
    assert found.ravel().tolist() == [0, levels - 1, levels]


@pytest.mark.parametrize("order", [1, -1])
def test_extremes_are_of_all_batches(order):
    """The second batch has smaller sums, or the first: neither makes them forgotten."""
    codes = PIXELS.transpose(0, 2, 3, 1)
    batches = [codes, np.zeros_like(codes)][::order]
    once = NarrowLayer(LAYER, None, place="column", rows=2)
    once(codes)
    assert once.extremes[0] < 0 < once.extremes[1]
    both = NarrowLayer(LAYER, None, place="column", rows=2)
    for batch in batches:
        both(batch)
    assert both.extremes.tolist() == once.extremes.tolist()

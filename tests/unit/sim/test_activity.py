"""Counts of one tiny job by hand, and tiles that cannot be counted."""

from __future__ import annotations

import numpy as np
import pytest

from tilewright.errors import FormatError, ShapeError
from tilewright.sim import count_activity
from tilewright.spec import ArrayShape, ConvShape, PsumRule
from tilewright.tile import OUTPUT_STATIONARY, Execution, TilePlan

PLAN = TilePlan(ConvShape(ic=2, ih=2, iw=2, oc=3, kh=1, kw=1), ArrayShape(2, 3, psum_bits=8))
WEIGHTS = np.array([[[[[1, 2], [3, -4], [-5, 6]]]]], np.int8)  # otile itile kij col row
ACTIVATIONS = np.array([[[1, 5], [2, 6], [3, 7], [4, 8]]], np.uint8)  # itile nij row


def _count(weights=WEIGHTS, activations=ACTIVATIONS, act_bits=4, weight_bits=4):
    return count_activity(
        Execution(PLAN), weights, activations, act_bits=act_bits, weight_bits=weight_bits
    )


def test_activations_of_every_column():
    """Row 0 holds 0 1 2 3 4: bit 0 changes 0 1 0 1 0, bit 1 in 1-2 and 3-4, bit 2 in 3-4."""
    toggles = _count().act_toggles
    assert toggles[0].tolist() == [[4, 2, 1, 0]] * 3
    assert toggles[1].tolist() == [[4, 2, 2, 1]] * 3  # 0 5 6 7 8


def test_weights_shift_east_from_the_last_column_on():
    """Row 0 takes -5 3 1, that is 1011 0011 0001: column 0 holds all three, column 2 the first."""
    toggles = _count().shadow_toggles
    assert toggles[0].tolist() == [[1, 2, 0, 2], [1, 1, 0, 2], [1, 1, 0, 1]]


def test_weights_in_use_change_with_each_fold():
    """Column 0 of row 0 holds 0, then 1; column 1 of row 1 holds 0, then -4."""
    toggles = _count().weight_toggles
    assert toggles[0, 0].tolist() == [1, 0, 0, 0]
    assert toggles[1, 1].tolist() == [0, 0, 1, 1]


def test_output_stationary_psums_are_flushed_through_the_rows_below():
    """Row 0: 0 3 0. Row 1: 0 6, then the 3 of row 0, then 0."""
    plan = TilePlan(
        ConvShape(ic=1, ih=1, iw=2, oc=1, kh=1, kw=1),
        ArrayShape(2, 1, psum_bits=8),
        OUTPUT_STATIONARY,
    )
    found = count_activity(
        Execution(plan),
        np.array([[[3]]], np.int8),
        np.array([[[1, 2]]], np.uint8),
        act_bits=2,
        weight_bits=4,
    )
    assert found.psum_toggles[:, 0, :3].tolist() == [[2, 2, 0], [2, 2, 2]]
    assert found.weight_toggles[:, 0].tolist() == [[1, 1, 0, 0]] * 2
    assert found.shadow_toggles.sum() == 0
    with pytest.raises(ShapeError, match=r"^tiles must be \(otile, step, col\) = \(1, 1, 1\)"):
        count_activity(Execution(plan), WEIGHTS, ACTIVATIONS, act_bits=4, weight_bits=4)


def test_psums_that_saturate_are_refused():
    counted = {"act_bits": 4, "weight_bits": 4}
    rule = PsumRule("saturate", 5)
    with pytest.raises(FormatError, match=r"^psums must fit 5 bits .* but they are -20\.\.28"):
        count_activity(Execution(PLAN, rule=rule), WEIGHTS, ACTIVATIONS, **counted)
    wrapped = count_activity(
        Execution(PLAN, rule=PsumRule("wrap", 5)), WEIGHTS, ACTIVATIONS, **counted
    )
    assert np.array_equal(wrapped.psum_toggles, _count().psum_toggles[:, :, :5])


def test_psums_of_the_first_row_are_products():
    """Column 0: 0 1 2 3 4 times 1."""
    assert _count().psum_toggles[0, 0].tolist() == [4, 2, 1, 0, 0, 0, 0, 0]


def test_zero_operands():
    weights, activations = WEIGHTS.copy(), ACTIVATIONS.copy()
    weights[0, 0, 0, 1, 0] = 0  # one PE of row 0, four words
    activations[0, 2, :] = 0  # one word, six PEs
    found = _count(weights, activations)
    assert (found.operations, found.zero_acts, found.zero_weights) == (24, 6, 4)
    assert (found.zero_both, found.zero_operands) == (1, 9)


def test_tiles_of_another_plan_are_refused():
    with pytest.raises(
        ShapeError, match=r"^tiles must be .* = \(1, 1, 1, 3, 2\) and .* = \(1, 4, 2\)"
    ):
        _count(activations=ACTIVATIONS[:, :3])


def test_codes_that_do_not_fit_are_refused():
    with pytest.raises(FormatError, match=r"^activations must have 3 bits, but one is 8$"):
        _count(act_bits=3)
    with pytest.raises(FormatError, match=r"^weights must have 3 bits, but they are -5\.\.6$"):
        _count(weight_bits=3)
    assert np.array_equal(_count(weight_bits=5).shadow_toggles[:, :, :4], _count().shadow_toggles)

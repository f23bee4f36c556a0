"""Sums at the very edge of their register, in both engines."""

from __future__ import annotations

import numpy as np
import pytest

from tilewright.sim import simulate
from tilewright.sim.psum_width import fit
from tilewright.spec import ArrayShape, ConvShape, PsumRule, Schedule
from tilewright.tile import Execution, TilePlan, plan_words

SIDES = [(-8, False), (-9, True), (7, False), (8, True)]


@pytest.mark.parametrize(("value", "is_misfit"), SIDES)
def test_four_bits_hold_minus_eight_to_seven(value, is_misfit):
    sums = np.array([value], np.int64)
    for rule, kept in (
        ("error", value),
        ("wrap", (value + 8) % 16 - 8),
        ("saturate", min(max(value, -8), 7)),
    ):
        stored, misfits = fit(sums, 4, rule)
        assert (stored.tolist(), misfits.tolist()) == ([kept], [is_misfit])


@pytest.mark.parametrize("engine", ["fast", "registers"])
@pytest.mark.parametrize(("value", "is_misfit"), SIDES)
def test_a_psum_at_the_edge_of_four_bits(engine, value, is_misfit):
    plan = TilePlan(ConvShape(1, 1, 1, 1, 1, 1), ArrayShape(1, 1, psum_bits=4))
    weights = np.array([[[[[1 if value > 0 else -1]]]]], np.int8)
    activations = np.array([[[abs(value)]]], np.uint8)
    execution = Execution(plan, rule=PsumRule("wrap"))
    result = simulate(execution, weights, activations, engine=engine)
    assert result.psums.ravel().tolist() == [(value + 8) % 16 - 8]
    assert (result.overflows > 0) == is_misfit
    assert result.overflow_vectors == int(is_misfit)


@pytest.mark.parametrize("weight", [1, -1])
def test_a_sum_of_two_to_the_24_is_exact(weight):
    """float32 holds 2^24 but not 2^24 + 1; the limit of the register lies beyond both."""
    lanes = 1028 + 2  # 255 * 64 * 1028 + 255 + 2 = 2^24 + 1
    plan = TilePlan(ConvShape(lanes, 1, 1, 1, 1, 1), ArrayShape(64, 1, psum_bits=32))
    weights = np.full((1, lanes, 1, 1), 64 * weight, np.int8)
    weights[0, -2:] = weight
    codes = np.full((lanes, 1, 1), 255, np.uint8)
    codes[-1] = 2
    result = simulate(Execution(plan), *plan_words(plan, weights, codes))
    assert result.psums.ravel().tolist() == [weight * (2**24 + 1)]


@pytest.mark.parametrize("engine", ["fast", "registers"])
@pytest.mark.parametrize(
    ("acts", "expected"),
    [((4, 4), (0, 1)), ((8, 0), (1, 0)), ((4, 3), (0, 0)), ((8, 1), (1, 0)), ((9, 8), (2, 1))],
)
def test_vectors_that_do_not_fit_are_counted_once_a_fold(engine, acts, expected):
    """Two input tiles on one PE: what the column adds in each fold, and what PMEM adds in the second.

    Wrapped to 4 bits: 4 + 4 = 8 does not fit PMEM; 8 does not fit the column and is -8 there.
    """
    plan = TilePlan(ConvShape(2, 1, 1, 1, 1, 1), ArrayShape(1, 1, psum_bits=4))
    weights = np.ones((1, 2, 1, 1, 1), np.int8)
    activations = np.array(acts, np.uint8).reshape(2, 1, 1)
    result = simulate(Execution(plan, rule=PsumRule("wrap")), weights, activations, engine=engine)
    stored, in_column, in_pmem = 0, 0, 0
    vectors = 0
    for act in acts:
        psum = (act + 8) % 16 - 8
        total = stored + psum
        stored = (total + 8) % 16 - 8
        wrong = (psum != act, total != stored)
        in_column, in_pmem = in_column + wrong[0], in_pmem + wrong[1]
        vectors += any(wrong)
    assert (in_column, in_pmem) == expected
    assert result.psums.ravel().tolist() == [stored]
    assert (result.overflows, result.overflow_vectors) == (in_column + in_pmem, vectors)


@pytest.mark.parametrize("engine", ["fast", "registers"])
@pytest.mark.parametrize(("is_skipping", "place"), [(True, (1, 0)), (False, (0, 2))])
def test_the_first_sum_that_does_not_fit_is_the_first_in_time(engine, is_skipping, place):
    """Pixels 0 and 3 of a line: one cycle apart where the others are skipped, else three.

    A column adds one cycle after the one before it: pixel 3 in column 0 comes before pixel 0 in column 2, or
    after it.
    """
    shape = ConvShape(1, 1, 4, 3, 1, 1, stride=(1, 3))
    plan = TilePlan(shape, ArrayShape(1, 3, psum_bits=4))
    weights = np.array([4, 0, -9], np.int8).reshape(1, 1, 1, 3, 1)
    activations = np.array([1, 0, 0, 2], np.uint8).reshape(1, 4, 1)
    execution = Execution(plan, Schedule(is_skipping=is_skipping), PsumRule("wrap"))
    found = simulate(execution, weights, activations, engine=engine).first_overflow
    assert (found.onij, found.col) == place

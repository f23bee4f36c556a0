"""The plan: tiles, taps and the order of the folds, counted by hand."""

from __future__ import annotations

import pytest

from tilewright.errors import ShapeError
from tilewright.spec import ArrayShape, ConvShape
from tilewright.tile import Fold, TilePlan

PLAN = TilePlan(ConvShape(ic=5, ih=3, iw=4, oc=4, kh=2, kw=3), ArrayShape(2, 3, psum_bits=16))


def test_tiles_are_rounded_up():
    assert (PLAN.itiles, PLAN.otiles, PLAN.folds_per_otile) == (3, 2, 18)


def test_full_tiles_are_not_rounded():
    plan = TilePlan(ConvShape(ic=4, ih=1, iw=1, oc=3, kh=1, kw=1), ArrayShape(2, 3, psum_bits=16))
    assert (plan.itiles, plan.otiles, plan.folds_per_otile) == (2, 1, 2)


def test_folds_run_otile_outer_then_itile_then_kij():
    folds = list(PLAN.folds())
    assert len(folds) == 36
    assert folds[:2] == [Fold(0, 0, 0), Fold(0, 0, 1)]
    assert folds[5:7] == [Fold(0, 0, 5), Fold(0, 1, 0)]
    assert folds[17:19] == [Fold(0, 2, 5), Fold(1, 0, 0)]


def test_a_tap_is_counted_along_the_rows_of_the_kernel():
    assert [PLAN.tap(kij) for kij in range(6)] == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]


@pytest.mark.parametrize("kij", [-1, 6])
def test_a_tap_outside_the_kernel_is_refused(kij):
    with pytest.raises(ShapeError, match=rf"^kij must be 0\.\.5, not {kij}$"):
        PLAN.tap(kij)

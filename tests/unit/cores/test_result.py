"""Results of parts of a layer become one: nothing that any part has wrong is lost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.pipeline.test_cosim import EXACT, mismatch
from tilewright.cores import Fault
from tilewright.cores.result import OverflowVector, merge

OVERFLOW = OverflowVector(1, 0, 0, 3, in_column=True, in_pmem=False)
COUNTS = (
    *("tiles", "cycles", "psums_compared", "psum_mismatches", "outputs_compared"),
    *("output_mismatches", "stored_mismatches", "unused_lane_mismatches", "overflow_vectors"),
)


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(
    "wrong",
    [
        *({name: 3} for name in COUNTS if name.endswith("mismatches")),
        {"overflow_vectors": 3, "overflows": (OVERFLOW,)},
        {"faults": (Fault(1, 7, "the job did not end"),)},
        {"mismatches": (mismatch("psum"),), "psum_mismatches": 1},
    ],
)
def test_what_one_part_has_wrong_is_wrong_in_all(wrong, order):
    bad = replace(EXACT, **wrong)
    both = merge([EXACT, bad][::order], seconds=2.0)
    assert not bad.is_exact
    assert not both.is_exact
    for name in COUNTS:
        assert getattr(both, name) == getattr(EXACT, name) + getattr(bad, name), name
    for name in ("mismatches", "overflows", "faults"):
        assert getattr(both, name) == wrong.get(name, ())
    assert both.differ == bad.differ
    assert both.seconds == 2.0


def test_folds_and_places_of_the_parts_stand_in_their_order():
    second = replace(EXACT, fold_cycles=np.eye(1, 6, 5, np.int64).reshape(2, 1, 3))
    parts = [
        replace(part, mismatches=(mismatch("psum", oc),)) for oc, part in enumerate((EXACT, second))
    ]
    both = merge(parts, seconds=0.0)
    assert both.fold_cycles.tolist() == [[[7, 7, 7]], [[7, 7, 8]]]
    assert [one.oc for one in both.mismatches] == [0, 1]


@pytest.mark.parametrize("count", ["psums_compared", "outputs_compared"])
def test_nothing_compared_is_not_exact(count):
    assert EXACT.is_exact
    assert not replace(EXACT, **{count: 0}).is_exact


def test_the_first_wrong_output_tile_is_the_lowest_that_anything_names():
    assert EXACT.first_wrong_otile == 0
    far = replace(mismatch("psum"), otile=5)
    named = replace(EXACT, mismatches=(far,), overflows=(replace(OVERFLOW, otile=4),))
    assert named.first_wrong_otile == 4
    assert replace(named, faults=(Fault(3, 0, "x"),)).first_wrong_otile == 3
    assert replace(EXACT, mismatches=(far,)).first_wrong_otile == 5

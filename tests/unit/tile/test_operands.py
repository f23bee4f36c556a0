"""Operands of every operation of the array, one by one: how many are 0, and what the registers hold."""

from __future__ import annotations

import numpy as np
import pytest

from tilewright.spec import ArrayShape, ConvShape, Schedule
from tilewright.tile import CORE_DATAFLOWS, TilePlan, plan_words

WS, SIMD, OS = CORE_DATAFLOWS
SHAPE = ConvShape(3, 3, 4, 5, 2, 2, stride=(1, 2), padding=(1, 0))
ARRAY = ArrayShape(2, 3, 16)


def words(plan, seed=3):
    """Tiles of sparse random codes and weights."""
    rng = np.random.default_rng(seed)
    shape = plan.shape
    weight = rng.integers(-2, 3, (shape.oc, shape.ic, shape.kh, shape.kw)).astype(np.int8)
    codes = rng.integers(0, 3, (shape.ic, shape.ih, shape.iw)).astype(np.uint8)
    return plan_words(plan, weight, codes)


def test_zeros_of_an_output_stationary_pass():
    """In each step of each pass of each output tile, every row meets every column."""
    plan = TilePlan(SHAPE, ARRAY, OS)
    weights, acts = words(plan)  # otile step col, opass step row
    counts = np.zeros(4, int)
    for otile, opass, step in np.ndindex(len(weights), len(acts), weights.shape[1]):
        for row, col in np.ndindex(ARRAY.rows, ARRAY.cols):
            is_zero = acts[opass, step, row] == 0, weights[otile, step, col] == 0
            counts += 1, is_zero[0], is_zero[1], all(is_zero)
    found = OS.operands(weights, acts, plan, Schedule())
    assert counts.tolist() == [
        *(found.operations, found.zero_acts, found.zero_weights, found.zero_both),
    ]
    assert 0 < found.zero_both < found.zero_acts


@pytest.mark.parametrize("is_skipping", [False, True])
@pytest.mark.parametrize("flow", [WS, SIMD], ids=lambda flow: flow.name)
def test_zeros_of_weight_stationary_folds(flow, is_skipping):
    """Every pixel of the plane, or only those of the tap, meets every weight of its rows."""
    plan = TilePlan(SHAPE, ARRAY, flow)
    weights, acts = words(plan)  # otile itile kij col lane, itile nij lane
    seen = np.arange(SHAPE.nij).reshape(SHAPE.padded_h, SHAPE.padded_w)
    counts = np.zeros(4, int)
    for otile, itile, kij in np.ndindex(weights.shape[:3]):
        kh, kw = divmod(kij, SHAPE.kw)
        tap = seen[kh : kh + SHAPE.oh, kw : kw + 2 * SHAPE.ow - 1 : 2]
        for nij in (tap if is_skipping else seen).ravel():
            for col, lane in np.ndindex(weights.shape[3:]):
                is_zero = acts[itile, nij, lane] == 0, weights[otile, itile, kij, col, lane] == 0
                counts += 1, is_zero[0], is_zero[1], all(is_zero)
    found = flow.operands(weights, acts, plan, Schedule(is_skipping=is_skipping))
    assert counts.tolist() == [
        *(found.operations, found.zero_acts, found.zero_weights, found.zero_both),
    ]


def test_an_output_stationary_register_sees_its_row_and_its_column():
    plan = TilePlan(SHAPE, ARRAY, OS)
    weights, acts = words(plan)
    found = OS.histories(weights, acts, plan, Schedule())
    passes, steps = acts.shape[:2]
    assert found.repeats == len(weights) == 2
    assert found.shadow is None
    assert found.acts[:, :, 0, 0].tolist() == acts.reshape(-1, ARRAY.rows).tolist()
    expected = [
        weights[otile, step].tolist()
        for otile in range(len(weights))
        for _ in range(passes)
        for step in range(steps)
    ]
    assert found.weights.shape == (len(expected), 1, ARRAY.cols, 1)
    assert found.weights[:, 0, :, 0].tolist() == expected

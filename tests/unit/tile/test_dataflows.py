"""Output-stationary steps and channel pairs written out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies import plans
from tilewright.errors import ShapeError, UnknownNameError
from tilewright.spec import ArrayShape, ConvShape
from tilewright.tile import (
    CORE_DATAFLOWS,
    DATAFLOWS,
    OUTPUT_STATIONARY,
    TWO_CHANNELS,
    WEIGHT_STATIONARY,
    Fold,
    TilePlan,
    plan_mode,
    tile_activations,
    tile_weights,
    untile_activations,
    untile_weights,
)

SHAPE = ConvShape(ic=2, ih=1, iw=3, oc=3, kh=1, kw=2, padding=(0, 1))  # oh 1, ow 4
PLAN = TilePlan(SHAPE, ArrayShape(rows=3, cols=2, psum_bits=16), OUTPUT_STATIONARY)


def test_passes_steps_and_folds_are_counted():
    assert OUTPUT_STATIONARY.counts(PLAN) == {"steps": 4, "passes": 2}
    assert PLAN.otiles == 2
    assert (PLAN.fold_grid, PLAN.folds_per_otile) == ((2, 2, 1), 2)
    assert list(PLAN.folds()) == [Fold(0, 0, 0), Fold(0, 1, 0), Fold(1, 0, 0), Fold(1, 1, 0)]


def test_a_step_is_a_tap_of_an_input_channel_and_a_lane_an_output_channel():
    weight = np.arange(1, 13, dtype=np.int8).reshape(3, 2, 1, 2)  # oc 0: ic 0 has 1 2, ic 1 has 3 4
    assert tile_weights(weight, PLAN).tolist() == [  # otile step col
        [[1, 5], [2, 6], [3, 7], [4, 8]],
        [[9, 0], [10, 0], [11, 0], [12, 0]],
    ]


def test_a_row_is_an_ofmap_pixel_that_sees_its_window():
    """Padded rows are 0 1 2 3 0 and 0 4 5 6 0: pixel 0 sees (0, 1), pixel 3 sees (3, 0)."""
    codes = np.array([[[1, 2, 3]], [[4, 5, 6]]], np.uint8)
    assert tile_activations(codes, PLAN).tolist() == [  # opass step row
        [[0, 1, 2], [1, 2, 3], [0, 4, 5], [4, 5, 6]],
        [[3, 0, 0], [0, 0, 0], [6, 0, 0], [0, 0, 0]],
    ]


def test_two_channels_of_a_pe_stand_side_by_side():
    """Rows 2: channels 0 and 1 in row 0, 2 and 3 in row 1; the fifth begins the next tile."""
    shape = ConvShape(ic=5, ih=1, iw=1, oc=1, kh=1, kw=1)
    plan = TilePlan(shape, ArrayShape(2, 1, psum_bits=16), dataflow=TWO_CHANNELS)
    assert (plan.lanes, plan.itiles, plan.folds_per_otile) == (4, 2, 2)
    weight = np.arange(1, 6, dtype=np.int8).reshape(1, 5, 1, 1)
    assert tile_weights(weight, plan)[0, :, 0, 0].tolist() == [[1, 2, 3, 4], [5, 0, 0, 0]]
    codes = np.arange(11, 16, dtype=np.uint8).reshape(5, 1, 1)
    assert tile_activations(codes, plan)[:, 0].tolist() == [[11, 12, 13, 14], [15, 0, 0, 0]]


def test_a_pe_takes_one_channel_or_two_when_weight_stationary():
    assert [(flow.name, flow.channels_per_pe) for flow in CORE_DATAFLOWS] == [
        ("ws", 1),
        ("simd", 2),
        ("os", 1),
    ]
    assert DATAFLOWS.names() == ("ws", "simd", "os")


def test_activations_too_wide_for_two_in_a_pe_run_with_one():
    assert plan_mode(SHAPE, PLAN.array, "simd", 4).dataflow == TWO_CHANNELS
    assert plan_mode(SHAPE, PLAN.array, "simd", 5).dataflow == WEIGHT_STATIONARY
    assert plan_mode(SHAPE, PLAN.array, "os", 8).dataflow == OUTPUT_STATIONARY


def test_an_unknown_dataflow_is_refused():
    with pytest.raises(
        UnknownNameError, match=r"^there is no dataflow 'is': .*valid names are ws, simd, os$"
    ):
        plan_mode(SHAPE, PLAN.array, "is", 4)


def test_tensors_of_another_shape_are_refused():
    with pytest.raises(ShapeError, match=r"^expected \(oc, ic, kh, kw\) = \(3, 2, 1, 2\), not"):
        tile_weights(np.zeros((2, 2, 1, 2), np.int8), PLAN)
    with pytest.raises(ShapeError, match=r"^expected \(opass, step, row\) = \(2, 4, 3\), not"):
        untile_activations(np.zeros((2, 4, 2), np.uint8), PLAN)


@settings(max_examples=40, deadline=None)
@given(
    plan=plans(),
    seed=st.integers(0, 2**32 - 1),
    flow=st.sampled_from([WEIGHT_STATIONARY, TWO_CHANNELS]),
)
def test_every_stream_has_an_inverse(plan, seed, flow):
    rng, shape = np.random.default_rng(seed), plan.shape
    weight = rng.integers(-7, 8, (shape.oc, shape.ic, shape.kh, shape.kw), np.int8)
    codes = rng.integers(1, 16, (shape.ic, shape.ih, shape.iw), np.uint8)
    pairs = replace(plan, dataflow=flow)
    np.testing.assert_array_equal(untile_weights(tile_weights(weight, pairs), pairs), weight)
    np.testing.assert_array_equal(untile_activations(tile_activations(codes, pairs), pairs), codes)
    steps = replace(plan, dataflow=OUTPUT_STATIONARY)
    np.testing.assert_array_equal(untile_weights(tile_weights(weight, steps), steps), weight)
    back = untile_activations(tile_activations(codes, steps), steps)
    assert ((back == codes) | (back == 0)).all()  # 0 where no window sees the pixel
    if shape.stride == (1, 1):
        np.testing.assert_array_equal(back, codes)

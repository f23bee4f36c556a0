"""Tiles written out by hand: which channel stands in which lane, and where a pixel accumulates."""

from __future__ import annotations

import numpy as np
import pytest

from tilewright.errors import ShapeError
from tilewright.spec import ArrayShape, ConvShape
from tilewright.tile import (
    TilePlan,
    psum_addresses,
    tile_activations,
    tile_psums,
    tile_weights,
    untile_activations,
    untile_psums,
    untile_weights,
)

SHAPE = ConvShape(ic=3, ih=1, iw=2, oc=2, kh=1, kw=2, padding=(0, 1))
PLAN = TilePlan(SHAPE, ArrayShape(rows=2, cols=3, psum_bits=16))


def test_weights_go_to_lane_row_of_their_input_tile_and_lane_col_of_their_output_tile():
    weight = np.array(
        [[[[1, 2]], [[3, 4]], [[5, 6]]], [[[7, -7]], [[-1, -2]], [[-3, -4]]]], np.int8
    )
    tiles = tile_weights(weight, PLAN)  # otile itile kij col row
    assert tiles.tolist() == [
        [
            [[[1, 3], [7, -1], [0, 0]], [[2, 4], [-7, -2], [0, 0]]],
            [[[5, 0], [-3, 0], [0, 0]], [[6, 0], [-4, 0], [0, 0]]],
        ]
    ]
    assert tiles.dtype == np.int8


def test_activations_run_over_the_padded_plane_row_by_row():
    codes = np.array([[[1, 2]], [[3, 4]], [[5, 6]]], np.uint8)
    tiles = tile_activations(codes, PLAN)  # itile nij row
    assert tiles.tolist() == [
        [[0, 0], [1, 3], [2, 4], [0, 0]],
        [[0, 0], [5, 0], [6, 0], [0, 0]],
    ]


def test_psums_run_over_the_ofmap_with_one_lane_for_each_col():
    psums = np.array([[[1, 2, 3]], [[-4, -5, -6]]], np.int64)
    assert tile_psums(psums, PLAN).tolist() == [[[1, -4, 0], [2, -5, 0], [3, -6, 0]]]


def test_a_pixel_accumulates_where_its_tap_meets_the_ofmap():
    assert psum_addresses(PLAN).tolist() == [[0, 1, 2, -1], [-1, 0, 1, 2]]


def test_pixels_between_strides_accumulate_nowhere():
    shape = ConvShape(ic=1, ih=3, iw=4, oc=1, kh=2, kw=1, stride=(1, 2))
    plan = TilePlan(shape, ArrayShape(1, 1, psum_bits=8))
    assert psum_addresses(plan).tolist() == [
        [0, -1, 1, -1, 2, -1, 3, -1, -1, -1, -1, -1],
        [-1, -1, -1, -1, 0, -1, 1, -1, 2, -1, 3, -1],
    ]


@pytest.mark.parametrize(
    ("function", "axes", "size"),
    [
        (tile_weights, "oc, ic, kh, kw", r"2, 3, 1, 2"),
        (untile_weights, "otile, itile, kij, col, row", r"1, 2, 2, 3, 2"),
        (tile_activations, "ic, ih, iw", r"3, 1, 2"),
        (untile_activations, "itile, nij, row", r"2, 4, 2"),
        (tile_psums, "oc, oh, ow", r"2, 1, 3"),
        (untile_psums, "otile, onij, col", r"1, 3, 3"),
    ],
)
def test_another_shape_is_refused(function, axes, size):
    with pytest.raises(ShapeError, match=rf"^expected \({axes}\) = \({size}\), not \(1,\)$"):
        function(np.zeros(1, np.int64), PLAN)

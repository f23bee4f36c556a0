"""Where a number lies on the array, by plain loops: writer and judge of vector files share these."""

from __future__ import annotations

import numpy as np
import pytest

from tilewright.errors import ShapeError
from tilewright.spec import ArrayShape, ConvShape, Schedule
from tilewright.tile import TilePlan, psum_addresses, tile_psums, untile_psums
from tilewright.tile.dataflows import CORE_DATAFLOWS
from tilewright.tile.windows import tap_hits, window_pixels
from tilewright.vectors import load_layout, planes

SHAPES = [
    ConvShape(5, 4, 6, 7, 3, 2, stride=(2, 3), padding=(1, 0)),
    ConvShape(1, 5, 3, 4, 2, 3, stride=(3, 1), padding=(0, 2)),
    ConvShape(3, 1, 1, 1, 1, 1),
]
ARRAYS = [ArrayShape(2, 3, 16), ArrayShape(4, 1, 16), ArrayShape(1, 8, 16)]


def places(shape):
    """``kij onij nij``: each tap of each ofmap pixel, and the pixel of the padded plane that it sees."""
    for kh, kw in np.ndindex(shape.kh, shape.kw):
        for oh, ow in np.ndindex(shape.oh, shape.ow):
            h, w = oh * shape.stride[0] + kh, ow * shape.stride[1] + kw
            kij, onij = kh * shape.kw + kw, oh * shape.ow + ow
            yield kij, onij, h * (shape.iw + 2 * shape.padding[1]) + w


@pytest.mark.parametrize("shape", SHAPES)
def test_the_pixel_that_a_tap_sees(shape):
    plan = TilePlan(shape, ARRAYS[0])
    expected = np.full((shape.taps, shape.onij), -1)
    hits = np.full((shape.taps, shape.nij), -1)
    addresses = np.full((shape.onij, shape.taps), -1)
    for kij, onij, nij in places(shape):
        expected[kij, onij] = nij
        hits[kij, nij] = onij
        addresses[onij, kij] = kij * shape.nij + nij
    assert window_pixels(shape).tolist() == expected.tolist()
    assert planes.window_pixels(plan).tolist() == expected.tolist()
    assert planes.accumulate_addresses(plan).tolist() == addresses.tolist()
    assert tap_hits(shape).tolist() == psum_addresses(plan).tolist() == hits.tolist()


@pytest.mark.parametrize("array", ARRAYS)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_lane_of_a_psum(shape, array):
    plan = TilePlan(shape, array)
    psums = np.arange(1, shape.oc * shape.onij + 1).reshape(shape.oc, shape.oh, shape.ow)
    expected = np.zeros((-(-shape.oc // array.cols), shape.onij, array.cols), int)
    for oc, oh, ow in np.ndindex(*psums.shape):
        otile, col = divmod(oc, array.cols)
        expected[otile, oh * shape.ow + ow, col] = psums[oc, oh, ow]
    assert tile_psums(psums, plan).tolist() == expected.tolist()
    assert untile_psums(expected, plan).tolist() == psums.tolist()
    with pytest.raises(ShapeError, match=r"^expected \(otile, onij, col\) = "):
        untile_psums(expected[:, :, :0], plan)


UNPADDED = load_layout("ece284-unpadded").kind("activation")


def test_the_plane_without_border_when_only_one_side_is_padded():
    """Padding of 2 to the left and right alone: the first and the last two codes of a line are border."""
    plan = TilePlan(ConvShape(1, 2, 3, 1, 1, 1, padding=(0, 2)), ArrayShape(1, 1, 16))
    tiles = np.array([0, 0, 1, 2, 3, 0, 0, 0, 0, 4, 5, 6, 0, 0]).reshape(1, 14, 1)
    stated = planes.to_plane(tiles, plan, UNPADDED)
    assert stated.ravel().tolist() == [1, 2, 3, 4, 5, 6]
    assert planes.from_plane(stated, plan, UNPADDED).tolist() == tiles.tolist()
    upright = TilePlan(ConvShape(1, 1, 2, 1, 1, 1, padding=(1, 0)), ArrayShape(1, 1, 16))
    tiles = np.array([0, 0, 7, 8, 0, 0]).reshape(1, 6, 1)
    assert planes.to_plane(tiles, upright, UNPADDED).ravel().tolist() == [7, 8]


WS, SIMD, OS = CORE_DATAFLOWS
FAST = Schedule(is_overlapped=True)


@pytest.mark.parametrize(
    ("pixels", "expected"),
    [(1, 3), (3, 3), (4, 2), (5, 1), (6, 0), (9, 0)],
)
def test_weights_that_no_stream_hides_are_at_most_all_of_them(pixels, expected):
    """Three columns: a stream of T pixels hides all but ``3 + 3 - T`` of a fold's three weight words."""
    plan = TilePlan(ConvShape(4, 1, pixels, 3, 1, 1), ArrayShape(2, 3, 16), WS)
    assert WS.load_cycles(plan, FAST) == 3 + expected
    assert WS.load_cycles(plan, Schedule()) == 2 * 3

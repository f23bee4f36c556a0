"""The reference against numbers worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest

from tests.networks import layer
from tilewright.errors import ShapeError
from tilewright.spec import (
    NEVER,
    ArrayShape,
    ConvShape,
    MaxPool,
    NumberFormat,
    Requantization,
    ResidualAdd,
    SumPool,
)
from tilewright.tile import TilePlan
from tilewright.verify import (
    reference_next_codes,
    reference_psums,
    reference_sums,
    reference_tap_psums,
)


def test_taps_of_a_hand_computed_convolution():
    # one 2x2 channel 1 2 / 3 4, padding 1 to the right and left only in width, kernel 1x2
    codes = np.array([[[[1, 2], [3, 4]]]], np.uint8)
    weight = np.array([[[[10, 1]]]], np.int8)
    shape = ConvShape(1, 2, 2, 1, 1, 2, stride=(1, 1), padding=(0, 1))
    taps = reference_tap_psums(codes, weight, shape)[:, 0, 0]  # kij oh ow
    assert taps[0].tolist() == [[0, 10, 20], [0, 30, 40]]
    assert taps[1].tolist() == [[1, 2, 0], [3, 4, 0]]


def test_stride_takes_every_other_pixel_and_channels_add_up():
    codes = np.arange(18, dtype=np.uint8).reshape(1, 2, 3, 3)
    weight = np.array([1, -1], np.int8).reshape(1, 2, 1, 1)
    shape = ConvShape(2, 3, 3, 1, 1, 1, stride=(2, 2))
    assert reference_tap_psums(codes, weight, shape).sum(axis=0).tolist() == [
        [[[-9, -9], [-9, -9]]]
    ]


def test_each_axis_has_its_own_stride():
    """One channel of 3 x 5, 0 1 2 .. 14: rows 0 and 2, columns 0 and 3."""
    shape = ConvShape(1, 3, 5, 1, 1, 1, stride=(2, 3))
    made = layer(np.random.default_rng(0), "conv", shape)
    made = replace(made, weight=np.ones((1, 1, 1, 1), np.int8))
    codes = np.arange(15, dtype=np.uint8).reshape(1, 1, 3, 5)
    assert reference_psums(codes, made).tolist() == [[[[0, 3], [10, 13]]]]


def test_the_zero_point_counts_as_0_and_the_padding_holds_it():
    """One row 10 20 under 2 -3, zero-point 4, padding 1: 2*0 - 3*6, 2*6 - 3*16, 2*16 - 3*0; bias 1."""
    shape = ConvShape(1, 1, 2, 1, 1, 2, padding=(0, 1))
    made = layer(np.random.default_rng(0), "conv", shape, zero_point=4, bias=np.array([1]))
    made = replace(made, weight=np.array([2, -3], np.int8).reshape(1, 1, 1, 2))
    codes = np.array([10, 20], np.uint8).reshape(1, 1, 1, 2)
    assert reference_psums(codes, made).ravel().tolist() == [-17, -35, 33]
    plain = reference_psums(made.plain_codes(codes), made.plain())  # of 4 10 20 4
    assert plain.ravel().tolist() == [8 - 30, 20 - 60, 40 - 12]
    assert (plain + made.start() == reference_psums(codes, made)).all()


def test_each_group_sees_its_own_channels():
    codes = np.array([1, 10, 100, 1000], np.uint16).reshape(1, 4, 1, 1)
    weight = np.array([[1, 2], [3, 4], [5, 6], [7, 8]], np.int8).reshape(4, 2, 1, 1)
    psums = reference_tap_psums(codes, weight, ConvShape(4, 1, 1, 4, 1, 1, groups=2))
    assert psums.reshape(-1).tolist() == [21, 43, 6500, 8700]


@pytest.mark.parametrize("groups", [1, 2, 6])
def test_a_grouped_layer_is_the_dense_one_with_zeros(groups):
    rng = np.random.default_rng(groups)
    shape = ConvShape(6, 4, 5, 6 * 2, 3, 2, (2, 1), (1, 0), groups)
    grouped = layer(rng, "grouped", shape)
    codes = rng.integers(0, 256, (2, 6, 4, 5)).astype(np.uint8)
    dense = grouped.as_dense()
    assert dense.shape.groups == 1
    assert np.count_nonzero(dense.weight) == np.count_nonzero(grouped.weight)
    assert reference_psums(codes, grouped).tolist() == reference_psums(codes, dense).tolist()
    assert grouped.psum_range() == dense.psum_range()
    with pytest.raises(ShapeError, match=r"without groups, not with 2"):
        TilePlan(replace(shape, groups=2), ArrayShape(2, 2, 16))


def test_products_do_not_wrap_in_the_codes_own_width():
    codes = np.full((1, 4, 1, 1), 255, np.uint8)
    weight = np.full((1, 4, 1, 1), -127, np.int8)
    psums = reference_tap_psums(codes, weight, ConvShape(4, 1, 1, 1, 1, 1))
    assert psums.tolist() == [[[[[-4 * 255 * 127]]]]]


def test_codes_of_another_shape_are_refused():
    with pytest.raises(ShapeError, match=r"^codes must be \(n, ic, ih, iw\) = \(n, 2, 3, 3\)"):
        reference_tap_psums(
            np.zeros((1, 3, 3, 3), np.uint8),
            np.zeros((1, 2, 1, 1), np.int8),
            ConvShape(2, 3, 3, 1, 1, 1),
        )


def test_codes_count_the_thresholds_that_the_psum_reaches():
    link = Requantization(np.array([[-5, 0, 3], [2, 4, NEVER]]), np.array([1, -1]), "next")
    psums = np.array([[[[-6, -5, 0, 3]], [[-1, -2, -4, -100]]]])  # n oc oh ow
    assert reference_next_codes(psums, link).tolist() == [[[[0, 1, 2, 3]], [[0, 1, 2, 2]]]]


def test_pooling_with_padding_and_flatten():
    link = Requantization(
        np.array([[1, 2, 3]]),
        np.array([1]),
        "next",
        (MaxPool((2, 2), (2, 2), (1, 1)),),
        is_flattened=True,
    )
    psums = np.array([[[[1, 0, 2], [0, 3, 0], [-1, -1, 0]]]])
    # padded plane 5x5, windows at (0,0) (0,2) (2,0) (2,2): {1}, {0,2}, {0,-1}, {3,0,-1,0}
    assert reference_next_codes(psums, link).reshape(-1).tolist() == [1, 2, 0, 3]
    assert reference_next_codes(psums, link).shape == (1, 4, 1, 1)


def test_thresholds_count_from_the_lowest_code_and_padding_never_wins():
    psums = np.array([[[[-9, -2], [4, 9]]]])
    link = Requantization(
        np.array([[-5, 0, 5]]),
        np.array([1]),
        "add",
        (MaxPool((2, 2), (2, 1), (1, 1)),),
        min_code=-2,
    )
    assert reference_next_codes(psums, replace(link, pools=())).tolist() == [[[[-2, -1], [0, 1]]]]
    assert reference_next_codes(psums, link).tolist() == [[[[-2, -1, -1], [0, 1, 1]]]]


def test_additions_and_window_sums_by_hand():
    signed = NumberFormat(8, is_signed=True, is_narrow=True)
    add = ResidualAdd("add", (1, 1, 2), signed, 1.0)
    a, b = np.array([[[[127, -127]]]], np.int8), np.array([[[[127, 3]]]], np.int8)
    assert reference_sums(add, a, b).tolist() == [[[[254, -124]]]]
    weighted = replace(add, gains=(1000, 7))
    assert reference_sums(weighted, a, b).tolist() == [[[[127_889, -126_979]]]]
    assert weighted.sum_range() == (-127 * 1007, 127 * 1007)
    codes = NumberFormat(4, is_signed=False)
    difference = replace(add, act_format=codes, gains=(3, -2))
    few = np.array([[[[15, 1]]]], np.uint8), np.array([[[[4, 15]]]], np.uint8)
    assert reference_sums(difference, *few).tolist() == [[[[37, -27]]]]
    assert difference.sum_range() == (-30, 45)
    assert (difference.sum_bound(), difference.term_bound()) == (45, 75)
    for gains in ((-1, 1), (1, 0), (0, 1), (1,)):
        with pytest.raises(ShapeError, match=r"the first of two gains must be at least 1, the sec"):
            replace(difference, gains=gains)
    pool = SumPool("pool", (1, 2, 4), (2, 3), (1, 1), NumberFormat(8, is_signed=False), 1.0)
    codes = np.array([[[[1, 2, 3, 4], [255, 255, 255, 0]]]], np.uint8)
    assert reference_sums(pool, codes).tolist() == [[[[771, 519]]]]
    with pytest.raises(ShapeError, match=r"^add must read 2 times codes .*\(n, 1, 1, 2\), not \["):
        reference_sums(add, a)


@pytest.mark.parametrize(
    ("stride", "sums"),
    [((1, 2), [[6, 10], [22, 26]]), ((2, 1), [[6, 8, 10, 12]]), ((2, 3), [[6, 12]])],
)
def test_windows_of_a_sum_pool_move_by_the_stride_of_each_axis(stride, sums):
    """Windows of 2 rows and 1 column."""
    pool = SumPool("pool", (1, 3, 4), (2, 1), stride, NumberFormat(8, is_signed=False), 1.0)
    codes = np.array([[[[1, 2, 3, 4], [5, 6, 7, 8], [17, 18, 19, 20]]]], np.uint8)
    assert reference_sums(pool, codes).tolist() == [[sums]]

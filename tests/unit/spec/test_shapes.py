"""Sizes of convolutions and arrays."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tilewright.errors import FormatError, ShapeError
from tilewright.spec import (
    ArrayShape,
    ConvShape,
    IntegerLayer,
    MaxPool,
    NumberFormat,
    Requantization,
)
from tilewright.spec.network_facts import pairs


def test_sizes_of_a_strided_padded_convolution():
    shape = ConvShape(ic=3, ih=7, iw=5, oc=4, kh=3, kw=1, stride=(2, 1), padding=(1, 2))
    assert (shape.padded_h, shape.padded_w, shape.nij) == (9, 9, 81)
    assert (shape.oh, shape.ow, shape.onij) == (4, 9, 36)
    assert (shape.taps, shape.macs) == (3, 36 * 4 * 3 * 3)


def test_groups_cut_the_channels_and_the_work():
    shape = ConvShape(ic=6, ih=4, iw=4, oc=9, kh=3, kw=2, groups=3)
    assert (shape.ic_per_group, shape.oc_per_group, shape.weight_sizes) == (2, 3, (9, 2, 3, 2))
    assert shape.macs == shape.onij * 9 * 2 * 6
    assert ConvShape(**shape.to_facts()) == shape
    assert "groups" not in ConvShape(1, 1, 1, 1, 1, 1).to_facts()
    with pytest.raises(
        ShapeError, match=r"^4 groups must divide the channels, .* 6 input and 8 out"
    ):
        ConvShape(ic=6, ih=4, iw=4, oc=8, kh=3, kw=2, groups=4)
    with pytest.raises(ShapeError, match=r"^sizes and strides must be at least 1"):
        ConvShape(ic=6, ih=4, iw=4, oc=8, kh=3, kw=2, groups=0)


def test_padding_of_four_sides_is_stated_where_the_ends_differ():
    """SAME of a 3x3 kernel with stride 2 on an even plane: nothing above and left, one below and right."""
    shape = ConvShape(3, 6, 8, 4, 3, 3, stride=(2, 2), padding_after=(1, 1))
    assert (shape.padded_h, shape.padded_w, shape.nij) == (7, 9, 63)
    assert (shape.oh, shape.ow, shape.macs) == (3, 4, 3 * 4 * 4 * 27)
    assert shape.edges == ((0, 1), (0, 1))
    facts = json.loads(json.dumps(shape.to_facts()))
    assert (facts["padding"], facts["padding_after"]) == ([0, 0], [1, 1])
    assert ConvShape(**pairs(facts)) == shape


def test_padding_that_is_the_same_at_both_ends_is_stated_once():
    sizes = {"ic": 1, "ih": 4, "iw": 4, "oc": 1, "kh": 3, "kw": 3, "padding": (1, 2)}
    assert ConvShape(**sizes, padding_after=(1, 2)) == ConvShape(**sizes)
    assert "padding_after" not in ConvShape(**sizes, padding_after=(1, 2)).to_facts()
    assert ConvShape(**sizes).edges == ((1, 1), (2, 2))
    with pytest.raises(ShapeError, match=r"^strides and padding must be pairs"):
        ConvShape(**sizes, padding_after=(1,))


def test_zero_points_are_written_out_at_all_four_sides():
    shape = ConvShape(1, 2, 3, 1, 2, 2, padding=(0, 1), padding_after=(1, 0))
    weight = np.ones((1, 1, 2, 2), np.int8)
    layer = replace(make_layer([[1]]), shape=shape, weight=weight, zero_point=9)
    codes = np.arange(6, dtype=np.uint8).reshape(1, 1, 2, 3)
    assert layer.plain_codes(codes).tolist() == [[[[9, 0, 1, 2], [9, 3, 4, 5], [9, 9, 9, 9]]]]
    assert layer.plain().shape == ConvShape(1, 3, 4, 1, 2, 2)


def test_a_kernel_larger_than_the_plane_is_refused():
    with pytest.raises(ShapeError, match=r"^the kernel 3x3 must fit the padded plane 2x4"):
        ConvShape(ic=1, ih=2, iw=4, oc=1, kh=3, kw=3)


@pytest.mark.parametrize(
    "sizes", [{"ic": 0}, {"stride": (0, 1)}, {"padding": (-1, 0)}, {"padding_after": (0, -1)}]
)
def test_sizes_below_their_minimum_are_refused(sizes):
    valid = {"ic": 1, "ih": 2, "iw": 2, "oc": 1, "kh": 1, "kw": 1}
    with pytest.raises(ShapeError, match=r"^sizes and strides must be at least 1"):
        ConvShape(**(valid | sizes))


@pytest.mark.parametrize("sizes", [{"oc": 65_536}, {"padding": (0, 40_000)}])
def test_sizes_beyond_a_16_bit_counter_are_refused(sizes):
    valid = {"ic": 1, "ih": 2, "iw": 2, "oc": 1, "kh": 1, "kw": 1}
    with pytest.raises(ShapeError, match=r"^sizes, padded ones too, must be at most 65535"):
        ConvShape(**(valid | sizes))


@pytest.mark.parametrize("sizes", [(0, 8, 16), (8, 257, 16), (257, 8, 16), (8, 8, 3), (8, 8, 49)])
def test_arrays_outside_the_range_are_refused(sizes):
    with pytest.raises(ShapeError, match=r"^(an array has 1\.\.256|a psum has 4\.\.48)"):
        ArrayShape(*sizes)


def make_layer(weight, act_bits=4, **changes):
    """A 1x1 layer over a 1x1 plane with the given weight codes ``oc ic``."""
    weight = np.array(weight, np.int8)[:, :, None, None]
    fields = {
        "name": "conv",
        "shape": ConvShape(weight.shape[1], 1, 1, weight.shape[0], 1, 1),
        "weight": weight,
        "weight_format": NumberFormat(4, is_signed=True, is_narrow=True),
        "act_format": NumberFormat(act_bits, is_signed=False),
        "weight_scale": np.ones(1),
        "act_scale": 1.0,
    }
    return IntegerLayer(**(fields | changes))


def test_psum_range_is_the_sum_of_weights_of_one_sign():
    layer = make_layer([[7, -2, 0], [-7, -7, 1]])
    assert layer.psum_range() == (-14 * 15, 7 * 15)
    assert layer.psum_bound() == 3 * 15 * 7


def test_a_weight_outside_its_format_is_named():
    with pytest.raises(FormatError, match=r"^layer conv: weight code .* is -8 at \(oc=0, ic=1,"):
        make_layer([[0, -8]])


def test_signed_activations_reach_their_ends_with_weights_of_either_sign():
    """-8..7 under 7 and -2: -8 * 7 - 7 * 2 and 7 * 7 + 8 * 2."""
    layer = make_layer([[7, -2]], act_format=NumberFormat(4, is_signed=True))
    assert layer.psum_range() == (-70, 65)
    assert layer.psum_bound() == 2 * 8 * 7


def test_start_values_move_the_psums_and_not_the_sums_before_them():
    """Zero-point 3: -3 * (7 - 2) + 100 to begin with; plain sums within -30..105, the others 85 higher."""
    layer = make_layer([[7, -2]], zero_point=3, bias=np.array([100]))
    assert layer.start().tolist() == [85]
    assert layer.psum_range() == (-30, 190)
    assert layer.psum_bound() == 2 * 15 * 7 + 100
    plain = layer.plain()
    assert plain.psum_range() == (-30, 105)
    assert plain.plain() is plain


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"zero_point": 16}, r"^layer conv: zero-point must fit u4 \(0..15\), but is 16"),
        ({"zero_point": -1}, r"^layer conv: zero-point must fit u4 \(0..15\), but is -1"),
        (
            {"bias": np.array([1, 2])},
            r"^layer conv: bias must be int64 \(oc,\) = \(1,\), not int64",
        ),
        ({"bias": np.array([0.5])}, r"^layer conv: bias must be int64 .* not float64 \(1,\)$"),
    ],
)
def test_start_values_that_do_not_fit_are_refused(changes, message):
    with pytest.raises((FormatError, ShapeError), match=message):
        make_layer([[7, -2]], **changes)


def test_a_weight_of_another_shape_is_refused():
    with pytest.raises(ShapeError, match=r"^layer conv: weight must be \(oc, ic, kh, kw\)"):
        make_layer([[1]], shape=ConvShape(2, 1, 1, 1, 1, 1))


def test_thresholds_must_ascend():
    with pytest.raises(ShapeError, match=r"^thresholds must ascend along the levels, before next$"):
        Requantization(np.array([[2, 1]]), np.array([1]), "next")


def test_thresholds_and_direction_must_have_one_length():
    with pytest.raises(ShapeError, match=r"^thresholds must be \(oc, level\)"):
        Requantization(np.array([[1, 2]]), np.array([1, 1]), "next", (MaxPool((2, 2), (2, 2)),))

"""Multiplier, bias and shift: exact where the thresholds are evenly spaced, counted where not."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilewright.errors import ConfigError
from tilewright.spec import NEVER, Requantization, fit_multiplier_shift
from tilewright.verify import reference_next_codes


def codes_by_hardware(found, sums):
    """As the docstring says it: multiply, add, shift, clip."""
    link = found.link
    oriented = sums * link.direction[:, None, None]
    product = oriented * found.multiplier[:, None, None] + found.bias[:, None, None]
    steps = product >> found.shift[:, None, None]
    return np.clip(link.min_code + steps, link.min_code, link.max_code)


def even(oc, levels, slopes, offsets):
    """Thresholds of round_half_up(slope * sum + offset)."""
    levels = np.arange(1, levels + 1)
    thresholds = np.ceil((levels - 0.5 - np.array(offsets)[:, None]) / np.array(slopes)[:, None])
    return Requantization(thresholds.astype(np.int64), np.where(np.arange(oc) % 2, -1, 1), "next")


def sums_of(channels, low=-700, high=900):
    return np.arange(low, high + 1).reshape(1, 1, -1, 1).repeat(channels, axis=1)


@given(
    st.lists(st.floats(0.002, 0.9), min_size=3, max_size=3),
    st.lists(st.floats(-9, 9), min_size=3, max_size=3),
    st.integers(4, 24),
)
def test_the_thresholds_are_what_the_hardware_computes(slopes, offsets, bits):
    link = even(3, 15, slopes, offsets)
    found = fit_multiplier_shift(link, -700, 900, bits=bits)
    assert (found.multiplier >= 0).all()
    assert (found.multiplier < 1 << bits).all()
    expected = codes_by_hardware(found, sums_of(3))
    assert (reference_next_codes(sums_of(3), found.as_requantization()) == expected).all()


@given(
    st.lists(st.floats(0.002, 0.9), min_size=2, max_size=2),
    st.lists(st.floats(-9, 9), min_size=2, max_size=2),
)
def test_a_wide_multiplier_errs_rarely_for_evenly_spaced_thresholds(slopes, offsets):
    """It is exact wherever a slope and a bias exist for the rounded thresholds near the ideal slope."""
    link = even(2, 15, slopes, offsets)
    found = fit_multiplier_shift(link, -700, 900, bits=24)
    wrong = reference_next_codes(sums_of(2), link) != codes_by_hardware(found, sums_of(2))
    assert wrong.mean() <= 0.02


def test_a_narrow_multiplier_errs_and_a_wider_one_errs_less():
    link = even(2, 255, [0.0123, 0.0457], [3.3, -2.1])
    sums = sums_of(2, -20000, 20000)
    expected = reference_next_codes(sums, link)
    fits = [fit_multiplier_shift(link, -20000, 20000, bits=bits) for bits in (4, 8, 16)]
    wrong = [int((codes_by_hardware(found, sums) != expected).sum()) for found in fits]
    assert wrong[0] > wrong[1] > wrong[2]


@pytest.mark.parametrize(
    ("thresholds", "is_even"),
    [
        ([NEVER, NEVER, NEVER], True),  # always the lowest code
        ([-999, -999, -999], True),  # always the highest
        ([-999, NEVER, NEVER], True),  # always the one between
        ([5, NEVER, NEVER], True),  # one step
        ([-999, 5, NEVER], True),
        ([5, 5, 5], False),  # a jump over two codes
        ([-10, -10, 99], False),
    ],
)
@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize("lowest", [0, -2])
def test_channels_with_few_steps(thresholds, is_even, direction, lowest):
    link = Requantization(
        np.array([thresholds], np.int64), np.array([direction]), "next", min_code=lowest
    )
    sums = sums_of(1, -100, 100)
    found = fit_multiplier_shift(link, -100, 100, bits=16)
    expected, actual = reference_next_codes(sums, link), codes_by_hardware(found, sums)
    assert (reference_next_codes(sums, found.as_requantization()) == actual).all()
    assert (actual != expected).mean() <= (0 if is_even else 0.5)


def test_pools_and_flatten_are_kept():
    link = replace(even(2, 3, [0.1, 0.2], [0, 0]), is_flattened=True, operand=1)
    other = fit_multiplier_shift(link, -50, 50, bits=8).as_requantization()
    assert (other.is_flattened, other.operand, other.consumer) == (True, 1, "next")


@pytest.mark.parametrize("bits", [3, 25])
def test_other_widths_are_refused(bits):
    with pytest.raises(ConfigError, match=rf"^a multiplier has 4..24 bits, not {bits}$"):
        fit_multiplier_shift(even(1, 3, [0.1], [0]), -9, 9, bits=bits)

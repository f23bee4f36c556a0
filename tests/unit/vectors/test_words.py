"""Codes and digits: hand-written bits."""

from __future__ import annotations

import numpy as np
import pytest

from tilewright.vectors.words import from_digits, to_digits


@pytest.mark.parametrize(
    ("bits", "is_signed", "codes", "digits"),
    [
        (1, False, [1, 0, 1], "101"),
        (4, True, [-1, 1, 7, -8], "1111000101111000"),
        (4, False, [15, 0, 9], "111100001001"),
        (11, True, [-1024, 1023, -3], "100000000000111111111111111111101"),
        (16, True, [-4, 32], "11111111111111000000000000100000"),
        (20, False, [2**20 - 1, 1], "1" * 20 + "0" * 19 + "1"),
        (33, True, [-(2**32)], "1" + "0" * 32),
        (64, True, [-(2**63), 2**63 - 1], "1" + "0" * 63 + "0" + "1" * 63),
    ],
)
def test_a_word_is_its_fields_highest_bit_first(bits, is_signed, codes, digits):
    grid = np.array([codes])
    expected = np.array([[int(digit) for digit in digits]])
    np.testing.assert_array_equal(to_digits(grid, bits), expected)
    back = from_digits(expected.astype(np.uint8), bits, is_signed=is_signed)
    np.testing.assert_array_equal(back, grid)


@pytest.mark.parametrize(
    ("bits", "is_signed", "dtype"),
    [
        (4, True, "int8"),
        (8, False, "uint8"),
        (9, True, "int16"),
        (17, True, "int32"),
        (33, False, "uint64"),
    ],
)
def test_from_digits_gives_the_smallest_type_that_holds_the_field(bits, is_signed, dtype):
    assert from_digits(np.zeros((2, 3 * bits), np.uint8), bits, is_signed=is_signed).dtype == dtype

"""Simulated values against numpy arrays: the sign is said, and x is no number."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from tilewright.cocotb_matchers import expect_numbers, numbers
from tilewright.errors import FormatError, ShapeError


def test_a_word_gives_its_lanes_from_the_right():
    assert numbers("0001_1000_0111", bits=4, is_signed=True).tolist() == [7, -8, 1]
    assert numbers("000110000111", bits=4, is_signed=False).tolist() == [7, 8, 1]
    left = numbers("000110000111", bits=4, is_signed=True, is_first_left=True)
    assert left.tolist() == [1, -8, 7]


def test_bits_that_are_not_known_are_no_number():
    found = numbers(["0000x000", "00010z00"], bits=4, is_signed=False)
    assert found.tolist() == [[None, 0], [None, 1]]
    with pytest.raises(
        AssertionError, match=r"(?s)2 of 4 unsigned .*0, 0: expected 0, found x or z"
    ):
        expect_numbers(["0000x000", "00010z00"], [[0, 0], [4, 1]], bits=4, is_signed=False)


def test_a_wrapped_number_is_not_the_expected_one():
    """cocotb itself takes both: ``LogicArray("1111") == 15`` and ``== -1``."""
    expect_numbers("1111", [-1], bits=4, is_signed=True)
    with pytest.raises(AssertionError, match=r"psum: 1 of 1 signed .*\n  0: expected 15, found -1"):
        expect_numbers("1111", [15], bits=4, is_signed=True, what="psum")


def test_the_first_differences_are_named_and_all_are_counted():
    words = ["0000"] * 30
    with pytest.raises(AssertionError) as told:
        expect_numbers(words, np.ones((30, 1), int), bits=4, is_signed=True)
    lines = str(told.value).splitlines()
    assert lines[0] == "value: 30 of 30 signed numbers differ"
    assert lines[1] == "  0, 0: expected 1, found 0"
    assert (len(lines), lines[-1]) == (12, "  and 20 more")


@pytest.mark.parametrize(
    ("value", "expected", "error", "told"),
    [
        (15, [15], FormatError, "of a Python number the sign is not known"),
        ("01012", [1], FormatError, "must be bits"),
        ("", [1], FormatError, "must be bits"),
        ("00000", [0], FormatError, "lanes of 4 bits must fill a word, but it has 5"),
        (["0000", "00000000"], [0], FormatError, "words must have one length"),
        ("0000", [0.5], FormatError, "must be integers, not float64"),
        ("00000000", [0], ShapeError, r"has numbers \(2,\), but \(1,\) are expected"),
        ("000000", [[0, 0]], FormatError, "must fill a word"),
    ],
)
def test_what_cannot_be_compared_is_refused(value, expected, error, told):
    with pytest.raises(error, match=told):
        expect_numbers(value, expected, bits=4, is_signed=True)


def test_lanes_have_at_most_63_bits():
    with pytest.raises(FormatError, match=r"1\.\.63 bits, not 64"):
        numbers("1" * 64, bits=64, is_signed=False)
    assert numbers("1" * 63, bits=63, is_signed=False).tolist() == [2**63 - 1]


def test_values_of_cocotb_are_taken_by_their_bits():
    types = pytest.importorskip("cocotb.types")
    word = types.LogicArray("1111X000")
    assert numbers(word, bits=4, is_signed=True).tolist() == [None, -1]
    assert numbers(types.Logic("1"), bits=1, is_signed=False).tolist() == [1]
    array = types.Array([types.LogicArray("0001"), types.LogicArray("1111")])
    assert numbers(array, bits=4, is_signed=True).tolist() == [[1], [-1]]
    handle = SimpleNamespace(value=types.LogicArray("1000"))
    expect_numbers(handle, [-8], bits=4, is_signed=True)

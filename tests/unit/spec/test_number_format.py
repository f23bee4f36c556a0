"""Number formats: ranges, messages, widths."""

import numpy as np
import pytest

from tilewright.errors import FormatError
from tilewright.spec import NumberFormat, signed_bits_needed


@pytest.mark.parametrize(
    ("number_format", "low", "high"),
    [
        (NumberFormat(4, is_signed=False), 0, 15),
        (NumberFormat(4, is_signed=True), -8, 7),
        (NumberFormat(4, is_signed=True, is_narrow=True), -7, 7),
        (NumberFormat(1, is_signed=True), -1, 0),
        (NumberFormat(64, is_signed=True), -(2**63), 2**63 - 1),
    ],
)
def test_range(number_format, low, high):
    assert (number_format.min_code, number_format.max_code) == (low, high)


@pytest.mark.parametrize("bits", [0, 65])
def test_bits_outside_1_to_64_are_refused(bits):
    with pytest.raises(FormatError, match=rf"^a number format has 1..64 bits, not {bits}$"):
        NumberFormat(bits, is_signed=True)


NAMES = {
    "INT4": NumberFormat(4, is_signed=True),
    "UINT4": NumberFormat(4, is_signed=False),
    "INT4N": NumberFormat(4, is_signed=True, is_narrow=True),
    "TERNARY": NumberFormat(2, is_signed=True, is_narrow=True),
    "BINARY": NumberFormat(1, is_signed=False),
    "INT64": NumberFormat(64, is_signed=True),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_format_has_a_name_that_is_read_back(name):
    assert NumberFormat.parse(name) == NAMES[name]
    assert NAMES[name].name == name
    assert NumberFormat.from_facts(NAMES[name].to_facts()) == NAMES[name]


def test_ternary_codes_are_two_bits_without_the_lowest():
    ternary = NumberFormat.parse("TERNARY")
    assert ternary.allowed(np.arange(-3, 3)).tolist() == [False, False, True, True, True, False]
    assert NumberFormat.parse("INT2N").name == "TERNARY"


@pytest.mark.parametrize("name", ["INT", "INT0", "FLOAT16", "UINT4N", "int4", "INT65", "INT4 "])
def test_other_names_are_refused(name):
    with pytest.raises(FormatError):
        NumberFormat.parse(name)


@pytest.mark.parametrize(
    ("key", "value"),
    [("bits", True), ("bits", 4.0), ("is_signed", 1), ("is_narrow", 65535), ("is_narrow", None)],
)
def test_facts_of_another_type_are_refused(key, value):
    """A narrow of 65535 would be taken as the lowest code's distance."""
    facts = NumberFormat(4, is_signed=True).to_facts() | {key: value}
    with pytest.raises(FormatError, match=f"{key} of a number format must be of type"):
        NumberFormat.from_facts(facts)


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("INT8", "int8"),
        ("UINT8", "uint8"),
        ("UINT9", "uint16"),
        ("INT2N", "int8"),
        ("INT33", "int64"),
    ],
)
def test_codes_are_held_in_the_smallest_type(name, dtype):
    assert NumberFormat.parse(name).dtype == dtype


def test_narrow_needs_a_sign():
    with pytest.raises(FormatError, match=r"^a narrow format is signed"):
        NumberFormat(4, is_signed=False, is_narrow=True)


def test_check_names_the_first_value_and_its_place():
    codes = np.zeros((2, 3, 1, 1), np.int64)
    codes[1, 2] = -8
    message = (
        r"^weight must fit s4 \(-7\.\.7\), but is -8 at \(oc=1, ic=2, kh=0, kw=0\); 1 of 6 values"
    )
    with pytest.raises(FormatError, match=message):
        NumberFormat(4, is_signed=True, is_narrow=True).check(
            codes, what="weight", axes="oc ic kh kw"
        )


def test_check_accepts_the_extremes():
    NumberFormat(4, is_signed=True).check(np.array([-8, 7]), what="x", axes="i")


@pytest.mark.parametrize(
    ("low", "high", "bits"),
    [(0, 0, 1), (-1, 0, 1), (0, 1, 2), (-7560, 7560, 14), (-32768, 32767, 16), (0, 32768, 17)],
)
def test_signed_bits_needed(low, high, bits):
    assert signed_bits_needed(low, high) == bits

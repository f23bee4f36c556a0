"""Numbers as others write them are read; what a reader would stumble over is refused as ever."""

from __future__ import annotations

import pytest

from tilewright.errors import FormatError
from tilewright.vectors.text import TextForm
from tilewright.vectors.tokens import plain_numbers

HEX = TextForm("x.txt", (), "LF", 4, 2, radix="hex", field_bits=8, bits=8)
WORDS = TextForm("w.txt", (), "LF", 2, 4, radix="hex", field_bits=8, bits=16)
BITS = TextForm("b.txt", (), "LF", 2, 4, radix="binary", field_bits=2, bits=4)
CSV = TextForm(
    "y.txt", (), "LF", 2, 2, radix="decimal", separator=",", field_bits=8, bits=16, is_signed=True
)


@pytest.mark.parametrize(
    ("text", "note"),
    [
        (b"0a 0b\n0c 0d", "numbers are read one after the other, however many stand on a line"),
        (b"0a\n0b\n\n0c\n0d", "numbers are read one after the other, however many stand on a line"),
        (b"0a // one\n0b\n0c\n0d # four", "comments beside the numbers are overlooked"),
        (b"0a\n0b\n/* second\nhalf */\n0c\n0d", "comments beside the numbers are overlooked"),
        (b"0A\n0b\n0C\n0D", "digits A-F are read as a-f"),
        (b"0xa\n0x0b\n0xc\n0xd", "leading zeros, + and 0x of numbers are overlooked"),
        (b"a\nb\nc\nd", "leading zeros, + and 0x of numbers are overlooked"),
        (b"0_a\n0_b\n0c\n0d", "_ between digits is overlooked"),
    ],
)
def test_fashions_of_numbers_are_overlooked_and_said(text, note):
    plain, notes = plain_numbers(HEX, text)
    assert plain == b"0a\n0b\n0c\n0d"
    assert note in notes


@pytest.mark.parametrize(
    ("form", "text", "plain", "note"),
    [
        (WORDS, b"0x0a0b\n0x0c0d", b"0a0b\n0c0d", "0x before words is overlooked"),
        (WORDS, b"0X0A0B\n0X0C0D", b"0a0b\n0c0d", "0x before words is overlooked"),
        (BITS, b"0b0001\n0b1011", b"0001\n1011", "0b before words is overlooked"),
    ],
)
def test_prefixes_of_words_of_several_lanes_are_overlooked_and_said(form, text, plain, note):
    found, notes = plain_numbers(form, text)
    assert found == plain
    assert note in notes
    assert form.read(found + b"\n").any()


@pytest.mark.parametrize("text", [b"0x0a0b\n0x0c0", b"0x0a0b\n0y0c0d", b"0x0a0b\n00x0c0d"])
def test_a_prefix_does_not_mend_a_word(text):
    plain, _ = plain_numbers(WORDS, text)
    with pytest.raises(FormatError):
        WORDS.read(plain + b"\n")


def test_separated_numbers_are_put_in_words():
    assert plain_numbers(CSV, b"1,2,3,-4") == (
        b"1,2\n3,-4",
        ["numbers are read one after the other, however many stand on a line"],
    )
    assert plain_numbers(CSV, b"+1,02,\n3,-4,")[0] == b"1,2\n3,-4"
    assert plain_numbers(CSV, b"1,2\n3,-4") == (b"1,2\n3,-4", [])


@pytest.mark.parametrize(
    "text",
    [
        b"0a\n0b\n0c",  # one is missing
        b"0a\n0b\n0c\n0d\n0e",  # one too many
        b"0a\n0b\n0c\n0x",  # x is no digit, and no prefix of none
        b"0a\n0b\n0c\n00d",  # more digits than the field has
        b"// 4 words\n0a\n0b\n0c\n0d",  # what stands before the words is a header: it must be stated
        b"0a\n0b\nwait\n0c\n0d",
    ],
)
def test_what_is_not_so_many_numbers_is_still_refused(text):
    plain, _ = plain_numbers(HEX, text)
    with pytest.raises(FormatError):
        HEX.read(plain + b"\n")

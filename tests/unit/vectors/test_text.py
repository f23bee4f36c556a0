"""A file that deviates in any way is refused with its name and the line."""

from __future__ import annotations

import numpy as np
import pytest

from tilewright.errors import FormatError
from tilewright.vectors.text import TextForm, TextSet

FORM = TextForm("out.txt", ("#head 0#", "#head 1#"), "LF", lines=2, digits=4)
GOOD = b"#head 0#\n#head 1#\n0110\n1001\n"


def test_write_and_read_are_inverse():
    digits = np.array([[0, 1, 1, 0], [1, 0, 0, 1]], np.uint8)
    assert FORM.write(digits) == GOOD
    np.testing.assert_array_equal(FORM.read(GOOD), digits)


def test_crlf_ends_every_line():
    form = TextForm("out.txt", ("#h#",), "CRLF", lines=1, digits=2)
    assert form.write(np.array([[1, 0]], np.uint8)) == b"#h#\r\n10\r\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"^out\.txt must have 4 lines \(2 header lines, 2 words\), but has 0 complete ones"),
        (GOOD[:-1], r"has 3 complete ones and ends within line 4: it is cut short"),
        (GOOD[:-5], r"has 3 complete ones: it is cut short"),
        (GOOD + b"0000\n", r"^out\.txt must have 4 lines .* goes on in line 5 with '0000'"),
        (GOOD + b" ", r"goes on in line 5 with ' '"),
        (
            GOOD.replace(b"0110", b"011"),
            r"^out\.txt line 3: a word must be 4 digits 0 or 1, not 3 ",
        ),
        (GOOD.replace(b"0110", b"01100"), r"line 3: .* not 5 characters '01100'"),
        (GOOD.replace(b"1001", b"1x01"), r"line 4: .* '1x01'"),
        (GOOD.replace(b"1001", b"1201"), r"line 4: .* '1201'"),
        (GOOD.replace(b"1001", b"10 1"), r"line 4: .* '10 1'"),
        (GOOD.replace(b"1001", b"10\xff1"), r"line 4: .* '10\\\\xff1'"),
        (GOOD.replace(b"0110\n1", b"01101\n"), r"line 3: a word must be 4 digits"),
        (GOOD.replace(b"head 1", b"head 2"), r"line 2: header must be '#head 1#', not '#head 2#'"),
        (GOOD[9:], r"line 1: header must be '#head 0#', not '#head 1#'"),
        (GOOD.replace(b"\n", b"\r\n"), r"line 1: the line must end in LF, but ends in CRLF"),
        (b"\xef\xbb\xbf" + GOOD, r"line 1: header must be"),
        (GOOD.replace(b"0110", b"0" * 500), r"not 500 characters '0+\.\.\.0+'$"),
    ],
)
def test_any_other_content_is_refused_with_its_place(content, message):
    with pytest.raises(FormatError, match=message):
        FORM.read(content)


def test_lf_is_refused_where_the_layout_says_crlf():
    form = TextForm("out.txt", (), "CRLF", lines=1, digits=2)
    with pytest.raises(FormatError, match=r"line 1: the line must end in CRLF, but ends in LF"):
        form.read(b"10\n")


def test_files_of_one_set_can_have_headers_of_different_lengths():
    texts = TextSet(
        TextForm("a9", ("#9",), "LF", lines=1, digits=2), ("a9", "a10"), (("#9",), ("#10",))
    )
    digits = np.array([[[1, 0]], [[0, 1]]], np.uint8)
    contents = texts.write(digits)
    assert contents == [b"#9\n10\n", b"#10\n01\n"]
    np.testing.assert_array_equal(texts.read(contents), digits)
    with pytest.raises(FormatError, match=r"^a10 line 1: header must be '#10', not '#11'"):
        texts.read([contents[0], b"#11\n01\n"])
    with pytest.raises(FormatError, match=r"^a10 line 2: a word must be 2 digits"):
        texts.read([contents[0], b"#10\n0\n"])

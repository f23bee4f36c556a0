"""Words of a file that get lost without a read that fails: of lines, of lanes, of records."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.lint.beside_icarus import agrees, block, case, followed

pytest.importorskip("pyslang")
SIGNED = (
    'reg signed [3:0] w; initial begin f = $fopen("d.txt", "r"); '
    'for (i = 0; i < 3; i = i + 1) begin n = $fscanf(f, "%d", w); $display("R %0d", w); end end'
)
VECTORS = 'reg [3:0] t[0:15]; initial begin $readmemb("d.txt", t); for (i = 0; t[i] !== 4\'bx; i = i + 1) '
VECTORS += '$display("R %b", t[i]); end'
CELLS = (
    'while ($fgets(line, f)) if ($sscanf(line, "%d,%d", i, k) == 2) $display("R %0d %0d", i, k);'
)
ONES = 'while ($fgets(line, f)) begin n = $sscanf(line, "%d", i); if (n == 1) $display("R %0d", i); end'
HEADER = (
    "for (i = 0; i < 3; i = i + 1) n = $fgets(line, f); "
    'while ($fscanf(f, "%d", k) == 1) $display("R %0d", k);'
)
LANES = (
    'reg [11:0] p, q1, r; initial begin f = $fopen("d.txt", "r"); for (i = 0; i < 3; i = i + 1) begin '
    'n = $fscanf(f, "%3h%3h%3h\\n", p, q1, r); $display("R %h %h %h", p, q1, r); end end'
)
RECORDS = (
    'while (!$feof(f)) begin n = $fscanf(f, "%h %h %h", v, x, y); '
    'if (n == 3) $display("R %h %h %h", v, x, y); n = $fgets(line, f); end'
)
CASES = {
    "numbers with a sign": case(SIGNED, b"-8\n7\n-1\n"),
    "a number too large for its sign": case(SIGNED, b"-8\n8\n-1\n", "truncated"),
    "numbers that stand for bits": case(SIGNED, b"8\n7\n15\n"),
    "vectors with underscores": case(VECTORS, b"000_1\n011_0\n"),
    "vectors with spaces": case(VECTORS, b"000 1\n011 0\n", "spaced-word"),
    "cells": block(CELLS, b"1,-2\n30,4\n"),
    "quoted cells": block(CELLS, b'"1","-2"\n"30","4"\n', "bad-word"),
    "fractions of lines": block(ONES, b"1\n2.5\n3\n", "bad-word"),
    "a line of another base": block(ONES.replace("%d", "%h", 1), b"12\n-7\n3\n", "line-passed"),
    "three lines of a header": block(HEADER, b"# a\n# b\n# c\n7\n8\n9\n"),
    "two lines of a header": block(HEADER, b"# a\n# b\n7\n8\n9\n", "rows-eaten"),
    "two lines and a count": block(HEADER, b"# a\n# b\n3\n7\n8\n9\n"),
    "lanes of three digits": case(LANES, b"001002003\nfffabc000\n123456789\n"),
    "a lane of two digits": case(LANES, b"001002003\nfffabc00\n123456789\n", "short-word"),
    "records and remarks": block(RECORDS, b"02 03 06 // a\n0a 0a 64\n"),
    "a record of two": block(RECORDS, b"02 03\n0a 0a 64\n", "torn-record"),
}


@pytest.mark.parametrize("name", CASES)
def test_words_that_are_lost(name: str, tmp_path: Path) -> None:
    """Line by line what Icarus prints, and the errors are the ones that the case names."""
    agrees(CASES[name], tmp_path)


def test_a_comment_that_begins_with_a_digit(tmp_path: Path) -> None:
    """The letter of a command may be a mark of a comment, and the comment begin like a word."""
    body = 'initial begin f = $fopen("d.txt", "r"); while ($fgets(line, f)) '
    body += 'if ($sscanf(line, "%c %h %h", x, v, y) == 3) $display("R %h %h", v, y); end'
    assert followed(tmp_path, body, {"d.txt": b"# c\nW 10 ff\n"})[1] == set()


def test_a_word_that_another_scan_takes(tmp_path: Path) -> None:
    """A bench tries one notation, and then another one."""
    body = 'initial begin f = $fopen("d.txt", "r"); while ($fgets(line, f)) begin '
    body += 'n = $sscanf(line, "0x%h", s); if (n != 1) n = $sscanf(line, "%d", s); '
    body += 'if (n == 1) $display("R %0d", s); end end'
    agrees(case(body, b"0x10\n16\n0xff\n"), tmp_path)


@pytest.mark.parametrize(
    ("text", "errors"),
    [
        (b"1,2\n3,4\n", ""),
        (b"1,2\n3,4", ""),
        (b"1,2\n3\n", "complaint"),
    ],
)
def test_a_separator_behind_the_last_number(text: bytes, errors: str, tmp_path: Path) -> None:
    """A line end or the end of the file may stand for it."""
    body = 'k = 0; n = $fscanf(f, "%d%c", v, x); while (n >= 1) begin $display("R %0d", v); k = k + 1; '
    body += 'n = $fscanf(f, "%d%c", v, x); end if (k != 4) $display("ERROR: %0d", k);'
    agrees(block(body, text, errors), tmp_path)


def test_a_label_that_is_looked_for_is_no_damage(tmp_path: Path) -> None:
    """A scan that asks for a text first finds none in a file without it."""
    body = 'initial begin f = $fopen("d.txt", "r"); while ($fgets(line, f)) '
    body += 'if ($sscanf(line, "FAIL %d", i) == 1) $display("R %0d", i); end'
    assert followed(tmp_path, body, {"d.txt": b"run 1 of 2\nrun 2 of 2\n"})[1] == set()

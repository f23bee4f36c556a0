"""Digits x in a file: those that the testbench asks for are no fault, those that it computes with are."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.lint.beside_icarus import agrees, block, case

pytest.importorskip("pyslang")
WORDS = b"01011010\n0101xxxx\nxxxx1010\n01011010\n"
PLAIN = b"01011010\n01011010\n01011010\n01011010\n"
LOAD = '$readmemb("d.txt", m); '
EACH = "for (i = 0; i < 4; i = i + 1) begin {0} end "
BITS = "x = m[i]; y = 8'h5a; for (k = 0; k < 8; k = k + 1) {0} "
COUNT = 's = 0; {0} $display("R %0d", s);'
MASKED = LOAD + COUNT.format(
    EACH.format(BITS.format("if (x[k] !== 1'bx && y[k] !== x[k]) s = s + 1;"))
)
UNMASKED = MASKED.replace("x[k] !== 1'bx && ", "")
EITHER = MASKED.replace(
    "(x[k] !== 1'bx && y[k] !== x[k]) s = s + 1;",
    "(x[k] === 1'bx || y[k] === x[k]) ; else s = s + 1;",
)
PARTS = LOAD + EACH.format(
    '{b, v[3:0]} = m[i]; if (b === 4\'bx) $display("R none"); else begin s = b + 1; $display("R %0d", s); end'
)
READ = (
    's = 0; while ($fscanf(f, "%b", x) == 1) for (k = 0; k < 8; k = k + 1) '
    'if (x[k] !== 1\'bx) s = s + x[k]; $display("R %0d", s);'
)
HALF = LOAD + 's = 0; for (i = 0; i < 4; i = i + 1) s = s + m[i][3:0]; $display("R %0d", s);'
TOLD = (
    'while ($fscanf(f, "%h", x) == 1) if (^x === 1\'bx) $display("R skip %h", x); '
    'else $display("R %h", x);'
)
CASES = {
    "bits that are asked for": block(MASKED, WORDS),
    "or are taken for right": block(EITHER, WORDS),
    "bits that are not": block(UNMASKED, WORDS, "x-digits"),
    "none in such a reader": block(UNMASKED, PLAIN),
    "words of a read": block(READ, WORDS),
    "words of a read, all bits": block(READ.replace("if (x[k] !== 1'bx) ", ""), WORDS, "x-digits"),
    "a half without them": block(HALF, b"xxxx0001\nxxxx0010\nxxxx0011\nxxxx0100\n"),
    "a half with one": block(HALF, b"00000001\n0000001x\n00000011\n00000100\n", "x-digits"),
    "a part of two": block(PARTS, b"xxxx0001\n00010000\n00100000\n00110000\n"),
    "a part that has one": block(PARTS, b"xx110001\n00010000\n00100000\n00110000\n", "x-digits"),
    "words that are told": block(TOLD, b"01\nxx\n03\n"),
    "words that are printed": block(
        'while ($fscanf(f, "%h", x) == 1) $display("R %h", x);', b"01\nxx\n03\n", "x-digits"
    ),
    "a copy of two states": case(
        'bit [7:0] t; initial begin $readmemh("d.txt", m); t = m[0]; $display("R %h", t); end',
        b"x1\n02\n03\n04\n",
        "x-digits",
    ),
    "a word that another load replaces": case(
        'initial begin $readmemh("d.txt", m); $readmemh("e.txt", m); '
        'for (i = 0; i < 4; i = i + 1) $display("R %h", m[i]); end',
        b"xx\n02\n03\n04\n",
        e_txt=b"05\n06\n07\n08\n",
    ),
    "a word that goes to the design": case(
        "wire w = ^x; " + f"initial begin {LOAD} x = m[1]; end", WORDS, "x-digits"
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_digits_that_are_open(name: str, tmp_path: Path) -> None:
    """Line by line what Icarus prints, and the errors are the ones that the case names."""
    agrees(CASES[name], tmp_path)

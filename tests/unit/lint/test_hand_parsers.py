"""Words that a testbench puts together of characters by itself: of lines in registers, and of a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.lint.beside_icarus import HEAD, Case, agrees, block, followed
from tests.unit.lint.good_files import write
from tilewright.lint import lint

pytest.importorskip("pyslang")
DIGIT = (
    'function [3:0] hex(input [7:0] c); if (c >= "0" && c <= "9") hex = c - "0"; '
    'else if (c >= "a" && c <= "f") hex = c - "a" + 10; else hex = c - "A" + 10; endfunction'
)
LINES = (
    "while ($fgets(line, f)) begin v = 0; for (i = 2; i >= 1; i = i - 1) "
    "v = {v[3:0], hex(line[8*i+1 +: 8])}; "
    '$display("R %h", v); end'
)
COPIES = (
    "while ($fgets(line, f)) begin s = 0; for (i = 2; i >= 1; i = i - 1) begin k = line[8*i+1 +: 8]; "
    'if (k >= "a") k = k - 87; else k = k - 48; s = s * 16 + k; end $display("R %h", s); end'
)
NIBBLES = 'while ($fgets(line, f)) begin v = {line[8*2+1 +: 4], line[8*1+1 +: 4]}; $display("R %h", v); end'
PAIRS = (
    "for (i = 0; i < 3; i = i + 1) begin n = $fgetc(f); k = hex(n); n = $fgetc(f); v = {k[3:0], hex(n)}; "
    'n = $fgetc(f); $display("R %h", v); end'
)
NUMBER = (
    "function integer next(input integer g); integer c, neg; begin c = $fgetc(g); "
    'while (c == " " || c == "\\n" || c == "\\r") c = $fgetc(g); neg = 0; next = 0; '
    'if (c == "-") begin neg = 1; c = $fgetc(g); end '
    'while (c >= "0" && c <= "9") begin next = next * 10 + c - "0"; c = $fgetc(g); end '
    "if (neg) next = -next; end endfunction"
)
NEXT = 'for (i = 0; i < 3; i = i + 1) begin k = next(f); $display("R %0d", k); end'
TABLE = (
    'integer at[0:7]; initial begin f = $fopen("d.txt", "r"); k = 0; at[0] = 0; '
    "while ($fgets(line, f)) begin k = k + 1; at[k] = $ftell(f); end "
    "for (i = k - 1; i >= 0; i = i - 1) begin n = $fseek(f, at[i], 0); "
    'n = $fscanf(f, "%h", v); $display("R %h", v); end end'
)
UNITS = (
    'k = $fgetc(f); while (k != -1) begin i = 0; while (k >= "0" && k <= "9") begin i = i * 10 + k - "0"; '
    'k = $fgetc(f); end if (k == "u") i = i * 1000; while (k != "\\n" && k != -1) k = $fgetc(f); '
    '$display("R %0d", i); k = $fgetc(f); end'
)
HALVES = (
    'v = 0; n = $fgetc(f); while (n != -1) begin if (n == "\\n") begin $display("R %h", v); v = 0; end '
    "else v = {v[3:0], n[3:0]}; n = $fgetc(f); end"
)
GOOD = b"0a\n1B\nff\n"


def _lines(text: bytes, errors: str = "", body: str = LINES, declared: str = DIGIT) -> Case:
    return block(body, text, errors, declared)


CASES = {
    "hexadecimal lines": _lines(GOOD),
    "a letter that is none": _lines(b"0a\n1g\nff\n", "bad-word"),
    "copies of characters": _lines(GOOD.lower(), body=COPIES),
    "copies beside the digits": _lines(
        GOOD.lower(), "bad-word", COPIES.replace("8*i+1 +:", "8*i-7 +:")
    ),
    "halves of characters": _lines(b"12\n34\n", body=NIBBLES),
    "halves of a line end": _lines(b"12\n3\n56\n", "bad-word", NIBBLES.replace("8*2+1", "8*0+1")),
    "pairs": _lines(GOOD, body=PAIRS),
    "pairs of three": _lines(b"00a\n01B\n0ff\n", "bad-word", PAIRS),
    "pairs with a wrong letter": _lines(b"0a\n1g\nff\n", "bad-word", PAIRS),
    "numbers": _lines(b"10 -2\n300\n", body=NEXT, declared=NUMBER),
    "numbers with CR": _lines(b"10 -2\r\n300\r\n", body=NEXT, declared=NUMBER),
    "fractions": _lines(b"10 2.5\n300\n", "bad-word", NEXT, NUMBER),
    "numbers with units": _lines(b"10ns\n5us\n", body=UNITS, declared=""),
    "halves of characters of a file": _lines(b"12\n34\n", body=HALVES, declared=""),
    "halves of spaces": _lines(b"1 2\n3 4\n", "bad-word", HALVES, ""),
    "hexadecimal numbers": _lines(b"10 0a\n300\n", "bad-word", NEXT, NUMBER),
}


@pytest.mark.parametrize("name", CASES)
def test_words_of_characters(name: str, tmp_path: Path) -> None:
    """Line by line what Icarus prints, and the errors are the ones that the case names."""
    agrees(CASES[name], tmp_path)


BITS = (
    'string l; initial begin f = $fopen("d.txt", "r"); while ($fgets(l, f)) begin v = 0; foreach (l[j]) '
    'if (l[j] == "0" || l[j] == "1") v = {v[6:0], l[j] == "1"}; $display("R %b", v); end end'
)
SPLIT = (
    "string l; function automatic int cells(string t); int c = 0; for (int j = 0; j < t.len(); j++) "
    'if (t[j] == "," || t[j] == "\\n") c++; return c; endfunction initial begin f = $fopen("d.txt", "r"); '
    'while ($fgets(l, f)) begin k = cells(l); if (k != 3) $error("row of %0d", k); end end'
)
INSIDE = BITS.replace('l[j] == "0" || l[j] == "1"', 'l[j] inside {["0":"1"]}')
JOINED = (
    'string t; initial begin f = $fopen("d.txt", "r"); t = ""; n = $fgetc(f); while (n != -1) begin '
    'if (n == " " || n == "\\n") begin $display("R %0d", t.atoi()); t = ""; end '
    "else t = {t, string'(n)}; n = $fgetc(f); end end"
)


@pytest.mark.parametrize(
    ("body", "text", "errors"),
    [
        (BITS, b"0101\n1100\n0011\n", set()),
        (BITS, b"01_01\r\n11_00\r\n", set()),
        (BITS, b"0101\n1200\n0011\n", {"bad-word"}),
        (BITS, b"05\n0c\n03\n", {"bad-word"}),
        (BITS, b"0101\n110\n0011\n", {"line-length"}),
        (INSIDE, b"0101\n1100\n0011\n", set()),
        (SPLIT, b"1,2,3\n4,5,6\n", set()),
        (SPLIT, b"1,2\n4,5,6\n", {"complaint"}),
        (JOINED, b"1 2\n-3 40\n", set()),
        (JOINED, b"1,2\n-3,40\n", {"bad-word"}),
    ],
)
def test_characters_of_strings(body: str, text: bytes, errors: set[str], tmp_path: Path) -> None:
    """What a loop passes over, or counts, of a line that is a string."""
    assert followed(tmp_path, body, {"d.txt": text})[1] == errors


@pytest.mark.parametrize("text", [b"01\nab\nff\n", b"01\nab\nff", b"01\r\nab\r\nff\r\n"])
def test_places_of_lines_are_no_words(text: bytes, tmp_path: Path) -> None:
    """A table of places differs with the line ends, and the words that are read from there do not."""
    bench = write(tmp_path, {"d.txt": text}) / "t.v"
    bench.write_text(f"{HEAD}{TABLE}\nendmodule\n")
    assert not lint(tmp_path, testbench=bench).errors


@pytest.mark.parametrize(("text", "errors"), [(b"A\nB\n", set()), (b"A\r\nB\r\n", {"line-ends"})])
def test_characters_that_go_to_the_design(text: bytes, errors: set[str], tmp_path: Path) -> None:
    """The CR of a line stands where the character is taken."""
    bench = write(tmp_path, {"d.txt": text}) / "t.v"
    body = 'dut u(x); initial begin f = $fopen("d.txt", "r"); while ($fgets(line, f)) x = line[16:9]; end'
    bench.write_text(f"{HEAD}{body}\nendmodule\n")
    assert {one.kind for one in lint(tmp_path, testbench=bench).errors} == errors


def test_characters_that_are_left(tmp_path: Path) -> None:
    """A reader of characters that takes the first numbers only: a warning."""
    bench = write(tmp_path, {"d.txt": b"1 2 3 4 5\n"}) / "t.v"
    body = f'{NUMBER} initial begin f = $fopen("d.txt", "r"); {NEXT} end'
    bench.write_text(f"{HEAD}{body}\nendmodule\n")
    report = lint(tmp_path, testbench=bench)
    assert {one.kind for one in report.findings} == {"words-left"}
    assert not report.errors

"""Numbers that lose bits on their way, and characters that are taken for digits."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.lint.beside_icarus import agrees, block

pytest.importorskip("pyslang")
FUNCTION = (
    "function signed [{}:0] get(input integer g); integer r; reg signed [15:0] w; "
    'begin r = $fscanf(g, "%d", w); '
    "get = w; end endfunction reg signed [{}:0] o;"
)
GET = 'for (i = 0; i < 3; i = i + 1) begin o = get(f); $display("R %0d", o); end'
TASK = (
    'task get(output reg signed [15:0] w); integer r; r = $fscanf(f, "%d", w); endtask '
    "reg signed [{}:0] o;"
)
CALL = 'for (i = 0; i < 3; i = i + 1) begin get(o); $display("R %0d", o); end'
LONG, SHORT = b"-300\n7\n128\n", b"-30\n7\n12\n"
BITS = (
    "for (k = 0; k < 2; k = k + 1) begin for (i = 3; i >= 0; i = i - 1) begin n = $fgetc(f); "
    'b[i] = (n == "1"); end n = $fgetc(f); $display("R %b", b); end'
)
PEEK = (
    'n = $fgetc(f); while (n == "#") begin n = $fgets(line, f); n = $fgetc(f); end n = $ungetc(n, f); '
    'while ($fscanf(f, "%d", s) == 1) $display("R %0d", s);'
)
PLACES = (
    "n = $fgets(line, f); while ($fgets(line, f)) begin "
    "for (i = 0; i < 4; i = i + 1) b[i] = line[8*(i + 2) - 7]; "
    '$display("R %b", b); end'
)
EQUAL = PLACES.replace("line[8*(i + 2) - 7]", '(line[8*(i + 2) -: 8] == "1")')
REAL = 'while ($fscanf(f, "%f", {0}) == 1) $display("R %0d", {0});'
PAIRS = 'while ($fscanf(f, "%s %d", name, s) == 2) if (name == "{}") $display("R %0d", s);'
CASES = {
    "a result": block(GET, LONG, declared=FUNCTION.format(15, 15)),
    "a result that is too narrow": block(GET, LONG, "truncated", FUNCTION.format(7, 15)),
    "a variable too narrow for it": block(GET, LONG, "truncated", FUNCTION.format(15, 7)),
    "a narrow variable with room": block(GET, SHORT, declared=FUNCTION.format(15, 7)),
    "an output": block(CALL, LONG, declared=TASK.format(15)),
    "an output that is too narrow": block(CALL, LONG, "truncated", TASK.format(7)),
    "octets in a copy": block(
        'n = $fread(s, f); x = s; $display("R %h", x);', b"abcd", "truncated"
    ),
    "octets in a copy with room": block(
        'n = $fread(s, f); x = s; $display("R %h", x);', b"\0\0\0d"
    ),
    "whole numbers by %f": block(REAL.format("i"), b"1.0\n-2\n3e1\n"),
    "fractions by %f": block(REAL.format("i"), b"1.5\n-2\n", "truncated"),
    "a key": block(PAIRS.format("rows"), b"rows 4\ncols 3\n"),
    "a key in a short register": block(
        PAIRS.format("rows").replace("name", "x"), b"rows 4\n", "truncated"
    ),
    "another key comes last": block(
        'while (!$feof(f)) begin n = $fscanf(f, "%s %d\\n", name, v); if (name == "rows") x = v; end '
        '$display("R %0d", x);',
        b"rows 4\ncols 3\n",
    ),
    "rows of digits": block(BITS, b"0101\n1100\n"),
    "no place for the line end": block(
        BITS.replace("end n = $fgetc(f);", "end"), b"0101\n1100\n", "bad-word"
    ),
    "digits are computed with": block(
        'for (i = 0; i < 2; i = i + 1) begin n = $fgetc(f); s = s * 10 + (n - "0"); end '
        '$display("R %0d", s);',
        b"4\n2\n",
        "bad-word",
    ),
    "a look ahead": block(PEEK, b"# a\n-5\n6\n"),
    "a look ahead that takes a sign": block(
        PEEK.replace("n = $ungetc(n, f); ", ""), b"# a\n-5\n6\n", "cut-word"
    ),
    "a look ahead that takes a space": block(
        PEEK.replace("n = $ungetc(n, f); ", ""), b"# a\n 5\n 6\n"
    ),
    "a sign that is asked for": block(
        'n = $fgetc(f); i = (n == "-"); while ($fscanf(f, "%d", s) == 1) begin $display("R %0d %0d", i, s); '
        'n = $fgetc(f); n = $fgetc(f); i = (n == "-"); end',
        b"-5\n-6\n",
    ),
    "places of a line": block(PLACES, b"# a\n0101\n1100\n"),
    "places beside the digits": block(
        PLACES.replace("i + 2", "i + 1"), b"# a\n0101\n1100\n", "bad-word"
    ),
    "a header by its places": block(PLACES, b"# a\n# b\n0101\n", "bad-word"),
    "characters of a line": block(EQUAL, b"# a\n0101\n1100\n"),
    "characters beside the digits": block(
        EQUAL.replace("i + 2", "i + 1"), b"# a\n0101\n1100\n", "bad-word"
    ),
    "lines longer than their register": block(
        PLACES.replace("n = $fgets(line, f); ", "").replace("line", "w").replace("i + 2", "i + 1"),
        b"0101\n1100\n",
        "header-buffer bad-word",
        "reg [8*4:1] w;",
    ),
    "a text that begins with a sign": block('i = $fgets(line, f); $display("R %0d", i);', b"=4\n"),
}


@pytest.mark.parametrize("name", CASES)
def test_lost_bits(name: str, tmp_path: Path) -> None:
    """Line by line what Icarus prints, and the errors are the ones that the case names."""
    agrees(CASES[name], tmp_path)

"""Readers by `$fgetc`: what they print is what Icarus prints, and the end of the file is no character."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.lint.beside_icarus import HEAD, OPEN, Case, agrees, block
from tests.unit.lint.good_files import write
from tilewright.lint import lint

pytest.importorskip("pyslang")
DIGIT = 'x = (k >= "a") ? k - "a" + 10 : k - "0";'
SHOWN = '$display("R %h", s);'
NIBBLES = f"for (i = 0; i < 8; i = i + 1) begin k = $fgetc(f); {DIGIT} s = {{s[27:0], x[3:0]}}; end {SHOWN}"
ROWS = (
    "for (i = 0; i < 3; i = i + 1) begin for (n = 3; n >= 0; n = n - 1) begin k = $fgetc(f); b[n] = k == 49; "
    'end k = $fgetc(f); m[i] = b; end $display("R %h %h %h", m[0], m[1], m[2]);'
)
OPTIONAL_CR = ROWS.replace("m[i] = b;", "if (k == 8'h0d) k = $fgetc(f); m[i] = b;")
COUNTED_SUM = "for (i = 0; i < 3; i = i + 1) begin k = $fgetc(f); s = s + k; end"
NEXT = (
    "function integer next(input integer g); integer r; begin r = $fgetc(g); while (r == 32 || r == 10) "
    'r = $fgetc(g); if (r >= "0" && r <= "9") next = r - "0"; else next = -1; end endfunction'
)
BY_FUNCTION = f"for (i = 0; i < 4; i = i + 1) begin k = next(f); s = s * 10 + k; end {SHOWN}"
TOO_FEW = "too-few-words"
CASES = {
    "a count of characters": block(NIBBLES, b"12ab34cd\n"),
    "a count behind the end": block(NIBBLES, b"12ab34\n", TOO_FEW),
    "rows of digits": block(ROWS, b"0001\n0110\n1111\n"),
    "rows, the last without line end": block(ROWS, b"0001\n0110\n1111"),
    "a row is missing": block(ROWS, b"0001\n0110\n", TOO_FEW),
    "a row is short": block(ROWS, b"0001\n011\n1111\n", "rows-eaten"),
    "the second row of four is short": block(
        ROWS.replace("i < 3", "i < 4"), b"0001\n011\n1111\n1010\n", "rows-eaten"
    ),
    "rows that may have CR LF": block(OPTIONAL_CR, b"0001\r\n0110\r\n1111\r\n"),
    "rows that need not": block(OPTIONAL_CR, b"0001\n0110\n1111"),
    "a sum by $feof": block(
        f"while (!$feof(f)) begin k = $fgetc(f); s = s + k; end {SHOWN}", b"123", TOO_FEW
    ),
    "digits by $feof": block(
        'while (!$feof(f)) begin k = $fgetc(f); if (k == "1" || k == "0") s = {s[30:0], k == "1"}; end '
        + SHOWN,
        b"0110\n1\n",
    ),
    "a loop that asks first": block(
        f"k = $fgetc(f); while (k != -1) begin s = s + k; k = $fgetc(f); end {SHOWN}", b"123"
    ),
    "a loop that asks last": block(
        f"k = 0; while (k != -1) begin k = $fgetc(f); s = s + k; end {SHOWN}", b"123", TOO_FEW
    ),
    "an octet that is compared with ff": block(
        'x = $fgetc(f); while (x != 8\'hff && x != "\\n") begin s = {s, x}; x = $fgetc(f); end '
        + SHOWN,
        b"abc",
    ),
    "a sign": block(
        f"k = $fgetc(f); while (k >= 0) begin if (k > 32) s = s + 1; k = $fgetc(f); end {SHOWN}",
        b"a b\n",
    ),
    "a count that is not used": block(f"{COUNTED_SUM} k = $fgetc(f); {SHOWN}", b"123"),
    "a function": block(BY_FUNCTION, b"1 2\n3 4", declared=NEXT),
    "a copy in a memory": block(
        "for (i = 0; i < 4; i = i + 1) m[i] = $fgetc(f); for (i = 0; i < 3; i = i + 1) s = s + m[i];"
        + SHOWN,
        b"abc",
    ),
    "a copy that is used": block(
        "for (i = 0; i < 4; i = i + 1) m[i] = $fgetc(f); for (i = 0; i < 4; i = i + 1) s = s + m[i];"
        + SHOWN,
        b"abc",
        TOO_FEW,
    ),
    "a case in a loop that counts": block(
        'for (i = 0; i < 4; i = i + 1) begin k = $fgetc(f); case (k) "1": s = s + 1; "0": ; default: s = 99; '
        f"endcase end {SHOWN}",
        b"101",
        TOO_FEW,
    ),
    "labels that are skipped in each row": block(
        ROWS.replace("for (n = 3;", "repeat (3) k = $fgetc(f); for (n = 3;"),
        b"r0:0001\nr1:0110\nr2:1111\n",
    ),
    "a line by $feof": block(
        "line = 0; i = 0; while (!$feof(f)) begin k = $fgetc(f); line[8*i+1 +: 8] = k; i = i + 1; end "
        '$display("R %h", line[8:1]);',
        b"abc",
    ),
    "characters that are skipped": block(
        f"repeat (4) k = $fgetc(f); {COUNTED_SUM} {SHOWN}", b"a,1:xyz"
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_characters(name: str, tmp_path: Path) -> None:
    """Line by line what Icarus prints, and the errors are the ones that the case names."""
    case: Case = CASES[name]
    agrees(case, tmp_path)


@pytest.mark.parametrize("body", [ROWS, OPTIONAL_CR])
def test_rows_with_other_line_ends(body: str, tmp_path: Path) -> None:
    """A reader that counts characters takes a CR for one, unless it looks for it."""
    bench = write(tmp_path, {"d.txt": b"0001\r\n0110\r\n1111\r\n"}) / "t.v"
    bench.write_text(f"{HEAD} initial begin {OPEN}{body} end endmodule")
    kinds = [one.kind for one in lint(tmp_path, testbench=bench).errors]
    assert kinds == (["line-ends"] if body == ROWS else [])


def test_an_index_is_not_written_to(tmp_path: Path) -> None:
    """A loop whose index is the place of a word that hangs on a result still counts: three words of four."""
    body = 'for (i = 0; i < 4; i = i + 1) begin n = $fscanf(f, "%h", v); m[i] = n == 1 ? v : v + 1; end '
    shown = 'for (i = 0; i < 4; i = i + 1) $display("R %h", m[i]);'
    agrees(block(body + shown, b"1\n2\n3\n", TOO_FEW), tmp_path)
    agrees(block(body + shown, b"1\n2\n3\n4\n"), tmp_path)

"""Words that are thrown away, cut or dropped, in files of records, of lines in pieces, and of octets."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.lint.beside_icarus import HEAD, agrees, block, case, followed
from tests.unit.lint.good_files import write
from tilewright.lint import lint

pytest.importorskip("pyslang")
CSV = (
    'n = $fgets(line, f); while (!$feof(f)) begin n = $fscanf(f, "%d,%d\\n", i, v); '
    'if (n == 2) $display("R %0d %0d", i, v); else n = $fgets(line, f); end'
)
DROPPED = 'while ($fscanf(f, "%*d %h", v) == 1) $display("R %h", v);'
APART = 'while ($fscanf(f, "%4h\\n", s) == 1) $display("R %h", s);'
PACKED = 'while ($fscanf(f, "%4h", s) == 1) $display("R %h", s);'
SPACED = 'while ($fgets(line, f)) if ($sscanf(line, "%h", s) == 1) $display("R %h", s);'
IMAGE = (
    'n = $fscanf(f, "P6 %d %d", i, k); n = $fgetc(f); for (n = 0; n < i * k; n = n + 1) begin v = $fgetc(f); '
    '$display("R %h", v); end'
)
UNKNOWN = (
    'while ($fscanf(f, "%h", v) == 1) p.push_back(v); k = 0; '
    'for (i = 0; i < p.size(); i = i + 1) if (!$isunknown(p[i])) k = k + p[i]; $display("R %0d", k);'
)
TAKEN = (
    'while ($fscanf(f, "%h", v) == 1) p.push_back(v); x = p.pop_front(); x = p.pop_front(); '
    'y = x + 1; $display("R %h", y);'
)
MATCHED = (
    'initial begin $readmemb("d.txt", m); casex (8\'h12) m[0]: $display("R yes"); '
    'default: $display("R no"); endcase end'
)
CASES = {
    "records behind a header": block(CSV, b"a,b\n1,2\n3,4\n"),
    "records with semicolons": block(CSV, b"a;b\n1;2\n3;4\n", "bad-word"),
    "records with a space before the comma": block(CSV, b"a,b\n1 ,2\n3,4\n", "bad-word"),
    "records in quotes": block(CSV, b'a,b\n"1","2"\n"3","4"\n', "bad-word"),
    "a comment among the records": block(CSV, b"a,b\n1,2\n# of 4\n3,4\n"),
    "a record in the place of the header": block(CSV, b"5,6\n7,8\n3,4\n", "rows-eaten"),
    "a column that is dropped": block(DROPPED, b"0 0a\n1 0b\n"),
    "a column that is dropped, and not there": block(DROPPED, b"0a\n0b\n", "cut-word"),
    "words of a line each": block(APART, b"0001\nffff\n"),
    "words that are too long for a line each": block(APART, b"00000001\nffffffff\n", "long-word"),
    "packed words": block(PACKED, b"00000001\nffffffff\n"),
    "a record without its spaces": block(
        'while ($fscanf(f, "%1h %1h\\n", v, x) == 2) $display("R %h %h", v, x);', b"12\nab\n"
    ),
    "whole words": block(SPACED, b"9f000000\n03000000\n"),
    "octets with spaces": block(SPACED, b"9f 00 00 00\n03 00 00 00\n", "spaced-word"),
    "words and a comment": block(SPACED, b"9f000000 1\n03000000 2\n"),
    "octets behind a header": block(IMAGE, b"P6 2 2\n\x01\xff\x80\x00"),
    "octets behind a header with another": block(IMAGE, b"P6 \xff 2\n\x01\xff\x80\x00", "header-left"),
    "digits x in a queue": case(
        f'reg [7:0] p[$]; initial begin f = $fopen("d.txt", "r"); {UNKNOWN} end', b"01\nxx\n03\n"
    ),
    "digits x out of a queue": case(
        f'reg [7:0] p[$]; initial begin f = $fopen("d.txt", "r"); {TAKEN} end', b"01\nxx\n03\n", "x-digits"
    ),
    "no digits x out of a queue": case(
        f'reg [7:0] p[$]; initial begin f = $fopen("d.txt", "r"); {TAKEN} end', b"01\n02\nxx\n"
    ),
    "a pattern": case(MATCHED, b"0001xxxx\n"),
    "a pattern that is too long": case(MATCHED, b"10001xxxx\n", "truncated"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_words_that_are_thrown_away(name: str, tmp_path: Path) -> None:
    """Icarus prints what lint computes, and each fault is named."""
    agrees(CASES[name], tmp_path)


def _kinds(folder: Path, text: str, content: bytes, reader: str = "verilator") -> set[str]:
    path = write(folder, {"d.txt": content}) / "t.sv"
    path.write_text(text)
    found = lint(folder, testbench=path, reader=reader).findings
    return {one.kind for one in found if one.severity == "error"}


ROWS = """module t; string line; int f, r, a, b, s = 0, q[$];
  initial begin f = $fopen("d.txt", "r"); while ($fgets(line, f) != 0) begin a = 0; b = 0;
    r = $sscanf(line, "%d %d", a, b); q.push_back(a + b); end foreach (q[i]) s += q[i] * i;
    $display("%0d", s); end endmodule"""


def test_a_blank_line_that_counts_as_a_row_of_zeros(tmp_path: Path) -> None:
    """Nobody looks at how many numbers were found: the row is there all the same; else it is passed over."""
    assert _kinds(tmp_path, ROWS, b"1 2\n3 4\n") == set()
    assert _kinds(tmp_path, ROWS, b"1 2\n\n3 4\n") == {"bad-word"}
    checked = ROWS.replace("q.push_back", "if (r == 2) q.push_back")
    assert _kinds(tmp_path, checked, b"1 2\n\n3 4\n") == set()
    asked = ROWS.replace("a = 0;", "a = -1;").replace("q.push", "if (a >= 0) q.push")
    assert _kinds(tmp_path, asked, b"1 2\n\n3 4\n") == set()


PIECES = """module t; string line; int f, n, s = 0; logic [7:0] b;
  initial begin f = $fopen("d.txt", "r"); while ($fgets(line, f)) for (int i = 0; i + 1 < line.len(); i += 2)
    begin n = $sscanf(line.substr(i, i + 1), "%h", b); if (n == 1) s += b; end
    $display("%0d", s); end endmodule"""


def test_lines_that_are_cut_into_pieces(tmp_path: Path) -> None:
    """Pieces of one length are no broken words; a shorter one is."""
    assert _kinds(tmp_path, PIECES, b"0011aabb\nff\n") == set()
    assert _kinds(tmp_path, PIECES, b"0011aab\nff\n") == {"bad-word"}
    assert _kinds(tmp_path, PIECES, b"00 11 aa bb\nff\n") == {"bad-word"}


RECORD = """module t; string line; int f, n, len, b, s = 0;
  initial begin f = $fopen("d.txt", "r"); while ($fgets(line, f)) begin
    n = $sscanf(line.substr(1, 2), "%h", len); for (int i = 0; i < len; i++) begin
      n = $sscanf(line.substr(3 + 2 * i, 4 + 2 * i), "%h", b); s += b; end end
    $display("%0d", s); end endmodule"""


def test_a_record_whose_last_piece_nobody_takes(tmp_path: Path) -> None:
    """A checksum behind the pieces is no rest of the last one."""
    assert _kinds(tmp_path, RECORD, b":020102FB\n:0105FA\n") == set()


SETTINGS = """module t; string line, key, val; int f, n, rows = 4;
  initial begin f = $fopen("d.txt", "r"); while ($fgets(line, f)) begin
    n = $sscanf(line, "%s = %s", key, val); if (n == 2 && key == "rows") rows = val.atoi(); end
    $display("%0d", rows); end endmodule"""


def test_settings_in_another_form(tmp_path: Path) -> None:
    """No scan takes one whole, so that defaults hold; a number with a base loses its digits."""
    assert _kinds(tmp_path, SETTINGS, b"# sizes\nrows = 8\n") == set()
    assert _kinds(tmp_path, SETTINGS, b"# sizes\nrows=8\n") == {"bad-word"}
    assert _kinds(tmp_path, SETTINGS, b"rows = 0x8\n") == {"bad-word"}


PAIRS = """typedef struct { logic [7:0] a; logic [7:0] b; } p_t; p_t p[$], one;
  initial begin f = $fopen("d.txt", "r"); while ($fscanf(f, "%h %h", one.a, one.b) == 2) p.push_back(one);
    k = 0; foreach (p[i]) if (!$isunknown(p[i].b)) k += p[i].a; $display("%0d", k); end"""


def test_digits_x_in_a_queue_of_structures(tmp_path: Path) -> None:
    """They are used where somebody computes with them, not where the structure is put in."""
    for text, errors in ((b"01 02\n02 xx\n", set()), (b"xx 02\n02 03\n", {"x-digits"})):
        assert followed(tmp_path, PAIRS, {"d.txt": text})[1] == errors


SIGNED = """reg signed [19:0] g[0:1];
  initial begin $readmemh("d.txt", g); k = g[0] + g[1]; $display("%0d", k); end"""


@pytest.mark.parametrize(
    ("text", "is_odd"),
    [(b"fffb\n0001\n", True), (b"ffffb\n00001\n", False), (b"7ffb\n0001\n", False)],
)
def test_words_that_are_short_for_a_memory_with_a_sign(
    text: bytes, is_odd: bool, tmp_path: Path
) -> None:
    """The first bit is set, and the number is positive all the same: a warning."""
    path = write(tmp_path, {"d.txt": text}) / "t.sv"
    path.write_text(f"{HEAD} {SIGNED} endmodule")
    found = {one.kind for one in lint(tmp_path, testbench=path).findings}
    assert ("short-word" in found) is is_odd

"""Words taken in pieces, records on two lines, lines that end otherwise, and numbers out of texts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.lint.beside_icarus import Case, agrees, block
from tests.unit.lint.good_files import write
from tilewright.lint import lint
from tilewright.lint.fix import fix

pytest.importorskip("pyslang")
PAIRS = 'while ($fscanf(f, "%d %h", k, v) == 2) $display("R %0d %h", k, v);'
COUNT = (
    'n = $fscanf(f, "%d", k); repeat (k) begin n = $fscanf(f, "%h", v); $display("R %h", v); end'
)
BACK = (
    "for (i = 3; i >= 0; i = i - 1) begin n = $fseek(f, i * 3, 0); "
    'n = $fscanf(f, "%h", v); $display("R %h", v); end'
)
BITS = (
    'while ($fgets(line, f) > 0) begin for (i = 0; i < 4; i = i + 1) b[3-i] = line[8*(5-i) -: 8] == "1"; '
    '$display("R %b", b); end'
)
SHOWN = 'for (i = 0; i < 4; i = i + 1) $display("R %h", m[i]);'
LABELLED = f'while ($fscanf(f, "%d: %h", k, v) == 2) m[k] = v; {SHOWN}'
CASES = {
    "pairs": block(PAIRS, b"1 0a\n2 0b\n3 0c\n"),
    "a value is missing": block(PAIRS, b"1 0a\n2\n3 0c\n", "bad-word"),
    "a value is missing, and the next line starts alike": block(
        PAIRS, b"1 0a\n2 0b\n3\n4 0d\n5 0e\n6 0f\n7\n8\n", "bad-word torn-record"
    ),
    "records on two lines": block(PAIRS, b"1 0a\n2 0b\n3 0d\n4\nc\n", "torn-record"),
    "records that go on over lines": block(PAIRS, b"1 a 2 b 3\nc 4 d 5 e\n"),
    "a number with its unit": block(
        'while ($fscanf(f, "%d%s", k, name) == 2) $display("R %0d %0s", k, name);', b"10ns\n20us\n"
    ),
    "a unit that nobody reads": block(
        'n = $fscanf(f, "%d", k); $display("R %0d", k);', b"100MHz\n"
    ),
    "digits that nobody reads": block(
        'n = $fscanf(f, "%d", k); $display("R %0d", k);', b"1O0\n", "bad-word"
    ),
    "a record that another line reads": block(
        PAIRS.replace("while", "repeat (3) if") + '\nn = $fscanf(f, "%d %h", k, v);',
        b"1 0a\n2 0b\n3 0c\n4\n0d\n",
    ),
    "fields of fixed width": block(
        'while ($fscanf(f, "%2h%2h", v, x) == 2) $display("R %h %h", v, x);', b"0102\na1a2\n"
    ),
    "a count": block(COUNT, b"2\n0a\n0b\n"),
    "no count, and the first word begins with a digit": block(COUNT, b"1a\n0b\n0c\n", "bad-word"),
    "places in a file": block(BACK, b"01\n02\n03\n04\n"),
    "places in a file with CR LF": block(BACK, b"01\r\n02\r\n03\r\n04\r\n", "cut-word"),
    "labels": block(LABELLED, b"0: aa\n1: bb\n2: cc\n3: dd\n"),
    "a label is missing": block(LABELLED, b"0: aa\n1: bb\n3: dd\n", "too-few-words"),
    "a label stands twice": block(LABELLED, b"0: aa\n1: bb\n1: cc\n3: dd\n", "too-few-words"),
    "elements that are asked for first": block(
        LABELLED.replace("$display", "if (m[i] !== 8'hxx) $display"), b"0: aa\n3: dd\n"
    ),
}
OPTIONAL = (
    'while ($fgets(line, f) > 0) begin n = $sscanf(line, "%s %h %h", name, v, x); '
    'if (n == 3) $display("R %h %h", v, x); else if (n == 2) $display("R %h", v); end'
)
CASES |= {
    "a field that may be left out": block(OPTIONAL, b"wr 01 02\nrd 01\n\n"),
    "a field that may not": block(
        OPTIONAL.replace("else if (n == 2)", "else if (n == 9)"), b"wr 01 02\nrd 01\n", "bad-word"
    ),
}
COMPLAINTS = {
    "a line that no scan takes": block(
        'while ($fgets(line, f) > 0) if ($sscanf(line, "%h", v) == 1) $display("R %h", v); '
        'else $display("ERROR: bad line");',
        b"01\n\n02\n",
        "bad-word",
    ),
    "one word more": block(
        'repeat (2) begin n = $fscanf(f, "%h", v); $display("R %h", v); end n = $fscanf(f, "%h", x); '
        'if (n == 1) $display("ERROR: more data");',
        b"01\n02\n03\n",
        "complaint",
    ),
    "a command that is not known": block(
        'while ($fscanf(f, "%s %h", name, v) == 2) case (name) "put": $display("R %h", v); '
        'default: $display("ERROR: command %0s", name); endcase',
        b"put 01\nPut 02\n",
        "complaint",
    ),
    "all commands are known": block(
        'while ($fscanf(f, "%s %h", name, v) == 2) case (name) "put": $display("R %h", v); '
        'default: $display("ERROR: command %0s", name); endcase',
        b"put 01\nput 02\n",
    ),
    "a number that is another one": block(
        'while ($fscanf(f, "%h %h", v, x) == 2) if (v !== x) $display("ERROR"); else $display("R %h", v);',
        b"01 01\n02 03\n",
    ),
}


@pytest.mark.parametrize("name", [*CASES, *COMPLAINTS])
def test_words_and_complaints(name: str, tmp_path: Path) -> None:
    """Line by line what Icarus prints, and the errors are the ones that the case names."""
    case: Case = {**CASES, **COMPLAINTS}[name]
    agrees(case, tmp_path)


HEAD = (
    "module t; integer f, n, i; reg [8*10:1] line; reg [3:0] b; string text; int v; reg [7:0] w;\n"
)
OPEN = 'initial begin f = $fopen("d.txt", "r"); '


def _bench(folder: Path, body: str, content: bytes) -> Path:
    path = write(folder, {"d.txt": content}) / "t.sv"
    path.write_text(f"{HEAD}{OPEN}{body} end endmodule\n")
    return path


def _kinds(folder: Path, body: str, content: bytes, reader: str = "icarus") -> set[tuple[str, str]]:
    bench = _bench(folder, body, content)
    report = lint(folder, testbench=bench, reader=reader)
    return {
        (f.severity, f.kind) for f in report.findings if f.kind not in ("unchecked", "not-compiled")
    }


@pytest.mark.parametrize(
    ("content", "kinds"),
    [
        (b"0001\n0110\n", set()),
        (b"0001\r\n0110\r\n", {("error", "line-ends")}),
        (b"0001\n0110", {("error", "line-ends")}),
        (b"0001\n0110\n011\n", {("error", "line-length"), ("error", "bad-word")}),
    ],
)
def test_lines_by_the_place_of_their_characters(
    content: bytes, kinds: set[tuple[str, str]], tmp_path: Path
) -> None:
    """Their ends are characters, too; `--fix` writes others, with which the reader finds its words."""
    assert _kinds(tmp_path, BITS, content) == kinds
    if ("error", "line-ends") in kinds:
        report = fix(tmp_path, tmp_path / "new", testbench=tmp_path / "t.sv")
        assert (tmp_path / "new" / "d.txt").read_bytes() == b"0001\n0110\n", report.changes
        agrees(block(BITS, (tmp_path / "new" / "d.txt").read_bytes()), tmp_path / "beside")


@pytest.mark.parametrize("content", [b"01\r\n02\r\n", b"01\n02", b"01\n02\n"])
def test_line_ends_that_do_not_matter(content: bytes, tmp_path: Path) -> None:
    """A reader by `$sscanf` takes the words whatever stands behind them."""
    body = 'while ($fgets(line, f) > 0) if ($sscanf(line, "%h", w) == 1) $display("%h", w);'
    assert _kinds(tmp_path, body, content) == set()


TRIMMED = (
    "while ($fgets(text, f) > 0) begin text = text.substr(2, text.len() - 2); "
    'if ($sscanf(text, "%h", w) != 1) $error("bad"); else $display("%h", w); end'
)
NUMBERS = 'while ($fgets(text, f) > 0) begin w = text.atohex(); $display("%h", w); end'
TOKENS = 'while ($fscanf(f, "%s", text) == 1) begin w = text.atoi(); $display("%h", w); end'


@pytest.mark.parametrize(
    ("body", "content", "kind"),
    [
        (TRIMMED, b": 01\n: ff\n", ""),
        (TRIMMED, b": 01\n: 1ff\n", "truncated"),
        (TRIMMED, b": 01\n: what\n", "bad-word"),
        (NUMBERS, b"01\nff\n", ""),
        (NUMBERS, b"01\n1ff\n", "truncated"),
        (NUMBERS, b"01\nwhat\n", "bad-word"),
        (NUMBERS, b"01\n0x1f\n", ""),
        (TOKENS, b"1 20 255\n", ""),
        (TOKENS, b"1 x20 255\n", "bad-word"),
        (TOKENS, b"1 2o0 255\n", "bad-word"),
        (TOKENS, b"1 20 256\n", "truncated"),
    ],
)
def test_words_out_of_texts(body: str, content: bytes, kind: str, tmp_path: Path) -> None:
    """A part of a line is a part of the file; a number that a method of a string gives is a word of it."""
    kinds = _kinds(tmp_path, body, content, "verilator")
    assert {found for severity, found in kinds if severity == "error"} == (
        {kind} if kind else set()
    )


def test_records_that_are_passed_over(tmp_path: Path) -> None:
    """An error for one that stands in the header's place, but for sizes; a warning for one that no scan
    takes, and an error if it is numbers alone."""
    body = (
        'n = $fgets(line, f); while ($fgets(line, f) > 0) if ($sscanf(line, "%d,%d", i, v) == 2) '
        '$display("%0d %0d", i, v);'
    )
    assert _kinds(tmp_path, body, b"x,y\n1,2\n3,4\n") == set()
    assert _kinds(tmp_path, body, b"5,6\n1,2\n3,4\n") == {("error", "rows-eaten")}
    assert _kinds(tmp_path, body, b"2,6\n1,2\n3,4\n") == {("warning", "rows-eaten")}
    assert _kinds(tmp_path, body, b"0,1\n7,2\n8,4\n9,4\n") == {("warning", "rows-eaten")}
    body = 'while ($fgets(line, f) > 0) if ($sscanf(line, "set %h", w) == 1) $display("%h", w);'
    assert _kinds(tmp_path, body, b"set 01\n# see 2\nset 02\n") == set()
    assert _kinds(tmp_path, body, b"set 01\nsat 02\nset 03\n") == {("warning", "line-passed")}
    body = 'while ($fgets(line, f) > 0) if ($sscanf(line, "%h", w) == 1) $display("%h", w);'
    assert _kinds(tmp_path, body, b"12\n-7\n3\n") == {("error", "line-passed")}


def test_a_word_that_another_process_looks_at(tmp_path: Path) -> None:
    """It counts as used, though that process is followed behind the one that reads."""
    bench = write(tmp_path, {"d.txt": b"101\n02\n"}) / "t.v"
    bench.write_text(
        'module t; reg [7:0] v; integer f; event go; initial begin f = $fopen("d.txt", "r");\n'
        'while ($fscanf(f, "%h", v) == 1) begin #1 -> go; #9; end end\n'
        'initial repeat (2) begin @(go); $display("%h", v); end endmodule\n'
    )
    assert [f.kind for f in lint(tmp_path, testbench=bench).errors] == ["truncated"]
    write(tmp_path, {"d.txt": b"01\n02\n"})
    assert lint(tmp_path, testbench=bench).findings == ()

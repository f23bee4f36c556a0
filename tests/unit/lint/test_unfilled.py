"""Elements and bits that a bench uses though no word ever came there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.lint.beside_icarus import HEAD, Case, agrees, block
from tests.unit.lint.good_files import write
from tilewright.lint import lint

pytest.importorskip("pyslang")
READ = 'n = $fscanf(f, "%h", v); '
FILL = f"for (i = 0; i < 4; i = i + 1) begin {READ} m[i] = v; end "
SHOW = 'for (i = 0; i < 4; i = i + 1) $display("R %h", m[i]);'
GRID = "reg [7:0] g[0:2][0:1]; integer j;"
ROWS = (
    f"for (i = 0; i < 3; i = i + 1) for (j = 0; j < 2; j = j + 1) begin {READ} g[i][j] = v; end "
    'for (i = 0; i < 3; i = i + 1) for (j = 0; j < 2; j = j + 1) $display("R %h", g[i][j]);'
)
SIX = b"1\n2\n3\n4\n5\n6\n"
TAPS = (
    'reg [7:0] t[0:2]; initial begin f = $fopen("d.txt", "r"); k = 0; while ($fscanf(f, "%h", v) == 1) begin '
    "for (i = 2; i > 0; i = i - 1) t[i] = t[i - 1]; t[0] = v; k = k + 1; "
)
TOO_FEW, OUTSIDE = "too-few-words", "outside-memory"
CASES = {
    "all are filled": block(FILL + SHOW),
    "one less is filled": block(FILL.replace("i < 4", "i < 3") + SHOW, errors=TOO_FEW),
    "the first is not filled": block(FILL.replace("i = 0", "i = 1") + SHOW, errors=TOO_FEW),
    "none is filled": block(f"{READ} if (n == 2) m[0] = v; {SHOW}", errors=TOO_FEW),
    "one that is x is asked for": block(
        FILL.replace("i < 4", "i < 3")
        + 'for (i = 0; i < 4; i = i + 1) if (m[i] !== 8\'hx) $display("R %h", m[i]);'
    ),
    "one is filled later": block(
        f'{READ} x = m[1]; m[0] = v; {READ} m[1] = v; $display("R %h %h", m[0], m[1]);'
    ),
    "the next one is fetched": block(
        FILL
        + 'y = m[0]; for (i = 0; i < 4; i = i + 1) begin x = y; y = m[i + 1]; $display("R %h", x); end'
    ),
    "the next one is used": block(
        FILL + 'for (i = 0; i < 4; i = i + 1) begin y = m[i + 1]; $display("R %h", y); end',
        errors=OUTSIDE,
    ),
    "one behind the last": block(FILL + SHOW.replace("i < 4", "i < 5"), errors=OUTSIDE),
    "rows and columns": block(ROWS, SIX, declared=GRID),
    "a grid of other sizes": block(ROWS, SIX, OUTSIDE, GRID.replace("[0:2][0:1]", "[0:1][0:2]")),
    "a row that is too short": block(ROWS.replace("j < 2", "j < 1", 1), SIX, TOO_FEW, GRID),
    "taps that are shifted": Case(
        TAPS + 'if (k >= 3) $display("R %h %h", t[0], t[2]); end end', {"d.txt": SIX}
    ),
    "taps that are not full": Case(
        TAPS + 'if (k == 1) $display("R %h", t[2]); end end',
        {"d.txt": b"1\n"},
        frozenset([TOO_FEW]),
    ),
    "lanes of a word": block(
        'n = $fscanf(f, "%h", s); for (i = 0; i < 4; i = i + 1) $display("R %h", s[8*i +: 8]);',
        b"12345678\n",
    ),
    "a lane more than there are": block(
        'n = $fscanf(f, "%h", s); for (i = 0; i < 5; i = i + 1) begin x = s[8*i +: 8]; if (i < 4) '
        '$display("R %h", x); end',
        b"12345678\n",
        OUTSIDE,
    ),
    "records of two on lines of three": block(
        'while ($fscanf(f, "%h %h", x, y) == 2) $display("R %h %h", x, y);',
        b"1 2 3\n4 5 6\n",
        "torn-record",
    ),
    "records of three on lines of two": block(
        'while ($fscanf(f, "%h %h %h", x, y, v) == 3) $display("R %h %h %h", x, y, v);',
        b"1 2\n3 4\n5 6\n",
        "torn-record",
    ),
    "records of two on lines of four": block(
        'while ($fscanf(f, "%h %h", x, y) == 2) $display("R %h %h", x, y);', b"1 2 3 4\n5 6 7 8\n"
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_unfilled(name: str, tmp_path: Path) -> None:
    """The errors are the ones that the case names."""
    case = CASES[name]
    if OUTSIDE in case.errors:  # Icarus 11 takes other elements, and lint does not compute these
        case = Case(case.body, case.files, case.errors)
        assert _errors(tmp_path, case) == {OUTSIDE}
    else:
        agrees(case, tmp_path)


def _errors(folder: Path, case: Case) -> set[str]:
    bench = write(folder, case.files) / "t.v"
    bench.write_text(f"{HEAD}{case.body}\nendmodule\n")
    return {one.kind for one in lint(folder, testbench=bench).errors}


@pytest.mark.parametrize(
    ("call", "kinds"),
    [
        ('m, 0, 1); $readmemh("b.txt", m, 2, 3);', set()),
        ('m, 0, 1); $readmemh("b.txt", m, 1, 2);', {TOO_FEW}),
        ("m, 2); m[0] = 0; m[1] = 0;", set()),
        ("m, 2);", set()),
    ],
)
def test_ranges_of_loads(call: str, kinds: set[str], tmp_path: Path) -> None:
    """Where the bench gives ranges, it uses what lies in them; an offset may leave words aside."""
    body = f'initial begin $readmemh("a.txt", {call} {SHOW} end'
    files = {"a.txt": b"1\n2\n", "b.txt": b"3\n4\n"}
    assert _errors(tmp_path, Case(body, files)) == kinds


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (FILL.replace("i < 4", "i < 3") + SHOW, "uses m[3], which nothing fills"),
        (FILL + SHOW.replace("i < 4", "i < 5"), "uses m[4], which its array does not have"),
    ],
)
def test_the_element_is_named(body: str, said: str, tmp_path: Path) -> None:
    bench = write(tmp_path, {"d.txt": b"1\n2\n3\n4\n"}) / "t.v"
    bench.write_text(f'{HEAD} initial begin f = $fopen("d.txt", "r"); {body} end endmodule')
    assert any(said in one.message for one in lint(tmp_path, testbench=bench).errors)


def test_words_left_beside_a_gap(tmp_path: Path) -> None:
    """A word that is lost, and an element that is x: the range is wrong."""
    body = f'initial begin $readmemh("d.txt", m, 1, 3); {SHOW} end'
    assert _errors(tmp_path, Case(body, {"d.txt": b"1\n2\n3\n4\n"})) == {"words-left"}


@pytest.mark.parametrize("count", [1, 2])
def test_a_name_that_nothing_gives(count: int, tmp_path: Path) -> None:
    """The name in an element that is not there is x: nothing is loaded."""
    body = (
        'reg [8*8:1] names[0:0]; initial begin names[0] = "d.txt"; for (i = 0; i < '
        f"{count}; i = i + 1) begin $readmemh(names[i], m); k = m[0] + m[3]; end end"
    )
    errors = _errors(tmp_path, Case(body, {"d.txt": b"1\n2\n3\n4\n"}))
    assert errors == ({"missing"} if count == 2 else set())


def test_octets_behind_the_memory(tmp_path: Path) -> None:
    """A memory that $fread fills has as many elements as it has."""
    body = 'initial begin f = $fopen("d.txt", "r"); n = $fread(m, f); ' + SHOW.replace(
        "i < 4", "i < 5"
    )
    assert _errors(tmp_path, Case(f"{body} end", {"d.txt": b"abcd"})) == {OUTSIDE}


@pytest.mark.parametrize(
    ("content", "is_left"),
    [
        (b"1,2,3\n4,5,6\n", True),
        (b"1,2\n4,5\n", False),
        (b"1,2,3\n4,5\n", False),
        (b"1,2 # 3\n4,5 # 6\n", False),
    ],
)
def test_the_last_number_of_each_line(content: bytes, is_left: bool, tmp_path: Path) -> None:
    """A column that nobody reads is told; a comment is none."""
    body = (
        'initial begin f = $fopen("d.txt", "r"); while ($fgets(line, f)) '
        'n = $sscanf(line, "%h,%h", x, y); end'
    )
    bench = write(tmp_path, {"d.txt": content}) / "t.v"
    bench.write_text(f"{HEAD}{body}\nendmodule\n")
    kinds = {one.kind for one in lint(tmp_path, testbench=bench).findings}
    assert ("words-left" in kinds) == is_left


def test_a_header_line_too_many(tmp_path: Path) -> None:
    """A line of numbers that is skipped behind the header is told, unless it may be a count."""
    body = f'for (i = 0; i < 2; i = i + 1) n = $fgets(line, f); while ($fscanf(f, "%d", v) == 1) {SHOW[-24:]}'
    body = body.replace(SHOW[-24:], '$display("R %d", v);')
    bench = write(tmp_path, {"d.txt": b"# words\n7\n8\n9\n"}) / "t.v"
    bench.write_text(f'{HEAD} initial begin f = $fopen("d.txt", "r"); {body} end endmodule\n')
    assert "rows-eaten" in {one.kind for one in lint(tmp_path, testbench=bench).findings}
    (tmp_path / "d.txt").write_bytes(b"# words\n2\n8\n9\n")
    assert "rows-eaten" not in {one.kind for one in lint(tmp_path, testbench=bench).findings}

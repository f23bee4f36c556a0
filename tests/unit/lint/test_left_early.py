"""What a testbench leaves out because a read failed: by `disable`, `return` and `break`; and whom it asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.lint.beside_icarus import FOUR, agrees, block, case, followed

pytest.importorskip("pyslang")
SHORT = FOUR[:-3]
TASK = (
    'reg ok; task load(output good); integer g, r; begin : body good = 0; g = $fopen("d.txt", "r"); '
    'if (g == 0) disable body; for (k = 0; k < 4; k = k + 1) begin r = $fscanf(g, "%h", m[k]); '
    "if (r != 1) disable body; end good = 1; end endtask"
)
CALL = 'load(ok); if (!ok) begin $display("FATAL: nothing loaded"); $finish; end $display("R %h", m[3]);'
INDEX = (
    'reg [15:0] w; initial begin f = $fopen("d.txt", "r"); k = 0; '
    'while ($fscanf(f, "%d %h", i, w) == 2) begin if (i != k) $display("ERROR: %0d", i); k = k + 1; end end'
)
BYTES = (
    'n = $fread(m, f); if (m[0] != "P") begin $display("ERROR: no such file"); $finish; end '
    'for (i = 0; i < 4; i = i + 1) $display("R %h", m[i]);'
)
CHECK = (
    'wire [7:0] w = ~x; integer g; initial begin f = $fopen("d.txt", "r"); g = $fopen("e.txt", "r"); '
    'for (i = 0; i < 4; i = i + 1) begin n = $fscanf(f, "%h", x); '
    'n = $fscanf(g, "%h", v); if (n != 1) $display("R none"); else #1 $display("R %h", v); end end'
)


@pytest.mark.parametrize(
    ("text", "errors"), [(FOUR, ""), (SHORT, "complaint"), (b"01\nxyz\n", "bad-word")]
)
def test_a_block_that_is_disabled(text: bytes, errors: str, tmp_path: Path) -> None:
    """What it does not set tells of the read that failed."""
    one = case(f"{TASK} initial begin {CALL} end", text, errors)
    agrees(one, tmp_path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """The block that is left for it leaves out what the complaint looks at."""
    _, errors = followed(tmp_path, f"{TASK} initial begin {CALL} end", {})
    assert errors == {"missing"}


def test_a_file_that_may_be_missing(tmp_path: Path) -> None:
    """A default takes the place of its word; what is said of another file has nothing to do with it."""
    body = (
        'initial begin f = $fopen("no.txt", "r"); if (f) n = $fscanf(f, "%h", v); else v = 8\'h5a; '
        '$display("R %h", v); f = $fopen("d.txt", "r"); n = $fscanf(f, "%h", v); '
        'if (n == 1) $display("R %h", v); end'
    )
    agrees(case(body, FOUR), tmp_path)


LOADS = (
    "function automatic bit load(); int r; for (int j = 0; j < 4; j++) begin "
    'r = $fscanf(f, "%h", m[j]); if (r != 1) return 0; end return 1; endfunction '
    'initial begin f = $fopen("d.txt", "r"); if (!load()) $fatal(1, "short"); $display("R %h", m[3]); end'
)
COUNTS = (
    'initial begin f = $fopen("d.txt", "r"); k = 0; for (int j = 0; j < 4; j++) begin '
    'if ($fscanf(f, "%h", v) != 1) break; $display("R %h", v); k++; end end '
    'final if (k != 4) $error("only %0d", k);'
)
MANY = (
    'initial begin f = $fopen("d.txt", "r"); k = 0; while ($fscanf(f, "%h", v) == 1) begin '
    'if (k == 4) begin $error("too long"); break; end m[k] = v; k++; end '
    'for (i = 0; i < 4; i++) $display("R %h", m[i]); end'
)


@pytest.mark.parametrize(
    ("body", "bad", "errors"),
    [
        (LOADS, SHORT, {"too-few-words"}),
        (COUNTS, SHORT, {"complaint"}),
        (MANY, FOUR + b"05\n", {"complaint"}),
    ],
)
def test_loops_that_are_left(body: str, bad: bytes, errors: set[str], tmp_path: Path) -> None:
    """Nothing is said of a whole file."""
    assert followed(tmp_path / "good", body, {"d.txt": FOUR})[1] == set()
    assert followed(tmp_path / "bad", body, {"d.txt": bad})[1] == errors


@pytest.mark.parametrize(
    ("text", "errors"), [(b"0 01\n1 02\n2 03\n", ""), (b"0 01\n2 02\n3 03\n", "")]
)
def test_a_number_that_is_counted_along(text: bytes, errors: str, tmp_path: Path) -> None:
    """A complaint of a number of the file is a warning."""
    agrees(case(INDEX, text, errors), tmp_path)


@pytest.mark.parametrize(("text", "errors"), [(b"P123", ""), (b"Q123", "complaint")])
def test_octets_that_break_off(text: bytes, errors: str, tmp_path: Path) -> None:
    """A complaint behind which the simulation ends is an error, though it is of a number."""
    agrees(block(BYTES, text, errors), tmp_path)


WITHIN = (
    'wire [7:0] w = ~x; initial begin f = $fopen("d.txt", "r"); '
    'while ((n = $fscanf(f, "%h", x)) == 1) #1 $display("R %h", w); $finish; end'
)


def test_a_result_within_a_condition(tmp_path: Path) -> None:
    """It is looked at there, though no other place has its variable."""
    assert followed(tmp_path, WITHIN, {"d.txt": FOUR})[1] == set()


@pytest.mark.parametrize(
    ("text", "other", "errors"),
    [(FOUR, FOUR, set()), (SHORT, FOUR, {"too-few-words"}), (FOUR, SHORT, {"too-few-words"})],
)
def test_a_result_that_is_overwritten(
    text: bytes, other: bytes, errors: set[str], tmp_path: Path
) -> None:
    """Nobody looks at the first of two results in one variable, though somebody looks at the second."""
    assert followed(tmp_path, CHECK, {"d.txt": text, "e.txt": other})[1] == errors

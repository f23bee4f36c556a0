"""What a testbench says of a read that failed is a fault; what it says of anything else is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.lint.beside_icarus import agrees, block, case

pytest.importorskip("pyslang")
FOUR = b"01\nab\nff\n10\n"
SHORT = FOUR[:-3]
READ = 'n = $fscanf(f, "%h", v);'
LATE = (
    'f = $fopen("e.txt", "r"); repeat (4) begin n = $fscanf(f, "%h", x); $display("R %h", x); end'
)
FEW = "too-few-words"
COMPLAINTS = {
    "a count of failures, at the end": (
        f'k = 0; repeat (4) begin {READ} if (n != 1) k = k + 1; end {LATE} if (k) $display("R %0d", k);', FEW,
    ),
    "a count of words": (
        f'k = 0; repeat (4) begin {READ} if (n == 1) k = k + 1; end if (k != 4) $display("ERROR: %0d", k);',
        "complaint",
    ),
    "a count of a loop over the file": (
        f'k = 0; {READ} while (n == 1) begin k = k + 1; {READ} end if (k < 4) $display("*** FAILED ***");',
        "complaint",
    ),
    "a count of lines": (
        'k = 0; while ($fgets(line, f)) begin n = $sscanf(line, "%h", v); k = k + 1; end '
        'if (k != 4) begin $display("error, %0d lines", k); $finish; end', "complaint",
    ),
    "an error task": (
        f'k = 0; {READ} while (n == 1) begin m[k] = v; k = k + 1; {READ} end if (k != 4) $error("short");',
        "complaint",
    ),
    "a case": (f'repeat (4) begin {READ} case (n) 1: x = v; default: $display("R none"); endcase end', FEW),
    "the end of the file": (f'repeat (4) begin {READ} if ($feof(f) && n != 1) $display("R end"); end', FEW),
}  # fmt: skip
MORE = {
    "a task's argument": (
        'task get(output [7:0] w, output ok); integer r; begin r = $fscanf(f, "%h", w); ok = r == 1; end '
        "endtask reg ok;",
        'repeat (4) begin get(v, ok); if (!ok) $display("R none"); end', FEW,
    ),
    "a function of the result": (
        "function ok(input integer r); ok = r == 1; endfunction",
        f'repeat (4) begin {READ} if (!ok(n)) $display("R none"); end', FEW,
    ),
    "a count that a function returns": (
        "function integer count(input integer g); integer r; begin count = 0; "
        'r = $fscanf(g, "%h", v); while (r == 1) begin count = count + 1; r = $fscanf(g, "%h", v); end end '
        "endfunction",
        'k = count(f); if (k != 4) $display("fail: %0d words", k);', "complaint",
    ),
}  # fmt: skip
CHATS = {
    "of something else": f'x = 1; repeat (6) begin {READ} if (x) $display("R step"); end',
    "of all that went well": f'k = 0; repeat (6) begin {READ} if (n == 1) k = k + 1; end '
    'if (k > 2) $display("R read"); else $display("fail");',
    "of words that differ": f'k = 0; {READ} while (n == 1) begin if (v != 8\'h55) k = k + 1; {READ} end '
    'if (k) $display("ERROR: %0d words", k);',
    "of a word": f'{READ} while (n == 1) begin x = v; {READ} end if (x > 2) $display("error?");',
}  # fmt: skip


@pytest.mark.parametrize("name", COMPLAINTS | MORE)
def test_a_complaint_of_a_read_that_failed_is_a_fault(name: str, tmp_path: Path) -> None:
    """It stands in a branch that hangs on the result, however indirectly; nothing is said of a whole file."""
    declared, body, errors = MORE[name] if name in MORE else ("", *COMPLAINTS[name])
    agrees(_files(block(body, FOUR, declared=declared)), tmp_path / "good")
    agrees(_files(block(body, SHORT, errors, declared)), tmp_path / "short")


def _files(one):  # type: ignore[no-untyped-def]
    return case(one.body, one.files["d.txt"], " ".join(one.errors), e_txt=FOUR)


@pytest.mark.parametrize("name", CHATS)
def test_other_words_are_no_complaint(name: str, tmp_path: Path) -> None:
    """Reads beyond the end that nobody uses, and messages that have other reasons."""
    agrees(block(CHATS[name], FOUR), tmp_path / "good")
    agrees(block(CHATS[name], SHORT), tmp_path / "short")


def test_a_missing_file_is_complained_of_where_its_handle_is_looked_at(tmp_path: Path) -> None:
    """A message for another reason leaves it to the testbench to do without."""
    body = 'initial begin f = $fopen("d.txt", "r"); g = $fopen("no.txt", "r"); {look} repeat (4) begin '
    body = f'integer g; {body} {READ} $display("R %h", v); end end'
    agrees(
        case(body.replace("{look}", 'if (g == 0) $display("R none");'), FOUR, "missing"),
        tmp_path / "a",
    )
    agrees(case(body.replace("{look}", 'if (f != 0) $display("R one");'), FOUR), tmp_path / "b")


PAIR = """k = 0; i = 0; while ($fscanf(f, "%h", v) == 1) begin n = $fscanf(g, "%h", x);
  if (n != 1) begin $display("no partner"); k = k + 1; end else if (v !== x) k = k + 1; i = i + 1; end
  if (k == 0) $display("PASSED"); else $display("TEST FAILED");"""


@pytest.mark.parametrize(
    ("text", "other", "errors"),
    [(FOUR, FOUR, ""), (FOUR, b"01\nab\nff\n11\n", ""), (FOUR, SHORT, "complaint")],
)
def test_a_file_that_ends_before_its_partner(
    text: bytes, other: bytes, errors: str, tmp_path: Path
) -> None:
    """The loop goes on as the first file does, and the testbench complains of the second one; words that
    differ are the design's."""
    body = (
        f'integer g; initial begin f = $fopen("d.txt", "r"); g = $fopen("e.txt", "r"); {PAIR} end'
    )
    agrees(case(body, text, errors, e_txt=other), tmp_path)

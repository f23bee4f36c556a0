"""Non-blocking assignments are there once time goes on: how many words are read depends on that."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.lint.beside_icarus import HEAD, OPEN, agrees, block, case
from tests.unit.lint.good_files import write
from tilewright.lint import lint

pytest.importorskip("pyslang")
CLOCK = "reg clk = 0; initial repeat (20) #5 clk = ~clk; integer c = 0; "
OPENED = f'{CLOCK} initial f = $fopen("d.txt", "r"); always @(posedge clk) '
READ = 'n = $fscanf(f, "%h", v); '
THREE = b"1\n2\n3\n"
CASES = {
    "a counter of an always block": case(
        f'{OPENED} begin {READ} $display("R %0d %h", c, v); c <= c + 1; if (c == 3) $finish; end',
        b"1\n2\n3\n4\n",
    ),
    "one word less than it counts": case(
        f'{OPENED} begin {READ} $display("R %0d %h", c, v); c <= c + 1; if (c == 3) $finish; end',
        THREE, "too-few-words",
    ),
    "a counter that guards the reads": case(
        f'{OPENED} begin c <= c + 1; if (c < 3) begin {READ} $display("R %0d %h", c, v); end end', THREE
    ),
    "states": case(
        f'{OPENED} case (c) 0: c <= 1; 1: begin n = $fscanf(f, "%h\\n", v); c <= 2; end '
        '2: begin $display("R %h", v); c <= $feof(f) ? 3 : 1; end 3: $finish; endcase', THREE
    ),
    "a loop with a clock": block(
        f'c = 0; x = 0; while (c < 3) begin @(posedge clk); c <= c + 1; {READ} x <= v; '
        '$display("R %0d %h %h", c, v, x); end', b"1\n2\n3\n4\n", declared=CLOCK,
    ),
    "a loop with a clock, and one word less": block(
        f'c = 0; while (c < 3) begin @(posedge clk); c <= c + 1; {READ} $display("R %0d %h", c, v); end',
        THREE, "too-few-words", CLOCK,
    ),
    "two that change places": block(
        'n = $fscanf(f, "%h %h", x, y); x <= y; y <= x; $display("R %h %h", x, y); #1 '
        '$display("R %h %h", x, y);', b"1 2\n"
    ),
    "words of a memory, by an index that goes on": block(
        f'for (k = 0; k < 4; k = k + 1) begin {READ} m[k] <= v; end #1 foreach (m[z]) '
        '$display("R %h", m[z]);'
    ),
    "parts of a variable": block(
        f's <= 0; #1 {READ} s[7:0] <= v; s[31:16] <= s[7:0]; {READ} s[15:8] <= v; $display("R %h", s); #1 '
        '$display("R %h", s);', THREE
    ),
    "parts at once": block(
        f'{READ} {{b, x}} <= {{v, 4\'h7}}; y <= b; #1 $display("R %h %h", b, x); '
        '#1 $display("R %h", y);', THREE,
    ),
    "a word that does not fit": block(
        f'{READ} x <= v; #1 $display("R %h", x);', b"1ff\n", "truncated"
    ),
    "an old word, that a later one replaces": block(
        f'{READ} x <= v; {READ} x <= v; #1 $display("R %h", x);', b"1ff\n2\n"
    ),
    "the end of the file, of which a copy is taken and not used": block(
        f'repeat (3) begin {READ} x <= v; @(posedge clk); if (n == 1) $display("R %h", x); end', b"1\n2\n",
        declared=CLOCK,
    ),
    "a delay within an assignment": block(
        f'{READ} y <= v; x = #1 y; $display("R %h %h", x, y);', THREE, declared="initial y = 0;"
    ),
    "a wait behind one": block(
        f'x = 0; {READ} x <= v; wait (x == 1) $display("R %h", x);', THREE
    ),
    "branches of a fork": block(
        f'x = 0; fork begin {READ} x <= v; end #1 y = x; join $display("R %h %h", x, y);', THREE
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_lint_reads_what_icarus_reads(name: str, tmp_path: Path) -> None:
    """Line by line, and the errors are those that the case names."""
    agrees(CASES[name], tmp_path)


SHOW = "if (n == 1) $display(v); "
CLOCKED = f"{OPENED.replace('always', 'reg go = 0, rst = 1; integer mode = 0; always')}"
LATE = {
    "a pulse": ("#12 go = 1; #30 go = 0;", f"if (go) begin {READ} {SHOW} end", set()),
    "a reset that comes again": (
        "#12 rst = 0; #30 rst = 1;", f"if (rst) x <= 0; else begin {READ} {SHOW} end", set(),
    ),
    "a reset": ("#12 rst = 0;", f"if (rst) x <= 0; else begin {READ} {SHOW} end", set()),
    "modes": (
        "#12 mode = 1; #20 mode = 2;",
        f'if (mode == 1) f = $fopen("none.txt", "r"); else f = $fopen("d.txt", "r"); {READ} {SHOW}',
        {"undecided"},
    ),
    "a count that changes, of a file that is opened each time": (
        "#12 mode = 1; #20 mode = 2;", f'f = $fopen("d.txt", "r"); repeat (mode) begin {READ} {SHOW} end',
        {"undecided"},
    ),
    "a count within a task": (
        "repeat (2) begin #10 mode = mode + 1; end", f"repeat (mode) begin {READ} {SHOW} end", {"undecided"},
    ),
}  # fmt: skip


def _kinds(folder: Path, body: str, text: bytes) -> set[str]:
    bench = write(folder, {"d.txt": text}) / "t.v"
    bench.write_text(f"{HEAD}{body}\nendmodule\n")
    report = lint(folder, testbench=bench, max_steps=50_000)
    return {one.kind for one in (*report.errors, *report.of("undecided"))}


@pytest.mark.parametrize("name", LATE)
def test_a_variable_that_changes_while_time_goes_on(name: str, tmp_path: Path) -> None:
    """An always block sees each of its values: the words are judged wherever the file is known."""
    changes, turn, kinds = LATE[name]
    body = f"initial begin {changes} end {CLOCKED} begin {turn} end"
    assert _kinds(tmp_path, body, THREE) == kinds
    if not kinds:
        assert _kinds(tmp_path, body, b"1\n2ff\n3\n") == {"truncated"}


def test_a_loop_that_another_block_ends(tmp_path: Path) -> None:
    """How many words it reads is not known: no error says that there are too few; the words are judged."""
    loop = f"forever begin @(posedge clk); {READ} $display(v); end"
    reading = f"{CLOCK} initial begin {OPEN} {loop} end"
    assert _kinds(tmp_path, f"{reading} initial #32 $finish;", THREE) == {"undecided"}
    assert "truncated" in _kinds(tmp_path, f"{reading} initial #32 $finish;", b"1\n2ff\n")
    assert "too-few-words" in _kinds(tmp_path, reading, THREE)

"""Whoever looks at a word uses it: one that its variable cannot hold is a fault in each of these readers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.lint.good_files import write
from tilewright.lint import lint

pytest.importorskip("pyslang")
HEAD = (
    "module t; integer f, n, k; reg [7:0] v, x; reg [7:0] m[0:3], o[0:3]; reg [7:0] z[0:1][0:3];\n"
    "reg [3:0] a, b; wire ready; wire [1:0] at; integer s; dut u(ready, at);\n"
)
READ = 'f = $fopen("d.txt", "r"); n = $fscanf(f, "%h", v); if (n != 1) $finish; '
LOAD = '$readmemh("m.txt", m); '
FILES = {"d.txt": b"1ff\n", "m.txt": b"1 2 3ff 4\n"}
NO_LOOK = {
    "of a word": ("", READ),
    "of a copy": ("", READ + "x = v; {a, b} = v; m[0] = x;"),
    "of this word of a memory": ("", LOAD + "x = m[0] + m[1];"),
    "of a monitor of another variable": ("", f'$monitor("%h", x); {READ}'),
}
LOOKS = {
    # expressions
    "a stream": ("", READ + "x = {<<4{v}};"),
    "a set": ("", READ + "if (v inside {[1:3]}) k = 1;"),
    "a pattern": ("struct packed {logic [7:0] c, d;} p;", READ + "p = '{v, 8'h1}; s = p;"),
    "a choice of the design": ("", READ + "x = ready ? v : 8'h0;"),
    "a word of which the design says the address": ("", f"{READ} m[0] = v; x = m[at];"),
    "a sum of a memory": ("", READ + "m[0] = v; s = m.sum();"),
    # arrays as wholes
    "a row that is assigned": ("", READ + "m[0] = v; z[1] = m; s = z[1][0] + 1;"),
    "a row that is copied": ("", READ + "z[1][0] = v; m = z[1]; s = m[0] + 1;"),
    "a slice": ("reg [7:0] y[0:1];", READ + "m[0] = v; y = m[0:1]; s = y[0];"),
    "a memory that is written": ("", READ + 'm[0] = v; $writememh("o.txt", m);'),
    # places
    "a concatenation": ("", READ + "{a, b} = v; s = a + 1;"),
    "an address that the design gives": ("", READ + "m[at] = v; s = m[2] + 1;"),
    "a task that writes there": (
        'task get(output [7:0] y); n = $fscanf(f, "%h", y); if (n != 1) $finish; endtask',
        'f = $fopen("d.txt", "r"); get(m[at]); s = m[2] + 1;',
    ),
    "a variable of the design": ("", READ + "u.mem[0] = v;"),
    # time
    "a wait": ("", READ + "wait (x == v);"),
    "a delay": ("", READ + "#(v) k = 1;"),
    # what looks on its own
    "a net with a value": ("wire [7:0] y = v + 1;", READ),
    "a gate": ("wire y; and one(y, v[0], v[1]);", READ),
    "a force": ("", READ + "force u.in = v;"),
    "an assign in a block": ("reg [7:0] y;", READ + "assign y = v;"),
    "a monitor": ("", f'$monitor("%h", v); {READ}'),
    # a memory of which the testbench looks at another word, too
    "an always block": (
        "reg clk = 0; always @(posedge clk) x <= m[k];", LOAD + "s = m[0] + 1;",
    ),
    "an assign": ("wire [7:0] y; assign y = m[k];", LOAD + "s = m[0] + 1;"),
    "an address of the design": ("", LOAD + "s = m[0] + m[at];"),
    "a memory that is written, too": ("", LOAD + '$writememh("o.txt", m); s = m[0] + 1;'),
}  # fmt: skip


def _kinds(folder: Path, declared: str, body: str) -> set[str]:
    bench = write(folder, FILES) / "t.v"
    bench.write_text(f"{HEAD}{declared}\ninitial begin {body} end\nendmodule\n")
    report = lint(folder, testbench=bench)
    return {one.kind for one in (*report.errors, *report.of("undecided"))}


@pytest.mark.parametrize("name", LOOKS)
def test_a_look_is_a_use(name: str, tmp_path: Path) -> None:
    """The word that does not fit is an error."""
    assert _kinds(tmp_path, *LOOKS[name]) == {"truncated"}


@pytest.mark.parametrize("name", NO_LOOK)
def test_without_a_look_there_is_none(name: str, tmp_path: Path) -> None:
    """The same word, at which nobody looks."""
    assert _kinds(tmp_path, *NO_LOOK[name]) == set()


def test_a_monitor_does_not_print_an_old_word_again(tmp_path: Path) -> None:
    """A read beyond the end changes nothing that it would print."""
    body = f'$monitor("%h", k); {READ} $fscanf(f, "%h", k);'.replace("v)", "x)")
    assert _kinds(tmp_path, "", body) == set()
    assert _kinds(tmp_path, "", f"{body} s = k + 1;") == {"too-few-words"}


def test_a_variable_of_the_design_does_not_hold_what_it_was_given(tmp_path: Path) -> None:
    """`u.go = 1` says nothing about `u.done`: how often the loop turns is not known."""
    body = 'u.go = 1; f = $fopen("d.txt", "r"); if (u.done == 0) n = $fscanf(f, "%h", s);'
    body += " if (n == 1) x = s + 1;"
    assert _kinds(tmp_path, "", body) == set()
    few = 'u.go = 1; f = $fopen("d.txt", "r"); if (u.done != 1) repeat (2) begin '
    few += 'n = $fscanf(f, "%h", s); x = s + 1; end'
    assert _kinds(tmp_path, "", few) == {"undecided"}


def test_a_word_of_a_module_below_is_looked_at(tmp_path: Path) -> None:
    """`one.q[2]` in a block that waits comes behind the block that loads it."""
    below = 'top one(); endmodule\nmodule top; reg [7:0] q[0:3]; initial $readmemh("m.txt", q);'
    for at, kinds in ((0, set()), (2, {"truncated"})):
        bench = write(tmp_path, FILES) / "t.v"
        look = f"initial begin #1 s = one.q[{at}]; $display(s); end"
        bench.write_text(f"{HEAD} {look} {below}\nendmodule\n")
        assert {one.kind for one in lint(tmp_path, testbench=bench).errors} == kinds

"""A loop that goes on as a file does may end with it; one that counts needs as many words as it counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.lint.good_files import write
from tilewright.lint import lint

pytest.importorskip("pyslang")
HEAD = 'module t; integer f, n, k; reg [7:0] v, s = 0; reg ok, done; initial f = $fopen("d.txt", "r");\n'
READ = 'n = $fscanf(f, "%h", v); '
OPEN = {
    "a flag by a result": f"ok = 1; while (ok) begin {READ} ok = (n == 1); if (ok) s = s + v; end",
    "a flag by the read itself": (
        'ok = 1; while (ok) begin ok = $fscanf(f, "%h", v) == 1; if (ok) s = s + v; end'
    ),
    "a flag in a branch": f"done = 0; while (!done) begin {READ} if (n != 1) done = 1; else s = s + v; end",
    "a flag in a case": (
        f"done = 0; while (!done) begin {READ} case (n) 1: s = s + v; default: done = 1; endcase end"
    ),
    "a flag of a flag": (
        f"done = 0; while (!done) begin {READ} ok = n == 1; done = ~ok; if (ok) s = s + v; end"
    ),
    "a flag that a task gives": "ok = 1; while (ok) begin get(ok); if (ok) s = s + v; end",
    "the result of a function": "k = next(f); while (k >= 0) begin s = s + k; k = next(f); end",
    "a function in the condition": "while (more(f)) s = s + v;",
    "a count beside a flag": (
        f"done = 0; for (k = 0; k < 9 && !done; k = k + 1) begin {READ} done = n < 1; if (!done) s = v; end"
    ),
}
COUNTED = {
    "a count": f"for (k = 0; k < 4; k = k + 1) begin {READ} s = s + v; end",
    "a count that a failure ends": (
        f"for (k = 0; k < 4; k = k + 1) begin {READ} if (n != 1) begin $display(k); k = 9; end s = s + v; end"
    ),
    "a count of results": f"k = 0; while (k < 4) begin {READ} k = k + 1; s = s + v; end",
    "a flag by a count": f"k = 0; ok = 1; while (ok) begin {READ} s = s + v; k = k + 1; ok = k < 4; end",
}
SUBROUTINES = """
task get(output reg good); integer r; begin r = $fscanf(f, "%h", v); good = r == 1; end endtask
function integer next(input integer g); integer r; reg [7:0] w;
  begin r = $fscanf(g, "%h", w); if (r == 1) next = w; else next = -1; end endfunction
function automatic reg more(input integer g); integer r; r = $fscanf(g, "%h", v); return r == 1; endfunction
"""


def _kinds(folder: Path, body: str) -> set[str]:
    bench = write(folder, {"d.txt": b"1\n2\n3\n"}) / "t.v"
    bench.write_text(f"{HEAD}{SUBROUTINES} initial begin {body} end\nendmodule\n")
    return {one.kind for one in lint(folder, testbench=bench).findings} - {"unchecked"}


@pytest.mark.parametrize("name", OPEN)
def test_the_end_of_the_file_ends_it(name: str, tmp_path: Path) -> None:
    """No finding at all."""
    assert _kinds(tmp_path, OPEN[name]) == set()


@pytest.mark.parametrize("name", COUNTED)
def test_a_count_needs_its_words(name: str, tmp_path: Path) -> None:
    """Three words where four are taken."""
    assert _kinds(tmp_path, COUNTED[name]) == {"too-few-words"}

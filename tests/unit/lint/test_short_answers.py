"""Expected words that are fewer than what they are compared with, and what says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.lint.good_files import write
from tilewright.lint import lint

pytest.importorskip("pyslang")
THREE = b"01\n02\n03\n"


def _findings(folder: Path, bench: str, files: dict[str, bytes]) -> set[tuple[str, str, str]]:
    path = write(folder, files) / "t.sv"
    path.write_text(bench)
    found = lint(folder, testbench=path).findings
    return {(one.severity, one.kind, one.file) for one in found if one.file}


SIGNATURE = """module t; reg [7:0] a [0:15], b [0:{0}]; integer i = 0, bad = 0, over = 0;
  initial begin $readmemh("want.txt", a); $readmemh("got.txt", b);
    {1} end endmodule"""
LOOPS = (
    "while (a[i] !== 8'bx) begin if (a[i] !== b[i]) bad = bad + 1; i = i + 1; end $display(bad);",
    "for (i = 0; i < 16 && !over; i = i + 1) if (a[i] === 8'bx) over = 1; else if (b[i] !== a[i]) "
    "bad = bad + 1; $display(bad);",
)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_signature_that_is_cut_short(loop: str, tmp_path: Path) -> None:
    """Its end, where the memory is x, is the end of all comparisons, though the other file goes on."""
    bench, few = SIGNATURE.format(15, loop), ("error", "too-few-words", "want.txt")
    assert few not in _findings(tmp_path, bench, {"want.txt": THREE, "got.txt": THREE})
    assert few in _findings(tmp_path, bench, {"want.txt": THREE[:-3], "got.txt": THREE})


def test_a_signature_beside_a_whole_memory(tmp_path: Path) -> None:
    """A memory that its file fills to the end may have more words than are expected: a warning."""
    files = {"want.txt": THREE[:-3], "got.txt": THREE}
    found = _findings(tmp_path, SIGNATURE.format(2, LOOPS[0]), files)
    assert ("warning", "too-few-words", "want.txt") in found


ENDED = """module t; reg [15:0] m [0:31]; integer i = 0; reg [15:0] s = 0;
  initial begin $readmemh("d.txt", m);
    while (^m[i] !== 1'bx) begin s = s + m[i]; i = i + 1; end $display("%h", s); end endmodule"""


def test_a_word_with_digits_x_that_ends_a_loop(tmp_path: Path) -> None:
    """It is taken for the end, though there are words behind it; one of x alone is meant to be that."""
    wrong = ("error", "x-digits", "d.txt")
    assert wrong in _findings(tmp_path, ENDED, {"d.txt": b"0001\n00x2\n1234\n"})
    for text in (b"0001\n0002\n1234\n", b"0001\n0002\nxxxx\n", b"0001\nxxxx\n1234\n"):
        assert wrong not in _findings(tmp_path, ENDED, {"d.txt": text})


GATED = """module dut(input clk, vi, input [7:0] x, output reg vo, output reg [7:0] y);
  always @(posedge clk) begin vo <= vi; y <= x; end endmodule
module t; reg clk = 0, vi = 0; reg [7:0] x = 0, e; wire vo; wire [7:0] y; integer f, g, n, bad = 0;
  dut u(.*); always #5 clk = ~clk;
  initial begin f = $fopen("x.txt", "r"); g = $fopen("y.txt", "r"); @(negedge clk);
    while ($fscanf(f, "%h", x) == 1) begin vi = 1; @(negedge clk); end
    vi = 0; repeat (3) @(negedge clk); $display("%0d bad", bad); $finish; end
  always @(posedge clk) if (vo) begin {0} end endmodule"""
PLAIN = 'n = $fscanf(g, "%h", e); if (e !== y) bad = bad + 1;'
ASKED = (
    'n = $fscanf(g, "%h", e); if (n != 1) $error("y.txt ended"); else if (e !== y) bad = bad + 1;'
)


def test_answers_of_the_design(tmp_path: Path) -> None:
    """As many expected words as go to the design pass; how many are read of others is not known."""
    files, open_ = {"x.txt": THREE, "y.txt": THREE}, ("undecided", "undecided", "y.txt")
    few = {**files, "y.txt": THREE[:-3]}
    assert not _findings(tmp_path, GATED.replace("{0}", PLAIN), files)
    assert open_ in _findings(tmp_path, GATED.replace("{0}", PLAIN), few)
    assert not _findings(tmp_path, GATED.replace("{0}", ASKED), files)
    assert ("warning", "over-read", "y.txt") in _findings(
        tmp_path, GATED.replace("{0}", ASKED), few
    )


MATRIX = """module t; typedef logic signed [7:0] m_t [2][2]; m_t a; int s = 0;
  task automatic read(input string name, output m_t m); int f = $fopen(name, "r"); int v;
    if (!f) $fatal(1, "no %s", name);
    for (int i = 0; i < 2; i++) for (int j = 0; j < 2; j++) begin
      if ($fscanf(f, "%d", v) != 1) $fatal(1, "short"); m[i][j] = v; end endtask
  initial begin read("d.txt", a); foreach (a[i, j]) s += a[i][j]; $display("%0d", s); end endmodule"""


def test_an_array_that_a_task_gives_back(tmp_path: Path) -> None:
    """A number that is cut on the way into it is a fault; a missing file is, asked for in its declaration."""
    kinds = {
        b"1 2\n3 4\n": set(),
        b"1 2\n3 400\n": {("error", "truncated", "d.txt")},
        b"1 2\n3\n": {("error", "too-few-words", "d.txt")},
    }
    for text, wanted in kinds.items():
        assert {
            one for one in _findings(tmp_path, MATRIX, {"d.txt": text}) if one[0] == "error"
        } == wanted
    (tmp_path / "d.txt").unlink()
    assert ("error", "missing", "d.txt") in _findings(tmp_path, MATRIX, {})


KEYS = """module t; int e[int]; int f, k, v, s = 0;
  initial begin f = $fopen("d.txt", "r"); while ($fscanf(f, "%d %d", k, v) == 2) e[k] = v;
    if (e.num() != 3) $error("%0d keys", e.num());
    for (int i = 0; i < 3; i++) if (e.exists(i)) s += e[i]; $display("%0d", s); end endmodule"""


def test_a_count_of_keys(tmp_path: Path) -> None:
    """A complaint of how many there are is one of the file."""
    wrong = ("error", "complaint", "d.txt")
    assert wrong not in _findings(tmp_path, KEYS, {"d.txt": b"0 1\n1 2\n2 3\n"})
    assert wrong in _findings(tmp_path, KEYS, {"d.txt": b"0 1\n1 2\n"})

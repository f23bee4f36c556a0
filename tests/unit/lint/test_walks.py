"""Memories that blocks with a clock go through: how far, and what guards that."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.lint.good_files import write
from tilewright.lint import lint

pytest.importorskip("pyslang")
EIGHT = b"".join(b"%02x\n" % (3 * one) for one in range(8))
HEAD = (
    "module t; reg clk = 0; always #5 clk = ~clk; reg [7:0] m [0:15]; reg [7:0] q = 0, w; reg fin = 0; "
    'wire en; integer k = 0, bad = 0; initial $readmemh("d.txt", m); always @(posedge clk) begin '
)
WALKS = {
    "a guard in front": "if (k < 8) q <= q + m[k]; k <= k + 1; if (k == 9) $finish;",
    "the other branch of one": "if (k >= 8) $finish; else q <= q + m[k]; k <= k + 1;",
    "the end in front": "if (k == 8) $finish; q <= q + m[k]; k <= k + 1;",
    "the end behind": "q <= q + m[k]; if (k == 7) $finish; k <= k + 1;",
    "the one before": "if (k > 0 && q !== m[k - 1]) bad <= bad + 1; k <= k + 1; if (k == 8) $finish;",
    "a choice": "q <= k < 8 ? m[k] : 0; k <= k == 12 ? 0 : k + 1;",
    "a constant on the left": "if (8 > k) q <= m[k]; k = k + 1; if (100 == k) $finish;",
}
OPEN = {
    "a word ends it": "w <= m[k]; k <= k + 1; if (w == 8'h15 || k == 15) $finish;",
    "a case of a word ends it": "w <= m[k]; k <= k + 1; case (w) 8'h15: $finish; endcase if (k == 15) $stop;",
    "x ends it": "k = k + 1; if (m[k] === 8'bx || k == 16) $finish;",
    "a jump": "if (m[k] > 20) k <= 2; else k <= k + bad; k <= k + 1; if (k == 15) $finish;",
    "the design decides": "if (en) q <= m[k]; k <= k + 1; if (k == 15) $finish;",
    "a window": "w <= k < 8; if (w) q <= m[k]; k <= k + 1; if (k == 15) $finish;",
    "it is written, too": "m[k] <= q; q <= m[k]; k <= k + 1; if (k == 15) $finish;",
    "two steps": "q <= m[k]; k <= k + 2; if (k == 14) $finish;",
    "no end": "q <= m[k]; k <= k + 1;",
}


def _errors(folder: Path, body: str, text: bytes) -> set[str]:
    path = write(folder, {"d.txt": text}) / "t.sv"
    path.write_text(f"{HEAD}{body} end endmodule\n")
    return {one.kind for one in lint(folder, testbench=path).errors}


@pytest.mark.parametrize("body", WALKS.values(), ids=WALKS)
def test_a_memory_that_is_not_full(body: str, tmp_path: Path) -> None:
    """The words that the block comes to are enough; one less is a fault."""
    assert _errors(tmp_path, body, EIGHT) == set()
    assert _errors(tmp_path, body, EIGHT[:-3]) == {"too-few-words"}


@pytest.mark.parametrize("body", OPEN.values(), ids=OPEN)
def test_what_is_not_known_is_no_fault(body: str, tmp_path: Path) -> None:
    """How far the block comes hangs on words, on the design, or on what is not seen."""
    assert _errors(tmp_path, body, EIGHT) == set()


def test_a_net_at_an_address(tmp_path: Path) -> None:
    """An `assign` looks at the memory, at an address that a block counts."""
    bench = (
        "module t; localparam N = 8; reg clk = 0; always #5 clk = ~clk; reg [7:0] g [0:N-1], q = 0; "
        'reg [3:0] i = 0; wire [7:0] e = g[i]; integer bad = 0; initial $readmemh("d.txt", g); '
        "always @(posedge clk) begin if (q != e) bad = bad + 1; q <= q + 3; i <= i + 1; "
        "if (i == N - 1) $finish; end endmodule\n"
    )
    for text, errors in ((EIGHT, set()), (EIGHT[:-3], {"too-few-words"})):
        path = write(tmp_path, {"d.txt": text}) / "t.sv"
        path.write_text(bench)
        assert {one.kind for one in lint(tmp_path, testbench=path).errors} == errors

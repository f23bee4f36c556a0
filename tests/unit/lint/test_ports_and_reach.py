"""Variables that the design sees by `.*` or a clocking block, and memories that a clocked block fills."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.lint.good_files import write
from tilewright.lint import lint

pytest.importorskip("pyslang")
WORDS, WIDE = b"01\n02\n03\n", b"01\n102\n03\n"
DUT = "module dut(input [7:0] a); endmodule\n"
OLD = "module dut(a); input [7:0] a; endmodule\n"
BENCH = (
    'module t; logic [7:0] a, e; int f; dut u(.*); initial begin f = $fopen("d.txt", "r"); '
    'repeat (3) #1 void\'($fscanf(f, "%h", a)); end endmodule\n'
)
CLOCKING = (
    "module t; logic clk = 0; logic [7:0] d, v; int f; ff u(clk, d); clocking cb @(posedge clk); output d; "
    'endclocking initial begin f = $fopen("d.txt", "r"); repeat (3) begin void\'($fscanf(f, "%h", v)); '
    "cb.d <= v; @(cb); end end endmodule\n"
)
FILL = (
    "module t; reg clk = 0; always #5 clk = ~clk; reg [{0}:0] at; reg we; reg [7:0] x; reg [7:0] m [0:15]; "
    "integer f, n, i; always @(posedge clk) if (we) begin m[at] <= x; at <= at + 1; end "
    'initial begin f = $fopen("d.txt", "r"); at = 0; we = 0; '
    'for (i = 0; i < 8; i = i + 1) begin @(negedge clk); n = $fscanf(f, "%h", x); '
    'if (n != 1) begin $display("ERROR"); $finish; end we = 1; end @(negedge clk) we = 0; '
    'for (i = 0; i < 8; i = i + 1) $display("R %h", m[i]); $finish; end endmodule\n'
)


def _errors(folder: Path, bench: str, text: bytes) -> set[str]:
    path = write(folder, {"d.txt": text}) / "t.sv"
    path.write_text(bench)
    return {one.kind for one in lint(folder, testbench=path).errors}


@pytest.mark.parametrize("bench", [BENCH, DUT + BENCH, OLD + BENCH, CLOCKING])
def test_the_design_sees_it(bench: str, tmp_path: Path) -> None:
    """A word that is cut goes to the design, and so does an old one."""
    assert _errors(tmp_path, bench, WORDS) == set()
    assert _errors(tmp_path, bench, WIDE) == {"truncated"}
    assert _errors(tmp_path, bench, WORDS[:6]) == {"too-few-words"}


@pytest.mark.parametrize("design", [DUT, OLD])
def test_what_is_no_port_is_not_seen(design: str, tmp_path: Path) -> None:
    """Names that the design does not have stay the testbench's own."""
    assert _errors(tmp_path, design + BENCH.replace('"%h", a', '"%h", e'), WIDE) == set()


@pytest.mark.parametrize(("high", "errors"), [(3, set()), (2, set()), (1, {"too-few-words"})])
def test_an_address_register(high: int, errors: set[str], tmp_path: Path) -> None:
    """Behind the last address that it holds, the memory stays x."""
    words = b"".join(b"%02x\n" % one for one in range(16, 24))
    assert _errors(tmp_path, FILL.format(high), words) == errors


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("m[at] <= x;", "m[at] <= x; m[7 - at] <= x;"),
        ("reg [1:0] at", "integer at"),
        ("initial begin", "initial begin for (i = 0; i < 16; i = i + 1) m[i] = 0;"),
    ],
)
def test_a_memory_that_is_filled_otherwise_too(old: str, new: str, tmp_path: Path) -> None:
    """Nobody knows how far that reaches."""
    words = b"".join(b"%02x\n" % one for one in range(16, 24))
    assert old in FILL.format(1)
    assert _errors(tmp_path, FILL.format(1).replace(old, new), words) == set()

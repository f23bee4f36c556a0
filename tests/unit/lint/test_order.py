"""Which block comes first: what one waits for, what ends the simulation, and how long a delay is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.lint.beside_icarus import agrees, case
from tests.unit.lint.good_files import write
from tilewright.lint import lint

pytest.importorskip("pyslang")
FOUR = b"01\nab\nff\n10\n"
SHOW = 'for (k = 0; k < 4; k = k + 1) $display("R %h", m[k]);'
READ = 'f = $fopen("d.txt", "r"); for (i = 0; i < 4; i = i + 1) n = $fscanf(f, "%h", m[i]);'
FIRST = {
    "an event": ("event done;", f"begin @(done); {SHOW} end", f"begin #1 {READ} -> done; end"),
    "a flag": ("reg go = 0;", f"begin wait (go); {SHOW} end", f"begin #1 {READ} go = 1; end"),
    "an edge": ("reg go = 0;", f"begin @(posedge go) {SHOW} end", f"begin #1 {READ} go = 1; end"),
    "a longer delay": ("", f"begin #5 {SHOW} end", f"begin #1.5 {READ} end"),
    "a delay by a parameter": (
        "localparam PERIOD = 10;", f"begin #(PERIOD * 3) {SHOW} end", f"begin #PERIOD {READ} end",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FIRST)
def test_a_block_that_waits_comes_behind_the_one_that_reads(name: str, tmp_path: Path) -> None:
    """Wherever they stand; a word that is missing is found."""
    declared, waiting, reading = FIRST[name]
    for number, blocks in enumerate(((waiting, reading), (reading, waiting))):
        body = f"{declared} initial {blocks[0]} initial {blocks[1]}"
        agrees(case(body, FOUR), tmp_path / f"good{number}")
        agrees(case(body, FOUR[:-3], "too-few-words"), tmp_path / f"short{number}")


def test_a_delay_that_is_shorter_comes_first(tmp_path: Path) -> None:
    """Then the words are looked at before they are there."""
    body = f"initial begin #1 {SHOW} end initial begin #2 {READ} end"
    agrees(case(body, FOUR), tmp_path)


SEVERAL = """module t; reg clk = 0; always #5 clk = ~clk; integer f, g, n, k; reg [7:0] v, w; wire [7:0] y;
  dut u(clk, v, y); initial begin f = $fopen("d.txt", "r"); g = $fopen("e.txt", "r"); end
  always @(negedge clk) begin n = $fscanf(f, "%h", v); if (n != 1) $finish; end
  always @(posedge clk) begin k = $fscanf(g, "%h", w); {look} if (w !== y) $display("%h", w); end endmodule"""


@pytest.mark.parametrize(
    ("look", "text", "kinds"),
    [
        ("if (k == 1)", FOUR, set()),
        ("if (k == 1)", b"01\nx-\nff\n10\n", {"bad-word", "x-digits"}),
        ("", FOUR, {"undecided"}),  # how many words it takes until then depends on time
    ],
)
def test_a_block_that_ends_the_simulation_leaves_the_others_to_be_judged(
    look: str, text: bytes, kinds: set[str], tmp_path: Path
) -> None:
    """Their words are; how many they take is not known."""
    bench = write(tmp_path, {"d.txt": FOUR, "e.txt": text}) / "t.v"
    bench.write_text(SEVERAL.replace("{look}", look))
    report = lint(tmp_path, testbench=bench, max_steps=50_000)
    found = (*report.errors, *report.of("undecided"))
    assert {one.kind for one in found} == kinds
    assert {one.file for one in found} <= {"e.txt"}

"""A cell that sums two products twice: its ports, its recorded run, what it must compute."""

from __future__ import annotations

from tilewright.prove.any_array import prove_recorded
from tilewright.prove.streams import Described, Stream

HEAD = "input logic clk, rst_n, en, first, input logic [3:0] a, w, output logic signed [8:0] y"
WIDTHS = {"clk": 1, "rst_n": 1, "en": 1, "first": 1, "a": 4, "w": 4, "y": 9}
ROWS = [
    {},
    {"rst_n": 1},
    *({"rst_n": 1, "en": 1, "first": n % 2 == 0} for n in range(4)),
    {"rst_n": 1},
]
"""What is 1 before each edge: two sums of two products."""
STEP = "always_ff @(posedge clk) if (!rst_n) y <= '0; else if (en) y <= (first ? 9'sd0 : y) + p;"


def described():
    words = {"bits": 4, "when": ("en",), "beat": "2*p + k"}
    return Described(
        top="mac",
        clock="clk",
        computes="identity",
        sizes={"P": 2, "T": 1, "K": 2, "C": 1},
        streams=(
            Stream(word="a", port="a", signed=False, **words),
            Stream(word="w", port="w", signed=True, **words),
            Stream(word="y", port="y", bits=9, signed=True, when=("rst_n",), beat="2*p + 3"),
        ),
        parameters={},
    )


def recorded(path, widths=WIDTHS, rows=ROWS):
    """A recording: what is 1 before each edge, other words of all rows 0, the output never known."""
    names = [*widths]
    lines = ["$scope module dut $end"]
    lines += [f"$var wire {widths[name]} {name} {name} $end" for name in names]
    lines += ["$upscope $end", "$enddefinitions $end"]
    for cycle, row in enumerate(rows):
        lines += [f"#{10 * cycle}", "b0 clk", "bx y"]
        lines += [f"b{int(row.get(n, 0)):b} {n}" for n in names if n not in ("clk", "y")]
        lines += [f"#{10 * cycle + 5}", "b1 clk"]
    path.write_text("\n".join(lines) + "\n")
    return path


def prove(tmp_path, sources, what=None, **options):
    run = recorded(tmp_path / "run.vcd")
    return prove_recorded(sources, what or described(), run, confirms=False, **options)

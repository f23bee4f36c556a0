"""FIFO and window, from reset on, for all inputs: equal to what they are by definition."""

from __future__ import annotations

from pathlib import Path

import pytest

from tilewright.errors import ToolError
from tilewright.formal import holds_after_reset
from tilewright.rtl import RTL_DIR

CHECKS = {
    "fifo": (("tw_fifo.sv",), "fifo_check.sv", 10),
    "window": (("tw_axis.sv", "tw_window.sv"), "window_check.sv", 11),
}
"""Files, check, and the cycles in which a fault must have shown."""
INSIDE = {
    "fifo": {
        **{name: f"dut.{name}_q" for name in ("read", "write", "count")},
        **{f"slot_{place}": f"dut.slots_q[{place}]" for place in range(3)},
    },
    "window": {
        f"{axis}{wire}": f"dut.u_{axis}.{register}_q"
        for axis in ("row", "column")
        for wire, register in (("", "position"), ("_wait", "wait"), ("_hits", "hits"))
    },
}


def holds(name: str, cycles: int | None, right: str = "", wrong: str = "") -> bool:
    """In the first cycles or in all; of our sources, or with `right`, which occurs once in them, replaced."""
    files, check, _ = CHECKS[name]
    sources = {file: (RTL_DIR / file).read_text() for file in files}
    if right:
        assert sum(text.count(right) for text in sources.values()) == 1
        sources = {file: text.replace(right, wrong) for file, text in sources.items()}
    text = (Path(__file__).parent / check).read_text()
    return holds_after_reset(sources, text, cycles=cycles, timeout_s=300, inside=INSIDE[name])


@pytest.mark.parametrize("name", CHECKS)
def test_ours_is_what_it_is_by_definition_in_every_cycle(name: str) -> None:
    assert holds(name, None)


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("fifo", "(read_q == LastSlot) ? '0 :", "(1'b0) ? '0 :"),
        ("fifo", "if (push_i) slots_q", "if (push_i && !pop_i) slots_q"),
        ("fifo", "count_q == '0);", "count_q <= CountBits'(1));"),
        ("window", "wait_q <= stride_i - DimBits'(1)", "wait_q <= stride_i"),
        ("window", "(hits_q < count_i)", "(hits_q <= count_i)"),
        ("window", ".restart_i(restart_i || next_row)", ".restart_i(restart_i)"),
        ("window", "pixel_i && column_last", "pixel_i && column_hit"),
    ],
)
def test_one_with_a_fault_is_not(name: str, right: str, wrong: str) -> None:
    assert not holds(name, CHECKS[name][2], right, wrong)


def test_more_cycles_than_are_looked_at_do_not_make_a_proof() -> None:
    """A queue that fails after eight pushes: no sign of it in five cycles, and no proof."""
    right, wrong = "(write_q == LastSlot) ?", "(write_q == LastSlot && pushes_q != 7) ?"
    text = (RTL_DIR / "tw_fifo.sv").read_text()
    counter = "  logic [2:0] pushes_q;\n  always_ff @(posedge clk_i) if (push_i) pushes_q <= pushes_q + 1;\n"
    late = text.replace(right, wrong).replace("  always_ff @", counter + "  always_ff @", 1)
    check = (Path(__file__).parent / "fifo_check.sv").read_text()
    options = {"timeout_s": 300.0, "inside": INSIDE["fifo"]}
    assert holds_after_reset({"tw_fifo.sv": late}, check, cycles=5, **options)
    assert not holds_after_reset({"tw_fifo.sv": late}, check, **options)


def test_what_cannot_be_read_is_said() -> None:
    with pytest.raises(ToolError, match=r"^yosys cannot judge the assertions: .*syntax error"):
        holds_after_reset({}, "module check (nothing &&", cycles=1, timeout_s=60)

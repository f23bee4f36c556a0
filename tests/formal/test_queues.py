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


def is_proved(name: str, right: str = "", wrong: str = "") -> bool:
    """Of our sources, or with `right`, which occurs once in them, replaced."""
    files, check, cycles = CHECKS[name]
    sources = {file: (RTL_DIR / file).read_text() for file in files}
    if right:
        assert sum(text.count(right) for text in sources.values()) == 1
        sources = {file: text.replace(right, wrong) for file, text in sources.items()}
    text = (Path(__file__).parent / check).read_text()
    return holds_after_reset(sources, text, cycles=cycles, timeout_s=300)


@pytest.mark.parametrize("name", CHECKS)
def test_ours_is_what_it_is_by_definition(name: str) -> None:
    assert is_proved(name)


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
    assert not is_proved(name, right, wrong)


def test_what_cannot_be_read_is_said() -> None:
    with pytest.raises(ToolError, match=r"^yosys cannot judge the assertions: .*syntax error"):
        holds_after_reset({}, "module check (nothing &&", cycles=1, timeout_s=60)

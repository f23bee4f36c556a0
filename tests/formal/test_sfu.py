"""The accumulate unit, with every input free: equal to arithmetic as it is taught."""

from __future__ import annotations

from pathlib import Path

import pytest

from tilewright.formal import are_equivalent
from tilewright.formal.equivalence import SMALL
from tilewright.formal.sources import set_parameters
from tilewright.rtl import PACKAGE, RTL_DIR

FILE = "tw_sfu.sv"
TYPES = (RTL_DIR / PACKAGE).read_text()
REFERENCE = (Path(__file__).parent / "sfu_reference.sv").read_text()
OURS = (RTL_DIR / FILE).read_text()


def are_proved(texts: list[str], widths: tuple[int, int]) -> list[bool]:
    """An address of two bits; yosys is started once."""
    sizes = dict(zip(("ColumnBits", "PsumBits"), widths, strict=True))
    gold, *gates = (
        set_parameters({PACKAGE: TYPES, FILE: one}, "tw_sfu", sizes) for one in (REFERENCE, *texts)
    )
    return are_equivalent(gold, gates, top="tw_sfu", timeout_s=600)


@pytest.mark.parametrize("widths", [(3, 4), (4, 3)])
def test_our_sfu_is_the_reference_whatever_the_inputs(widths: tuple[int, int]) -> None:
    """Three columns."""
    assert are_proved([OURS], widths) == [True]


FAULTS = [
    ("valid_q && !held_q", "valid_q"),
    ("forward_q ? written_q", "!forward_q ? written_q"),
    ("else held_q <= out_valid_o && !out_ready_i", "else held_q <= puts_out && !out_ready_i"),
    ("(function_i == Relu)  ? '0", "(function_i == Leaky) ? '0"),
    ("{sum[SumBits-1], {", "{!sum[SumBits-1], {"),
]


def test_an_sfu_with_a_fault_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """One column."""
    monkeypatch.setitem(SMALL, "Cols", 1)
    assert all(OURS.count(right) == 1 for right, _ in FAULTS)
    texts = [OURS, *(OURS.replace(right, wrong) for right, wrong in FAULTS)]
    assert are_proved(texts, (2, 2)) == [True, *[False] * len(FAULTS)]

"""The accumulate unit, with every input free: equal to arithmetic as it is taught."""

from __future__ import annotations

from pathlib import Path

import pytest

from tilewright.formal import prove_equivalent
from tilewright.formal.sources import set_parameters
from tilewright.rtl import PACKAGE, RTL_DIR

FILE = "tw_sfu.sv"
TYPES = (RTL_DIR / PACKAGE).read_text()
REFERENCE = (Path(__file__).parent / "sfu_reference.sv").read_text()
OURS = (RTL_DIR / FILE).read_text()


def is_proved(text: str, widths: tuple[int, int]) -> bool:
    """Three columns, an address of two bits."""
    sizes = dict(zip(("ColumnBits", "PsumBits"), widths, strict=True))
    gold, gate = (
        set_parameters({PACKAGE: TYPES, FILE: one}, "tw_sfu", sizes) for one in (REFERENCE, text)
    )
    return prove_equivalent(gold, gate, top="tw_sfu", timeout_s=600)


@pytest.mark.parametrize("widths", [(5, 6), (6, 4)])
def test_our_sfu_is_the_reference_whatever_the_inputs(widths: tuple[int, int]) -> None:
    assert is_proved(OURS, widths)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("valid_q && !held_q", "valid_q"),
        ("forward_q ? written_q", "!forward_q ? written_q"),
        ("else held_q <= out_valid_o && !out_ready_i", "else held_q <= puts_out && !out_ready_i"),
        ("(function_i == Relu)  ? '0", "(function_i == Leaky) ? '0"),
        ("{sum[SumBits-1], {", "{!sum[SumBits-1], {"),
    ],
)
def test_an_sfu_with_a_fault_is_not(right: str, wrong: str) -> None:
    assert OURS.count(right) == 1
    assert not is_proved(OURS.replace(right, wrong), (4, 4))

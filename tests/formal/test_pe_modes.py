"""The PE in every mode, full and half width, wrapping and saturating: equal to arithmetic as it is taught."""

from __future__ import annotations

from pathlib import Path

import pytest

from tilewright.formal import are_equivalent, prove_equivalent
from tilewright.formal.sources import set_parameters
from tilewright.rtl import RTL_DIR

FILE = "tw_pe.sv"
REFERENCE = (Path(__file__).parent / "pe_reference.sv").read_text()
OURS = (RTL_DIR / FILE).read_text()


def of_widths(text, widths):
    names = ("ActBits", "WeightBits", "ColumnBits", "ActSigned")
    sizes = dict(zip(names, widths, strict=True))
    return set_parameters({FILE: text}, "tw_pe", sizes)


def are_proved(texts, widths):
    """In the order of the texts; yosys is started once."""
    gold = of_widths(REFERENCE, widths)
    gates = [of_widths(text, widths) for text in texts]
    return are_equivalent(gold, gates, top="tw_pe", timeout_s=600)


@pytest.mark.parametrize(
    "widths", [(3, 3, 16, 0), (3, 2, 8, 0), (2, 4, 11, 0), (3, 2, 6, 1), (2, 3, 11, 1)]
)
def test_our_pe_is_the_reference_in_every_mode_whatever_the_inputs(widths):
    assert are_proved([OURS], widths) == [True]


IN_ONE_MODE = [
    ("is_half_i ? product_high : product_high <<< LowBits", "product_high <<< LowBits"),
    ("is_half_i ? shadow_low_q : weight_i", "weight_i"),
    ("assign weight_high = is_os_i ? north_i", "assign weight_high = is_os_i ? weight_i"),
    ("base          = first_i ? '0", "base          = last_i ? '0"),
    ("bound = {sum[SumBits-1], {", "bound = {!sum[SumBits-1], {"),
    ("overflow_q <= base_overflow || !fits", "overflow_q <= !fits"),
]
OF_A_SIGN = [
    ("(ActSigned != 0) && act_i[ActBits-1]", "1'b0"),
    ("(ActSigned != 0) && is_half_i && act_i[LowBits-1]", "1'b0"),
    ("(ActSigned != 0) && is_half_i && act_i[LowBits-1]", "act_i[LowBits-1]"),
]


@pytest.mark.parametrize(
    ("faults", "widths"), [(IN_ONE_MODE, (2, 2, 5, 0)), (OF_A_SIGN, (3, 2, 6, 1))]
)
def test_a_pe_with_a_fault_in_one_mode_or_that_forgets_a_sign_is_not(faults, widths):
    assert all(OURS.count(right) == 1 for right, _ in faults)
    texts = [OURS, *(OURS.replace(right, wrong) for right, wrong in faults)]
    assert are_proved(texts, widths) == [True, *[False] * len(faults)]


@pytest.mark.parametrize("act_signed", [0, 1])
def test_the_signs_of_activations_are_those_of_their_format(act_signed):
    gold = of_widths(REFERENCE, (2, 2, 5, act_signed))
    gate = of_widths(OURS, (2, 2, 5, 1 - act_signed))
    assert not prove_equivalent(gold, gate, top="tw_pe", timeout_s=600)

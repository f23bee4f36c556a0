"""The PE is its arithmetic: proved, and a PE that is not is caught."""

from __future__ import annotations

import pytest

from tilewright.errors import ToolError
from tilewright.formal import PeWidths, prove_pe
from tilewright.mutation import mutants_of
from tilewright.rtl import RTL_DIR


@pytest.mark.parametrize("widths", [PeWidths(4, 4, 16), PeWidths(2, 4, 11), PeWidths(8, 3, 20)])
def test_our_pe_multiplies_and_accumulates(widths):
    assert prove_pe(RTL_DIR, widths)


@pytest.mark.parametrize("category", ["carry", "signedness", "stuck bit"])
def test_a_pe_with_a_fault_is_not_proved(tmp_path, category):
    """At least one of the first mutants of the category; some change nothing that can be seen."""
    text = (RTL_DIR / "tw_pe.sv").read_text()
    found = [m for m in mutants_of(text, file="tw_pe.sv") if m.category == category]
    verdicts = []
    for mutant in found[:4]:
        (tmp_path / "tw_pe.sv").write_text(mutant.apply(text))
        verdicts.append(prove_pe(tmp_path, PeWidths(3, 3, 9)))
    assert False in verdicts


def test_a_pe_that_cannot_be_read(tmp_path):
    with pytest.raises(ToolError, match=r"^cannot read the PE .*tw_pe.sv: No such file"):
        prove_pe(tmp_path)
    (tmp_path / "tw_pe.sv").write_text("module tw_pe (input logic clk_i);\nnothing\nendmodule\n")
    with pytest.raises(ToolError, match=r"^yosys cannot judge .*tw_pe.sv: .*syntax error"):
        prove_pe(tmp_path)

"""The PE is its arithmetic: proved, and a PE that is not is caught."""

from __future__ import annotations

import pytest

from tilewright.errors import ToolError
from tilewright.formal import PeWidths, prove_pe
from tilewright.mutation import mutants_of
from tilewright.rtl import RTL_DIR


@pytest.mark.parametrize("widths", [PeWidths(4, 4, 16), PeWidths(2, 4, 11), PeWidths(8, 3, 20)])
def test_our_pe_multiplies_and_accumulates(widths):
    assert prove_pe(RTL_DIR, widths) == "proved"


def test_a_register_that_no_port_shows_leaves_a_bounded_proof(tmp_path):
    """The product comes from a second copy of the weight, which induction takes for another number."""
    text = (RTL_DIR / "tw_pe.sv").read_text()
    changes = {
        "if (weight_valid_i) weight_q <= weight_i;": "if (weight_valid_i) weight_q <= weight_i;\n"
        "if (weight_valid_i) copy_q <= weight_i;",
        "$signed(weight_q)": "$signed(copy_q)",
        "  logic        [   PsumBits-1:0] psum_q;": "logic [PsumBits-1:0] psum_q;\n"
        "logic [WeightBits-1:0] copy_q;",
    }
    for old, new in changes.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    (tmp_path / "tw_pe.sv").write_text(text)
    assert prove_pe(tmp_path, PeWidths(3, 3, 9)) == "bounded"


@pytest.mark.parametrize("category", ["carry", "signedness", "stuck bit"])
def test_a_pe_with_a_fault_is_not_proved(tmp_path, category):
    """At least one of the first mutants of the category; some change nothing that can be seen."""
    text = (RTL_DIR / "tw_pe.sv").read_text()
    found = [m for m in mutants_of(text, file="tw_pe.sv") if m.category == category]
    for mutant in found:
        (tmp_path / "tw_pe.sv").write_text(mutant.apply(text))
        if prove_pe(tmp_path, PeWidths(3, 3, 9)) == "refuted":
            return
    pytest.fail(f"none of {len(found)} mutants is refuted")


def test_a_pe_that_cannot_be_read(tmp_path):
    with pytest.raises(ToolError, match=r"^cannot read the PE .*tw_pe.sv: No such file"):
        prove_pe(tmp_path)
    (tmp_path / "tw_pe.sv").write_text("module tw_pe (input logic clk_i);\nnothing\nendmodule\n")
    with pytest.raises(ToolError, match=r"^yosys cannot judge .*tw_pe.sv: .*syntax error"):
        prove_pe(tmp_path)

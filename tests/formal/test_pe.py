"""The PE is its arithmetic: proved, and a PE that is not is caught."""

from __future__ import annotations

import pytest

from tilewright.errors import ToolError
from tilewright.formal import PeWidths, prove_pe
from tilewright.mutation import mutants_of
from tilewright.rtl import RTL_DIR

PE = """module tw_pe #(
    parameter int ActBits = 4,
    parameter int WeightBits = 4,
    parameter int PsumBits = 16
) (
    input  logic                  clk_i,
    input  logic                  rst_ni,
    input  logic                  weight_valid_i,
    input  logic [WeightBits-1:0] weight_i,
    output logic [WeightBits-1:0] weight_o,
    input  logic                  valid_i,
    input  logic [   ActBits-1:0] act_i,
    output logic                  valid_o,
    output logic [   ActBits-1:0] act_o,
    input  logic [  PsumBits-1:0] psum_i,
    output logic [  PsumBits-1:0] psum_o
);
  logic signed [WeightBits-1:0] shown_q, hidden_q;
  assign weight_o = shown_q;
  always_ff @(posedge clk_i or negedge rst_ni)
    if (!rst_ni) valid_o <= 1'b0;
    else valid_o <= valid_i;
  always_ff @(posedge clk_i) begin
    if (weight_valid_i) shown_q <= weight_i;
    if (weight_valid_i) hidden_q <= weight_i;
    if (valid_i) act_o <= act_i;
    if (valid_i) psum_o <= psum_i + PsumBits'($signed({1'b0, act_i}) * WEIGHT);
  end
endmodule
"""


@pytest.mark.parametrize("widths", [PeWidths(4, 4, 16), PeWidths(2, 4, 11), PeWidths(6, 2, 20)])
def test_our_pe_multiplies_and_accumulates(widths):
    assert prove_pe(RTL_DIR, widths) == "proved"


@pytest.mark.parametrize(
    ("weight", "verdict"),
    [
        ("shown_q", "proved"),
        ("hidden_q", "bounded"),  # no port shows it: induction takes it for another number
        ("$unsigned(shown_q)", "refuted"),
        ("(shown_q + 1)", "refuted"),
    ],
)
def test_the_three_verdicts(tmp_path, weight, verdict):
    (tmp_path / "tw_pe.sv").write_text(PE.replace("WEIGHT)", f"{weight})"))
    assert prove_pe(tmp_path, PeWidths(3, 3, 9)) == verdict


@pytest.mark.parametrize(
    ("also", "verdict"),
    [
        ("", "proved"),
        ("act_o <= act_o + 1'b1;", "refuted"),
    ],
)
def test_a_hidden_register_of_which_it_is_known_that_it_holds_the_weight(tmp_path, also, verdict):
    text = PE.replace("WEIGHT)", "hidden_q)").replace(
        "  end\nendmodule", f"  {also} // not no_such\n  end\nendmodule"
    )
    (tmp_path / "tw_pe.sv").write_text(text)
    assert prove_pe(tmp_path, PeWidths(3, 3, 9), hidden=("hidden_q", "no_such")) == verdict


def test_a_register_said_to_hold_the_weight_must_hold_it(tmp_path):
    """It does not: what is said does no harm, but does not help either."""
    text = PE.replace("WEIGHT)", "hidden_q)").replace(
        "_valid_i) hidden_q <= weight_i", "_valid_i) hidden_q <= ~weight_i"
    )
    (tmp_path / "tw_pe.sv").write_text(text.replace("hidden_q)", "~hidden_q)"))
    assert prove_pe(tmp_path, PeWidths(3, 3, 9), hidden=("hidden_q",)) == "bounded"


@pytest.mark.parametrize("category", ["carry", "signedness", "stuck bit"])
def test_a_pe_with_a_fault_is_not_proved(tmp_path, category):
    """At least one of the first mutants of the category, the product's first; some change nothing."""
    text = (RTL_DIR / "tw_pe.sv").read_text()
    found = [m for m in mutants_of(text, file="tw_pe.sv") if m.category == category]
    found.sort(key=lambda one: "assign product" not in one.before)
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

"""Two versions of a module, and the size of one."""

from __future__ import annotations

import pytest

from tilewright.errors import ToolError
from tilewright.formal import CellCounts, Cells, count_cells, prove_equivalent
from tilewright.formal.sources import set_parameters
from tilewright.mutation import Judge
from tilewright.mutation.mutant import make_mutant

LEAF = """module leaf #(
    parameter int Depth = 8
) (
    input logic clk_i, a_i, b_i,
    output logic [Depth-1:0] x_o
);
  logic [Depth-1:0] x_q;
  always_ff @(posedge clk_i) if (a_i && b_i) x_q <= x_q + 1;
  assign x_o = x_q;
endmodule
"""
TOP = """module top (input logic clk_i, a_i, output logic [7:0] x_o);
  leaf u (.clk_i, .a_i, .b_i(a_i), .x_o);
endmodule
"""
SOURCES = {"leaf.sv": LEAF, "top.sv": TOP}


def _changed(old, new):
    assert LEAF.count(old) == 1
    return {**SOURCES, "leaf.sv": LEAF.replace(old, new)}


@pytest.mark.parametrize(
    ("top", "old", "new", "is_equal"),
    [
        ("leaf", "a_i && b_i)", "!(!a_i || !b_i))", True),
        ("leaf", "a_i && b_i)", "a_i || b_i)", False),
        ("top", "a_i && b_i)", "a_i || b_i)", True),  # both are the same wire there
        ("leaf", "x_q + 1", "x_q ^ 1", False),
    ],
)
def test_equivalence(top, old, new, is_equal):
    assert prove_equivalent(SOURCES, _changed(old, new), top=top, timeout_s=300) == is_equal


def test_a_survivor_is_proved_equivalent_within_its_module():
    start = LEAF.index("a_i && b_i)")
    kept = make_mutant(
        "leaf.sv", LEAF, (start, start + 10), "b_i && a_i", category="operator", what="swapped"
    )
    broken = make_mutant("leaf.sv", LEAF, (start, start + 10), "a_i", category="enable", what="")
    judge = Judge(has_proofs=True)
    assert judge.why_equivalent(kept, SOURCES) == (
        "proved: leaf is the same for every input, by yosys"
    )
    assert judge.why_equivalent(broken, SOURCES) is None
    assert Judge().why_equivalent(kept, SOURCES) is None


def test_cells_and_black_boxes():
    leaf = count_cells(SOURCES, top="leaf", parameters={"Depth": 5})
    assert leaf.registers == 5
    assert leaf.gates > 0
    assert leaf.cells == leaf.registers + leaf.gates
    assert count_cells(SOURCES, top="top", parameters={}, black_boxes=("leaf",)) == CellCounts(
        registers=0, gates=0, black_boxes={"leaf": 1}, parts={}
    )


def test_cells_of_parts_at_whatever_parameters():
    pair = {
        **SOURCES,
        "pair.sv": """module pair (input logic clk_i, a_i, output logic [7:0] x_o, output logic [4:0] y_o);
  top u_top (.clk_i, .a_i, .x_o);
  leaf #(.Depth(5)) u_leaf (.clk_i, .a_i, .b_i(1'b1), .x_o(y_o));
endmodule
""",
    }
    found = count_cells(pair, top="pair", parameters={})
    assert sorted(found.parts) == ["leaf", "pair", "top"]
    assert found.parts["top"].registers == 8
    assert found.parts["leaf"].registers == found.parts["pair"].registers == 8 + 5
    assert found.parts["pair"] == Cells(found.registers, found.gates)


def test_what_cannot_be_done_is_said():
    with pytest.raises(ToolError, match=r"^there must be a module no in leaf.sv, top.sv"):
        count_cells(SOURCES, top="no", parameters={})
    with pytest.raises(ToolError, match=r"^module leaf must have the parameter Width, but has not"):
        set_parameters(SOURCES, "leaf", {"Width": 3})
    with pytest.raises(
        ToolError, match=r"^yosys cannot compare the two versions of leaf: .*syntax"
    ):
        prove_equivalent(SOURCES, _changed("a_i && b_i)", "a_i &&& )"), top="leaf", timeout_s=300)

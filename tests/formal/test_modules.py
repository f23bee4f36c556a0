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


TWO = """module pe (input logic clk_i, a_i, b_i, output logic [3:0] x_o);
  always_ff @(posedge clk_i) x_o <= {3'd0, a_i & b_i};
endmodule
module array (input logic clk_i, a_i, b_i, output logic [3:0] x_o, y_o);
  initial y_o = 4'd1;
  pe u_pe (.clk_i, .a_i, .b_i, .x_o);
  always_ff @(posedge clk_i) y_o <= x_o + 4'd2;
  // synthesis translate_off
  always_comb if (y_o == 4'd7) $display("seven");
  // synthesis translate_on
endmodule
package sums;
  function automatic logic [3:0] more(input logic [3:0] x); more = x + 4'd3; endfunction
endpackage
"""


@pytest.mark.parametrize(
    ("old", "new", "module"),
    [
        ("a_i & b_i", "b_i & a_i", "pe"),
        ("a_i & b_i", "a_i | b_i", None),
        ("x_o + 4'd2", "4'd2 + x_o", "array"),
        ("x_o + 4'd2", "x_o - 4'd2", None),  # pe is the same, which is no matter
        ("= 4'd1", "= 4'd2", None),  # what registers hold at first is not compared
        ("== 4'd7", "== 4'd9", None),  # yosys leaves it out
        ("x + 4'd3", "x + 4'd5", None),  # and this is in no module
    ],
)
def test_the_module_that_a_mutant_is_in_is_compared(old, new, module):
    start = TWO.index(old)
    one = make_mutant("two.sv", TWO, (start, start + len(old)), new, category="operator", what="")
    why = Judge(has_proofs=True).why_equivalent(one, {"two.sv": TWO})
    assert why == (module and f"proved: {module} is the same for every input, by yosys")


SIZED = """module step #(parameter WIDTH = 1, parameter IS_UP = 0) (
  input clk_i, input [WIDTH-1:0] d_i, output reg [WIDTH-1:0] q_o);
  generate
    if (IS_UP) begin : gen_up
      always @(posedge clk_i) q_o <= d_i + 1;
    end else begin : gen_plain
      always @(posedge clk_i) q_o <= d_i;
    end
  endgenerate
endmodule
module tw_core #(parameter Rows = 2) (input clk_i, input [7:0] d_i, output [7:0] q_o, r_o);
  step #(.WIDTH(Rows), .IS_UP(1)) u_up (.clk_i(clk_i), .d_i(d_i[Rows-1:0]), .q_o(q_o[Rows-1:0]));
  step #(8) u_plain (.clk_i(clk_i), .d_i(d_i), .q_o(r_o));
endmodule
"""


@pytest.mark.parametrize(
    ("new", "rows", "is_proved"),
    [("1 + d_i", 4, True), ("d_i + 2", 4, False), ("d_i - 1", 1, True), ("d_i - 1", 2, False)],
)
def test_a_module_of_others_is_compared_at_the_parameters_that_it_has(new, rows, is_proved):
    """At its defaults it is the same, whatever is added: nothing is."""
    start = SIZED.index("d_i + 1")
    one = make_mutant("a.v", SIZED, (start, start + 7), new, category="operator", what="")
    sources = {"a.v": SIZED}
    judge = Judge(has_proofs=True, cores=({"Rows": rows},))
    assert (judge.why_equivalent(one, sources) is not None) == is_proved
    assert Judge(has_proofs=True).why_equivalent(one, sources) is not None


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

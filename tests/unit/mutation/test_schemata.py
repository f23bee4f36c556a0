"""Many mutants in one text: what stands there for each, what is left out, and whose line an error is in."""

from __future__ import annotations

import pytest

from tilewright.mutation import mutants_of, read_core
from tilewright.mutation.mutant import make_mutant
from tilewright.mutation.schemata import embed, units_of
from tilewright.rtl import RTL_DIR

CORE = """\
module tw_core #(parameter int Wide = 4) (input logic clk_i, input logic a, output logic [3:0] b);
  localparam int Twice = 2 * Wide;
  wire net;
  logic [3:0] sum, left_q;
  assign sum = left_q + 4'd3;
  assign net = a && sum[0];
  tw_one u_one (.in_i(sum & 4'd7), .out_o(b[3]));
  if (Twice > 4) begin : gen_more
    always_ff @(posedge clk_i) begin
      if (a && net) left_q <= sum;
      else left_q <= left_q - 4'd1;
    end
  end
endmodule
"""


def _planted(old, new, text=CORE):
    assert text.count(old) == 1
    start = text.index(old)
    return make_mutant(
        "tw_core.sv", text, (start, start + len(old)), new, category="operator", what=""
    )


def _line_of(number, schemata):
    place = next(one for one in schemata.places if one.numbers == {number})
    lines = schemata.sources["tw_core.sv"].splitlines()
    return " ".join(" ".join(lines[place.first - 1 : place.last]).split())


@pytest.mark.parametrize(
    ("old", "new", "written"),
    [
        (
            "left_q + 4'd3",
            "left_q ^ 4'd3",
            "always_comb case (tw_mutants::chosen) 5: sum = left_q ^ 4'd3;",
        ),
        ("a && sum[0]", "a || sum[0]", "tw_mutants::chosen == 5 ? (a || sum[0] ) :"),
        ("sum & 4'd7", "sum | 4'd7", "tw_mutants::chosen == 5 ? (sum | 4'd7 ) :"),
        ("a && net", "1'b1", "tw_mutants::chosen == 5 ? (!!(1'b1 )) :"),
        ("left_q <= sum", "", "case (tw_mutants::chosen) 5: ;"),
        ("left_q - 4'd1", "left_q", "case (tw_mutants::chosen) 5: left_q <= left_q;"),
    ],
)
def test_a_mutant_stands_beside_the_original(old, new, written):
    schemata = embed({"tw_core.sv": CORE}, {5: _planted(old, new)})
    assert schemata.numbers == {5}
    assert written in _line_of(5, schemata)
    assert "$value$plusargs" in schemata.sources["tw_core.sv"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("2 * Wide", "2 + Wide"),
        ("Twice > 4", "Twice < 4"),
        ("b[3]", "b[2]"),
        ("[3:0] b", "[2:0] b"),
    ],
)
def test_what_is_settled_before_a_simulation_is_left_out(old, new):
    schemata = embed({"tw_core.sv": CORE}, {5: _planted(old, new)})
    assert schemata.numbers == frozenset()
    assert schemata.places == []


def test_mutants_of_one_statement_share_it_and_an_error_blames_one_or_all():
    mutants = {1: _planted("left_q + 4'd3", "left_q - 4'd3"), 9: _planted("4'd3", "4'd2")}
    schemata = embed({"tw_core.sv": CORE}, mutants)
    one, other, both = schemata.places
    assert (one.numbers, other.numbers, both.numbers) == ({1}, {9}, {1, 9})
    assert schemata.blamed("tw_core.sv", one.last) == {1}
    assert schemata.blamed("tw_core.sv", other.first) == {9}
    assert schemata.blamed("tw_core.sv", both.last) == {1, 9}
    assert schemata.blamed("tw_core.sv", 1) == schemata.blamed("tw_pe.sv", one.last) == frozenset()


def test_the_text_without_mutants_is_the_core():
    schemata = embed({"tw_core.sv": CORE, "tw_one.sv": "module tw_one; endmodule\n"}, {})
    assert schemata.sources["tw_one.sv"] == "module tw_one; endmodule\n"
    lines = schemata.sources["tw_core.sv"].splitlines()
    assert "plusargs" in lines.pop(-2)
    assert lines == CORE.splitlines()


def test_nine_of_ten_mutants_of_our_core_can_be_chosen_when_it_runs():
    sources = read_core(RTL_DIR)
    found = [m for file, text in sources.items() for m in mutants_of(text, file=file)]
    schemata = embed(sources, dict(enumerate(found, 1)))
    assert len(schemata.numbers) > 0.9 * len(found)
    kinds = {unit.kind for file, text in sources.items() for unit in units_of(text, file=file)}
    assert kinds == {"statement", "assign", "value", "condition", "port"}

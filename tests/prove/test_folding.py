"""What is constant is left out of a netlist, and nothing else changes."""

from __future__ import annotations

import random

import pytest

from tilewright.prove import folding, machine
from tilewright.prove.algebra import Algebra
from tilewright.prove.elaborate import elaborate
from tilewright.prove.netlist import Gate
from tilewright.prove.words import Words

DESIGN = """
module pick (input logic is_a_i, input logic [3:0] a_i, input logic [3:0] b_i, output logic [3:0] y_o);
  assign y_o = is_a_i ? a_i : b_i;
endmodule
module t (input logic clk_i, input logic [3:0] a_i, input logic b_i,
    output logic [7:0] q_o, output logic x_o);
  logic none;
  logic [3:0] known, chosen;
  pick u_known (.is_a_i(1'b1), .a_i(4'd9), .b_i(4'd6), .y_o(known));
  pick u_chosen (.is_a_i(known[0]), .a_i({a_i[1:0], known[3:2]}), .b_i(a_i), .y_o(chosen));
  assign x_o = none && known[3];
  always_ff @(posedge clk_i) begin
    q_o <= {chosen[2:0], known[0], chosen} + 8'(known);
    if (b_i && known[1]) q_o <= '0;
  end
endmodule
"""


@pytest.fixture(scope="module")
def netlist(sources):
    assert sources
    return elaborate({"t.sv": DESIGN}, top="t")


def run(netlist):
    rng, words, seen = random.Random(1), Words(Algebra()), []
    one = machine.Machine(netlist, words)
    for _ in range(20):
        one.settle({"a_i": rng.randrange(16), "b_i": rng.randrange(2)})
        one.tick()
        one.settle({})
        seen.append((one.read("q_o"), getattr(one.read("x_o"), "unknown", None) is None))
    return seen


def as_it_is(netlist, words, constants):
    return netlist


def test_constants_are_left_out_and_nothing_changes(netlist, monkeypatch):
    left = [
        one for one in folding.folded(netlist, Words(Algebra()), {}).steps if isinstance(one, Gate)
    ]
    assert {one.operation.kind for one in left} == {"$add", "$logic_and"}  # the and of an x stays
    found = run(netlist)
    monkeypatch.setattr(machine, "folded", as_it_is)
    assert run(netlist) == found
    assert len({value for value, _ in found}) == 4
    assert not any(is_known for _, is_known in found)


def _never_more_than_0(source):
    return 0


def _the_first(words, step, inputs):
    return inputs[0] if step.operation.kind == "$mux" else None


@pytest.mark.parametrize(
    ("name", "broken"), [("_constant", _never_more_than_0), ("_simpler", _the_first)]
)
def test_an_unsound_one_is_caught(netlist, monkeypatch, name, broken):
    monkeypatch.setattr(folding, name, broken)
    with pytest.raises(AssertionError):
        test_constants_are_left_out_and_nothing_changes(netlist, monkeypatch)


CHOSEN = """
module t (input logic clk_i, input logic [3:0] a_i, input logic b_i, output logic [3:0] q_o);
  always_ff @(posedge clk_i) q_o <= b_i ? a_i + 4'd3 : a_i;
endmodule
"""


@pytest.fixture(scope="module")
def chosen(sources):
    assert sources
    return elaborate({"t.sv": CHOSEN}, top="t")


def run_with(netlist, constants):
    """One input is always 1; where it is said to be a constant, it is folded."""
    one, seen = machine.Machine(netlist, Words(Algebra()), constants=constants), []
    for number in range(16):
        one.settle({"a_i": number, "b_i": 1})
        one.tick()
        seen.append(one.read("q_o"))
    return len(one.netlist.steps), seen


def test_an_input_that_never_changes_is_folded_and_nothing_changes(chosen):
    steps, seen = run_with(chosen, {})
    fewer, found = run_with(chosen, {"b_i": 1})
    assert found == seen == [(number + 3) % 16 for number in range(16)]
    assert fewer < steps


def test_a_constant_that_is_not_what_is_set_is_caught(chosen):
    with pytest.raises(AssertionError, match="b_i is a constant, but changes"):
        run_with(chosen, {"b_i": 0})

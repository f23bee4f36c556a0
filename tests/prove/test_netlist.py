"""What no proof can be about is refused by name."""

from __future__ import annotations

import pytest

from tilewright.errors import FormatError
from tilewright.prove.elaborate import elaborate, parse
from tilewright.prove.netlist_reader import read_netlist

HEAD = "module t (input logic clk_i, input logic a_i, output logic q_o);\n"
REFUSED = {
    "always_comb if (a_i) q_o = 1'b1;\nlogic x_q; always_ff @(posedge clk_i) x_q <= a_i;": (
        "yosys cannot elaborate t: ERROR: Latch inferred for signal .*q_o"
    ),
    "always @* if (a_i) q_o = 1'b1;\nlogic x_q; always_ff @(posedge clk_i) x_q <= a_i;": (
        "a proof needs registers with a clock, but q_o is a latch"
    ),
    "logic u, v; assign u = v ^ a_i; assign v = u | a_i;\nalways_ff @(posedge clk_i) q_o <= v;": (
        r"combinational loop: (u -> v -> u|v -> u -> v)"
    ),
    "logic x_q; always_ff @(posedge clk_i) x_q <= a_i;\nalways_ff @(negedge clk_i) q_o <= x_q;": (
        r"all registers must have one clock, but there are \w+ clk_i \(of \w+\) and \w+ clk_i"
    ),
    "logic x_q; always_ff @(posedge clk_i) x_q <= a_i;\nalways_ff @(posedge a_i) q_o <= x_q;": (
        "all registers must have one clock, but there are .* a_i"
    ),
    "logic g; assign g = clk_i & a_i; always_ff @(posedge g) q_o <= a_i;": (
        r"the clock must be an input of t, but q_o has g, which is made inside"
    ),
    "no_such u (.a(a_i), .q(q_o));": "is not part of the design",
    "assign q_o = a_i;": "module t must have registers, but has none",
    "nonsense": "yosys cannot elaborate t: .*syntax error",
}


@pytest.mark.usefixtures("sources")
@pytest.mark.parametrize("body", REFUSED)
def test_it_is_refused_by_name(body):
    with pytest.raises(FormatError, match=REFUSED[body]):
        elaborate({"t.sv": f"{HEAD}{body}\nendmodule\n"}, top="t")


def _design(kind):
    cell = {"type": kind, "connections": {"Y": [2], "A": [3]}, "parameters": {}}
    module = {
        "attributes": {"top": "1"},
        "ports": {},
        "cells": {"u_cell": cell},
        "netnames": {"y": {"bits": [2], "attributes": {}}},
    }
    return {"modules": {"t": module}}


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("$fancy", r"cell u_cell must be one that is known, but is a \$fancy"),
        ("ram_macro", "every module must be given, but u_cell is a black box: ram_macro"),
    ],
)
def test_cells_that_are_not_known(kind, message):
    with pytest.raises(FormatError, match=message):
        read_netlist(_design(kind))


def test_a_netlist_that_is_none():
    with pytest.raises(FormatError, match="a netlist must be yosys's JSON, but is not"):
        parse("no")
    with pytest.raises(FormatError, match="with modules, but has none"):
        parse("{}")

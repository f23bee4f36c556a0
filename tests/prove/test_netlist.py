"""What no proof can be about is refused by name."""

from __future__ import annotations

import pytest

from tilewright.errors import FormatError
from tilewright.prove import elaborate as elaborate_module
from tilewright.prove.algebra import Algebra
from tilewright.prove.elaborate import elaborate, elaborate_json, elaborate_many, parse
from tilewright.prove.machine import Machine
from tilewright.prove.netlist_reader import read_netlist
from tilewright.prove.words import Words

HEAD = "module t (input logic clk_i, input logic a_i, output logic q_o);\n"
CLOCKED = "logic x_q; always_ff @(posedge clk_i) x_q <= a_i;\n"
REFUSED_BY_YOSYS = {
    "always_comb if (a_i) q_o = x_q;\nlogic x_q; always_ff @(posedge clk_i) x_q <= a_i;": (
        r"combinational loop: q_o -> q_o \(or it is a latch: assign it in every case\)"
    ),
    "no_such u (.a(a_i), .q(q_o));": r"t\.sv:2: ERROR: unknown module 'no_such'",
    "nonsense": r"yosys cannot elaborate t: t\.sv:3: ERROR: expected a declaration name",
    "real r; always_ff @(posedge clk_i) q_o <= r > 1;": r"t\.sv:2: ERROR: value of type 'real'",
}
REFUSED = {
    "always @* if (a_i) q_o = 1'b1;\nlogic x_q; always_ff @(posedge clk_i) x_q <= a_i;": (
        "a proof needs registers with a clock, but q_o is a latch"
    ),
    "logic l; always_latch if (a_i) l = clk_i;\nalways_ff @(posedge clk_i) q_o <= l;": "but l is a latch",
    "logic l; always @* case (a_i) 1'b1: l = 1'b0; endcase\nalways_ff @(posedge clk_i) q_o <= l;": (
        "but l is a latch"
    ),
    "logic [1:0] m [2]; always @* if (a_i) m[clk_i] = 2'd1;\nassign q_o = m[0][0];" + CLOCKED: (
        r"is a latch \(\$\w*dlatch\)"
    ),
    "logic u, v; assign u = v ^ a_i; assign v = u | a_i;\nalways_ff @(posedge clk_i) q_o <= v;": (
        r"combinational loop: (u -> v -> u|v -> u -> v)"
    ),
    "logic u; assign u = a_i ? u : clk_i;\nalways_ff @(posedge clk_i) q_o <= u;": (
        "combinational loop: u -> u"
    ),
    "logic u, v; assign u = ~v; assign v = ~u;\nalways_ff @(posedge clk_i) q_o <= u ^ a_i;": (
        r"combinational loop: (u -> v -> u|v -> u -> v)"
    ),
    "logic x_q; always_ff @(posedge clk_i) x_q <= a_i;\nalways_ff @(negedge clk_i) q_o <= x_q;": (
        r"all registers must have one clock, but there are \w+ clk_i \(of \w+\) and \w+ clk_i"
    ),
    "logic x_q; always_ff @(posedge clk_i) x_q <= a_i;\nalways_ff @(posedge a_i) q_o <= x_q;": (
        "all registers must have one clock, but there are .* a_i"
    ),
    "logic d_q; always_ff @(posedge clk_i) d_q <= ~d_q;\nalways_ff @(posedge d_q) q_o <= a_i;": (
        "all registers must have one clock, but there are .* d_q"
    ),
    "logic m [2]; always @(posedge clk_i) m[0] <= 1'b1;\nlogic n [2]; always @(posedge a_i) n[q_o] <= 1'b1;"
    "\nassign q_o = m[a_i] ^ n[m[1]];": "all registers must have one clock, but there are .* a_i",
    "logic g; assign g = clk_i & a_i; always_ff @(posedge g) q_o <= a_i;": (
        r"the clock must be an input of t, but q_o has g, which is made inside"
    ),
    "assign q_o = a_i;": "module t must have registers, but has none",
    CLOCKED + "assign q_o = a_i; assign q_o = x_q;": "a net must have one driver, but x_q has two",
    "always_ff @(posedge clk_i or posedge a_i or negedge s) if (a_i) q_o <= 1'b1; else if (!s) q_o <= 1'b0;"
    " else q_o <= ~q_o;\nlogic s; assign s = ~a_i;": r"cell \S+ must be one that is known, but is a \$dffsr",
    "box u (.a(a_i), .q(q_o));"
    + CLOCKED
    + "endmodule\n(* blackbox *) module box (input a, output q);": (
        "every module must be given, but u is a black box: box"
    ),
}
UNKNOWN = {
    "an undriven net and itself": "logic u; always_ff @(posedge clk_i) q_o <= (u == u);",
    "an undriven net and its inverse": "logic u; always_ff @(posedge clk_i) q_o <= u & ~u;",
    "an index out of range": "logic w [2]; assign w[0] = a_i; assign w[1] = a_i;\n"
    "always_ff @(posedge clk_i) q_o <= a_i && w[3];",
    "no driver in one case": "logic x_q; always_ff @(posedge clk_i) x_q <= a_i;\n"
    "assign q_o = a_i ? 1'bz : x_q;",
    "a random number": "always_ff @(posedge clk_i) q_o <= a_i && ($urandom & 1);",
    "a word that two processes write at once": "logic m [2]; assign q_o = m[!a_i];\n"
    "always @(posedge clk_i) m[!a_i] <= a_i; always @(posedge clk_i) m[~a_i] <= !a_i;",
    "division by 0": CLOCKED + "assign q_o = x_q / !a_i;",
    "0 to a power below 0": CLOCKED
    + "wire signed [1:0] z = {2{!a_i}}, m = {2{x_q}}; assign q_o = z ** m;",
    "the clock as data": CLOCKED + "assign q_o = x_q & clk_i;",
}


SET_OFF = (
    "logic r; always_ff @(posedge clk_i) r <= a_i;\n"
    "always_ff @(posedge clk_i or posedge clear) if (clear) q_o <= 1'b0; else q_o <= 1'b1;\n"
    "wire clear = r && a_i;"
)
"""A register that is cleared by another one, with an input."""


def _source(body):
    return {"t.sv": f"{HEAD}{body}\nendmodule\n"}


@pytest.fixture(scope="module")
def texts(sources):
    """Netlists of all that yosys elaborates, by body: one start of it."""
    assert sources
    bodies = [*REFUSED, *UNKNOWN.values(), *(body for body, _ in KNOWN.values()), SET_OFF]
    bodies += [CLOCKED + body for body in FIRST]
    made = elaborate_many([_source(body) for body in bodies], top="t", parameters={})
    return dict(zip(bodies, made, strict=True))


@pytest.mark.usefixtures("sources")
@pytest.mark.parametrize("body", REFUSED_BY_YOSYS)
def test_what_yosys_refuses_is_said(body):
    with pytest.raises(FormatError, match=REFUSED_BY_YOSYS[body]):
        elaborate(_source(body), top="t")


@pytest.mark.usefixtures("sources")
def test_an_index_out_of_range_is_refused_before_yosys_reads_another_element():
    """Of w[1][-1] yosys makes w[0][2], and a simulator x: what is proved would not be what runs."""
    body = "logic w [2][3]; always_comb for (int r = 0; r < 2; r++) for (int c = 0; c < 3; c++)\n"
    body += "w[r][c] = a_i; assign q_o = w[1][C - 1];"
    source = {
        "t.sv": HEAD.replace("module t", "module t #(parameter C = 2)") + body + "\nendmodule\n"
    }
    with pytest.raises(FormatError, match=r"t\.sv:\d+: .*cannot refer to element -1"):
        elaborate(source, top="t", parameters={"C": 0})
    elaborate_json(source, top="t", parameters={"C": 3})
    assert elaborate_many([source], top="t", parameters={"C": 0}) == [None]


@pytest.mark.parametrize("body", REFUSED)
def test_it_is_refused_by_name(texts, body):
    with pytest.raises(FormatError, match=REFUSED[body]):
        read_netlist(parse(texts[body]))


def outputs(text):
    """What q_o is after an edge with a_i = 1, after any reset there is."""
    machine = Machine(read_netlist(parse(text)), Words(Algebra()))
    for _ in range(2):
        machine.settle({"a_i": 1})
        machine.tick()
    machine.settle({})
    return machine.read("q_o")


@pytest.mark.parametrize("what", UNKNOWN)
def test_what_has_no_value_is_unknown(texts, what):
    assert outputs(texts[UNKNOWN[what]]).unknown is not None


KNOWN = {
    "of two writes of one process at once, the last": (
        "logic m [2]; assign q_o = m[!a_i];\n"
        "always @(posedge clk_i) begin m[!a_i] <= !a_i; m[~a_i] <= a_i; end",
        1,
    ),
    "-1 to the power of -1": (
        CLOCKED
        + "wire signed [1:0] m = {2{x_q}}; wire signed [3:0] p = m ** m; assign q_o = p[3];",
        1,
    ),
    "-2 cubed, in more bits": (
        CLOCKED + "wire signed [1:0] m = {x_q, !a_i}; wire signed [7:0] p = m ** 2'd3;\n"
        "assign q_o = p[6] && !p[2];",
        1,
    ),
}


@pytest.mark.parametrize("what", KNOWN)
def test_what_has_a_value_is_known(texts, what):
    body, value = KNOWN[what]
    assert outputs(texts[body]) == value


FIRST = [
    "always_comb unique case (1'b1) a_i: q_o = 1'b0; x_q: q_o = 1'b1; default: q_o = 1'b0; endcase",
    "always_comb unique if (a_i) q_o = 1'b0; else if (x_q) q_o = 1'b1; else q_o = 1'b0;",
    "always_comb unique0 case (1'b1) a_i: q_o = 1'b0; default: q_o = 1'b0; x_q: q_o = 1'b1; endcase",
    "always_comb (* parallel_case *) case (1'b1) a_i: q_o = 1'b0; x_q: q_o = 1'b1; default: q_o = 1'b0;"
    " endcase",
    "always_comb case (1'b1) // synopsys full_case parallel_case\n"
    "a_i: q_o = 1'b0; x_q: q_o = 1'b1; default: q_o = 1'b0; endcase",
]
"""Two cases fit once x_q is 1, against what is promised."""


@pytest.mark.parametrize("body", FIRST)
def test_the_first_case_that_fits_is_taken_whatever_is_promised(texts, body):
    assert outputs(texts[CLOCKED + body]) == 0


def test_a_promise_that_is_believed_is_caught(monkeypatch):
    monkeypatch.setattr(elaborate_module, "without_promises", dict)
    made = elaborate_many([_source(CLOCKED + body) for body in FIRST], top="t", parameters={})
    assert 1 in [outputs(text) for text in made if text]


@pytest.fixture
def by_slang(sources, monkeypatch):
    """What slang makes of a body; without: an option that it does not get."""
    assert sources

    def refuse(*_, **__):
        raise FormatError("left to slang")

    def made(body, without=""):
        monkeypatch.setattr(elaborate_module, "check_readings", refuse)
        monkeypatch.setattr(elaborate_module, "_VERSION", f"slang {without}")  # of the cache
        options = [one for one in SLANG if one != without]
        monkeypatch.setattr(elaborate_module, "_SLANG", options)
        return elaborate_json(_source(body), top="t")

    return made


SLANG = elaborate_module._SLANG
MADE_OF_X = ["an undriven net and itself", "an undriven net and its inverse"]


@pytest.mark.parametrize("what", [*MADE_OF_X, "division by 0", "the clock as data"])
def test_slang_makes_nothing_of_an_x(by_slang, what):
    assert outputs(by_slang(UNKNOWN[what])).unknown is not None


@pytest.mark.parametrize("what", MADE_OF_X)
def test_the_optimizer_that_slang_calls_would_make_something_of_an_x(by_slang, what):
    assert isinstance(outputs(by_slang(UNKNOWN[what], without="--no-proc")), int)


@pytest.mark.parametrize("body", FIRST)
def test_slang_takes_the_first_case_that_fits(by_slang, body):
    assert outputs(by_slang(CLOCKED + body)) == 0


def test_a_clear_that_an_edge_sets_off_acts_before_the_inputs_change(texts):
    machine = Machine(read_netlist(parse(texts[SET_OFF])), Words(Algebra()))
    for a in (0, 1):  # at the edge r becomes 1, and with it the clear, while a is 1
        machine.settle({"a_i": a})
        machine.tick()
    machine.settle({"a_i": 0})
    assert machine.read("q_o") == 0


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


def test_a_netlist_in_the_cache_that_is_not_what_yosys_made_is_made_again(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    source = _source("always_ff @(posedge clk_i) q_o <= a_i;")
    made = elaborate_json(source, top="t")
    (entry,) = (tmp_path / "tilewright" / "netlists").iterdir()
    entry.write_text(made.replace("$dff", "$not"))
    assert elaborate_json(source, top="t") == made
    assert entry.read_text() == made

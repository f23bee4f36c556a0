"""yosys reads ``|4'(x)`` as ``(|4)'(x)``, and ``int'(x)`` as unsigned where x is: it is given other text."""

from __future__ import annotations

from pathlib import Path

import pytest

from tilewright.errors import FormatError
from tilewright.formal import casts, run_yosys
from tilewright.formal.casts import with_plain_casts

DESIGN = """module any (input logic [3:0] x, output logic gate, parity, negative);
  logic signed [3:0] weight;
  assign weight = -4'sd3;
  assign negative = 12'(weight * int'(x)) >>> 11;
  localparam int W = 4;
  assign gate = |4'(x);
  assign parity = x[3] ? ^W'(x) : !(^W'(x));
endmodule
"""
SCRIPT = "read_verilog -sv any.sv; prep -top any; eval -set x {x} any"


def written(expression: str) -> str:
    text = with_plain_casts({"a.sv": f"assign y = {expression};"})["a.sv"]
    return text.removeprefix("assign y = ").removesuffix(";")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("|4'(x)", "|(4'(x))"),
        ("a & |W'(x)", "a & |(W'(x))"),
        ("~&p::W'({a, b})", "~&(p::W'({a, b}))"),
        ("(-(W + 1)'(x)) * 3", "(-((W + 1)'(x))) * 3"),
        ("^8'(|4'(x))", "^(8'(|(4'(x))))"),
        ("g * int'(u)", "g * $signed(int'(u))"),
        ("!4'(x) /* |4'(x) */", "!(4'(x)) /* |4'(x) */"),
    ],
)
def test_a_cast_behind_an_operator_is_bracketed(expression: str, expected: str) -> None:
    assert written(expression) == expected
    assert written(expected) == expected


@pytest.mark.parametrize(
    "expression",
    ["a | 4'(x)", "(a) - W'(x)", "m[0] ^ 4'(x)", "4'(x) + 5", "|x", "-4'd3", "~(4'(x))"],
)
def test_other_text_stays_as_it_is(expression: str) -> None:
    assert written(expression) == expression


def test_types_of_the_sources_own_are_known_in_every_file() -> None:
    sources = {
        "p.sv": "package p; typedef logic signed [7:0] code_t; typedef int sum_t; endpackage",
        "a.sv": "assign y = p::code_t'(u) * sum_t'(x) + 8'(u);",
    }
    expected = "assign y = $signed(p::code_t'(u)) * $signed(sum_t'(x)) + 8'(u);"
    once = with_plain_casts(sources)
    assert once["a.sv"] == expected
    assert with_plain_casts(once) == once


def test_the_place_of_what_is_no_token_is_named() -> None:
    with pytest.raises(FormatError, match=r"a\.sv:2: "):
        with_plain_casts({"a.sv": "assign y = |4'(x);\nassign \x01 = 1;"})
    assert with_plain_casts({"a.sv": "assign \x01 = a | 4'(x);"}) == {
        "a.sv": "assign \x01 = a | 4'(x);"
    }


def test_a_line_with_macros_is_read_too() -> None:
    text = "assign \\y[0] = |`W'(x) + `MOST(|4'(x));"
    assert with_plain_casts({"a.sv": text}) == {
        "a.sv": "assign \\y[0] = |(`W'(x)) + `MOST(|(4'(x)));"
    }


def bits(folder: Path, x: int) -> tuple[bool, bool, bool]:
    status, output = run_yosys(
        SCRIPT.format(x=x), {"any.sv": DESIGN}, folder=folder, timeout_s=120.0
    )
    assert status == 0, output
    return "gate = 1'1" in output, "parity = 1'1" in output, "negative = 1'1" in output


def test_yosys_computes_what_the_standard_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = {
        x: (x != 0, x.bit_count() % 2 == (1 if x >> 3 else 0), x != 0) for x in (0, 2, 5, 10, 13)
    }
    assert {x: bits(tmp_path, x) for x in expected} == expected
    monkeypatch.setattr(casts, "_rewritten", lambda text, *_: text)
    assert bits(tmp_path, 2) != expected[2]  # what it makes of the same text unbracketed

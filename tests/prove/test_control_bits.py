"""Control and data in one bus; words that are said to be where they cannot be; saturation off by one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.prove.mac import described, recorded
from tilewright.errors import ConfigError, FormatError
from tilewright.prove.any_array import prove_recorded
from tilewright.prove.streams import Described, Stream

pytestmark = pytest.mark.usefixtures("sources")

BUS = """
module mac (input clk, rst_n, input [6:0] x, input [3:0] w, output reg [9:0] y);
  wire signed [8:0] p = $signed({1'b0, x[3:0]}) * $signed(w);
  wire en = x[4], first = x[5];
  always @(posedge clk) if (!rst_n) y <= 0; else begin
    y[9] <= x[6];
    if (en) y[8:0] <= (first ? 9'sd0 : $signed(y[8:0])) + p;
  end
endmodule
"""
BUS_WIDTHS = {"clk": 1, "rst_n": 1, "x": 7, "w": 4, "y": 10}
BUS_ROWS = [
    {},
    {"rst_n": 1},
    *({"rst_n": 1, "x": 16 + n % 2 * 64 + (1 - n % 2) * 32} for n in range(4)),
]
BUS_ROWS.append({"rst_n": 1})


def on_a_bus(**changes):
    words = {"bits": 4, "when": ("x[4]",), "beat": "2*p + k"}
    what = replace(
        described(),
        control=("x[6:5]",),
        streams=(
            Stream(word="a", port="x", signed=False, **words),
            Stream(word="w", port="w", signed=True, **words),
            Stream(word="y", port="y", bits=9, signed=True, when=("rst_n",), beat="2*p + 3"),
        ),
    )
    return replace(what, **changes)


def prove_bus(tmp_path, text=BUS, **changes):
    run = recorded(tmp_path / "run.vcd", BUS_WIDTHS, BUS_ROWS)
    return prove_recorded({"mac.v": text}, on_a_bus(**changes), run, confirms=False)


def test_bits_of_control_beside_data_are_as_recorded(tmp_path):
    verdict = prove_bus(tmp_path)
    assert verdict.answer == "proved"
    assert "data anything where no word is" in verdict.claim
    assert "data as recorded where no word is" in prove_bus(tmp_path, control=()).claim


def test_control_beside_sums_must_be_known(tmp_path):
    text = BUS.replace("y[9] <= x[6]", "y[9] <= x[6] && p != 0")
    rows = [*BUS_ROWS]
    run = recorded(tmp_path / "run.vcd", BUS_WIDTHS, rows)
    known = run.read_text().replace("bx y", "b0 y").replace("b0 y", "bx y", 1)
    what = on_a_bus(control=("x[6:5]", "y[9]"))
    run.write_text(known)
    verdict = prove_recorded({"mac.v": text}, what, run, confirms=False)
    assert verdict.answer == "undecided"
    assert (
        "output y[9] must be known control in cycle 4, but is not: it depends on" in verdict.reason
    )
    verdict = prove_recorded({"mac.v": BUS}, what, run, confirms=False)
    assert verdict.answer == "refuted"
    assert "output y[9] is 1 in cycle 4, but 0 was recorded" in verdict.reason


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"control": ("x[3]",)}, r"bits of a word are no control, but a\[0\]\[0\]\[0\] has x\[3\]"),
        ({"control": ("v",)}, "control must be a port or bits of one, but v is none"),
        ({"control": ("x[7]",)}, r"x has 7 bits, so there is no x\[7\]"),
        ({"control": ("x[1:2]",)}, "a condition must be like x, x=0, x!=3, x"),
    ],
)
def test_control_that_is_none(tmp_path, changes, message):
    with pytest.raises(ConfigError, match=message):
        prove_bus(tmp_path, **changes)


@pytest.mark.parametrize(
    ("word", "facts", "message"),
    [
        (
            "a",
            {"beat": "2*p"},
            r"a\[0\]\[0\]\[0\] and a\[0\]\[0\]\[1\] both have x\[0\] in cycle 2",
        ),
        (
            "a",
            {"lane": "k"},
            r"word a\[0, 0, 1\] must lie in x, which has 7 bits, but begins at bit 4",
        ),
        ("y", {"bits": 11}, r"word y\[0, 0, 0\] must lie in y, which has 10 bits"),
        ("y", {"port": "z"}, "a port of y must be an output of mac, but z is none"),
    ],
)
def test_words_that_do_not_stand_there(tmp_path, word, facts, message):
    what = on_a_bus()
    streams = tuple(replace(one, **facts) if one.word == word else one for one in what.streams)
    with pytest.raises(ConfigError, match=message):
        prove_bus(tmp_path, streams=streams)


# -- saturation ---------------------------------------------------------------------------------------

SATURATED = """
module sat (input clk, rst, en, first, input [3:0] a, input signed [3:0] w, output reg signed [7:0] y);
  wire signed [9:0] s = (first ? 8'sd0 : y) + $signed({1'b0, a}) * w;
  always @(posedge clk) if (rst) y <= 0; else if (en) y <= s > 127 ? 127 : s < -128 ? -128 : s;
endmodule
"""


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize(
    ("before", "after", "answer"),
    [
        ("-128 ?", "-128 ?", "proved"),
        ("> 127", "> 128", "refuted"),
        ("< -128", "< -129", "refuted"),
    ],
)
def test_a_limit_that_is_off_by_one_is_refuted(tmp_path, before, after, answer, count):
    """One sum alone shows it, of all that a few products can make."""
    words = {"bits": 4, "when": ("en",), "beat": "k"}
    what = Described(
        top="sat",
        clock="clk",
        computes="saturate each",
        sizes={"P": 1, "T": 1, "K": count, "C": 1},
        streams=(
            Stream(word="a", port="a", signed=False, **words),
            Stream(word="w", port="w", signed=True, **words),
            Stream(word="y", port="y", bits=8, signed=True, when=("rst=0",), beat="K"),
        ),
        parameters={},
    )
    widths = {"clk": 1, "rst": 1, "en": 1, "first": 1, "a": 4, "w": 4, "y": 8}
    rows = [{"rst": 1}, *({"en": 1, "first": n == 0} for n in range(count)), {}]
    run = recorded(tmp_path / "run.vcd", widths, rows)
    text = SATURATED.replace(before, after)
    assert prove_recorded({"sat.v": text}, what, run, confirms=False).answer == answer


def test_sums_that_do_not_fit_are_said_to_be_compared_modulo_a_power_of_two(tmp_path):
    assert "modulo" not in prove_bus(tmp_path).claim
    streams = on_a_bus().streams
    verdict = prove_bus(tmp_path, streams=(*streams[:2], replace(streams[2], bits=8)))
    assert verdict.answer == "proved"
    assert ", y modulo 2^8 alone, as sums of -240 to 210 do not fit)" in verdict.claim


@pytest.mark.parametrize(
    ("computes", "bits", "is_signed", "wraps"),
    [
        ("identity", 9, True, False),
        ("identity", 9, False, True),
        ("relu", 8, False, False),
        ("relu", 8, True, True),
        ("saturate", 4, True, False),
        ("saturate each", 4, True, False),
    ],
)
def test_which_sums_do_not_fit(computes, bits, is_signed, wraps):
    """Two products of codes up to 15 with weights from -8 to 7: -240 to 210."""
    streams = on_a_bus().streams
    y = replace(streams[2], bits=bits, signed=is_signed)
    assert on_a_bus(computes=computes, streams=(*streams[:2], y)).wraps() == wraps


def test_a_port_of_another_width_than_was_recorded_is_refused(tmp_path):
    narrow = BUS.replace("[9:0] y", "[8:0] y").replace("y[9] <= x[6];", "")
    told = "y of mac has 10 bits there and 9 here: other sources or parameters"
    with pytest.raises(FormatError, match=told):
        prove_bus(tmp_path, narrow)

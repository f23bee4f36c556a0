"""One MAC in the styles that users have: right ones are proved, and ones that are a little wrong are not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tilewright.errors import ConfigError, FormatError
from tilewright.formal import misreadings
from tilewright.formal.sources import packages_first
from tilewright.prove import elaborate
from tilewright.prove.any_array import prove_recorded, read_files
from tilewright.prove.streams import Described, Stream
from tilewright.prove.words import Words

pytestmark = pytest.mark.usefixtures("sources")

HEAD = "input logic clk, rst_n, en, first, input logic [3:0] a, w, output logic signed [8:0] y"
WIDTHS = {"clk": 1, "rst_n": 1, "en": 1, "first": 1, "a": 4, "w": 4, "y": 9}
ROWS = [
    {},
    {"rst_n": 1},
    *({"rst_n": 1, "en": 1, "first": n % 2 == 0} for n in range(4)),
    {"rst_n": 1},
]
"""What is 1 before each edge: two sums of two products."""
STEP = "always_ff @(posedge clk) if (!rst_n) y <= '0; else if (en) y <= (first ? 9'sd0 : y) + p;"

PACKAGE = """
package mac_types;
  typedef logic signed [8:0] sum_t;
  typedef struct packed { logic [3:0] a; logic signed [3:0] w; } pair_t;
  typedef enum logic [1:0] {IDLE, ADD, CLEAR} op_e;
  function automatic sum_t product(input pair_t p);
    return $signed({1'b0, p.a}) * p.w;
  endfunction
endpackage
"""
HEADER = f"""
module mac import mac_types::*; #(parameter type acc_t = sum_t) ({HEAD});
  pair_t pair;
  op_e op;
  assign pair = '{{a: a, w: w}};
  always_comb begin
    op = IDLE;
    if (en) op = first ? CLEAR : ADD;
  end
  always_ff @(posedge clk)
    if (!rst_n) y <= '0;
    else if (op == CLEAR) y <= acc_t'(product(pair));
    else if (op == ADD) y <= y + product(pair);
endmodule
"""
INTERFACE = f"""
interface lane; logic [3:0] a, w; modport to (input a, w); modport from (output a, w); endinterface
module product(lane.to i, output logic signed [8:0] p);
  assign p = $signed({{1'b0, i.a}}) * $signed(i.w);
endmodule
module mac ({HEAD});
  lane lanes[1] ();
  logic signed [8:0] p;
  assign lanes[0].a = a; assign lanes[0].w = w;
  product u (.i(lanes[0]), .p);
  {STEP}
endmodule
"""
RETURNS = f"""
module mac ({HEAD});
  function automatic logic signed [8:0] times(input logic [3:0] a, input logic signed [3:0] w);
    if (w == 0) return 0;
    if (w[3]) return -($signed({{1'b0, a}}) * -w);
    return $signed({{1'b0, a}}) * w;
  endfunction
  wire signed [8:0] p = times(a, w);
  {STEP}
endmodule
"""
DIGITS = f"""
module mac ({HEAD});
  function automatic logic signed [8:0] digit(input logic [2:0] d, input logic [3:0] a);
    case (d)
      3'b000, 3'b111: digit = 0;
      3'b001, 3'b010: digit = a;
      3'b011: digit = a << 1;
      3'b100: digit = -(a << 1);
      3'b101, 3'b110: digit = -a;
      default: digit = 'x;
    endcase
  endfunction
  wire signed [8:0] p = digit({{w[1:0], 1'b0}}, a) + (digit(w[3:1], a) <<< 2);
  {STEP}
endmodule
"""
CASTS = f"""
module mac ({HEAD});
  wire [4:0] both = w + a;
  wire is_none = (4'(both) - 4'(a)) == 4'd0;
  wire signed [8:0] p = is_none ? 0 : $signed({{1'b0, a}}) * $signed(w);
  {STEP}
endmodule
"""
UNPACKED = f"""
module product(input logic [3:0] x [2], output logic signed [8:0] p);
  assign p = $signed({{1'b0, x[0]}}) * $signed(x[1]);
endmodule
module mac ({HEAD});
  logic [3:0] x [2];
  logic signed [8:0] p;
  always_comb begin x[0] = a; x[1] = w; end
  product u (.x, .p);
  {STEP}
endmodule
"""
STYLES = {
    "packages in the header": (
        {"mac.sv": HEADER, "types.sv": PACKAGE},
        "$signed({1'b0, p.a})",
        "p.a",
    ),
    "interfaces": ({"mac.sv": INTERFACE}, "$signed(i.w)", "i.w"),
    "early returns": ({"mac.sv": RETURNS}, "* -w", "* ~w"),
    "digits of which no other is left": (
        {"mac.sv": DIGITS},
        "3'b011: digit = a << 1",
        "3'b011: digit = a",
    ),
    "casts": ({"mac.sv": CASTS}, "$signed(w)", "w"),
    "unpacked ports": ({"mac.sv": UNPACKED}, "[8:0] p);\n  assign", "[8:0] p);\n  assign #1"),
}
"""Sources, and a text with what makes them wrong, or changes nothing."""


def described():
    words = {"bits": 4, "when": ("en",), "beat": "2*p + k"}
    return Described(
        top="mac",
        clock="clk",
        computes="identity",
        sizes={"P": 2, "T": 1, "K": 2, "C": 1},
        streams=(
            Stream(word="a", port="a", signed=False, **words),
            Stream(word="w", port="w", signed=True, **words),
            Stream(word="y", port="y", bits=9, signed=True, when=("rst_n",), beat="2*p + 3"),
        ),
        parameters={},
    )


def recorded(path, widths=WIDTHS, rows=ROWS):
    """A recording: what is 1 before each edge, other words of all rows 0, the output never known."""
    names = [*widths]
    lines = ["$scope module dut $end"]
    lines += [f"$var wire {widths[name]} {name} {name} $end" for name in names]
    lines += ["$upscope $end", "$enddefinitions $end"]
    for cycle, row in enumerate(rows):
        lines += [f"#{10 * cycle}", "b0 clk", "bx y"]
        lines += [f"b{int(row.get(n, 0)):b} {n}" for n in names if n not in ("clk", "y")]
        lines += [f"#{10 * cycle + 5}", "b1 clk"]
    path.write_text("\n".join(lines) + "\n")
    return path


def prove(tmp_path, sources, what=None, **options):
    run = recorded(tmp_path / "run.vcd")
    return prove_recorded(sources, what or described(), run, confirms=False, **options)


@pytest.mark.parametrize("name", STYLES)
def test_a_right_one_is_proved(tmp_path, name):
    verdict = prove(tmp_path, STYLES[name][0])
    assert verdict.answer == "proved", verdict
    assert "data anything where no word is" in verdict.claim


@pytest.mark.parametrize("name", STYLES)
def test_a_wrong_one_is_refuted(tmp_path, name):
    sources, before, after = STYLES[name]
    changed = {file: text.replace(before, after) for file, text in sources.items()}
    assert changed != sources
    answer = prove(tmp_path, changed).answer
    assert answer == ("proved" if "#1" in after else "refuted")  # a delay is none of a netlist's


@pytest.mark.parametrize("name", ["packages in the header", "interfaces", "early returns", "casts"])
def test_without_slang_it_is_refused(tmp_path, name, monkeypatch):
    monkeypatch.setattr(elaborate, "_slang_script", lambda *_: "read_no_slang")
    monkeypatch.setattr(elaborate, "_NO_SLANG", "No such command: read_no_slang")
    with pytest.raises(FormatError):
        prove(tmp_path, STYLES[name][0])


def test_yosys_alone_leaves_an_interface_without_drivers(tmp_path, monkeypatch):
    monkeypatch.setattr(misreadings, "_INTERFACE", misreadings.re.compile("no such text"))
    monkeypatch.setattr(elaborate, "_VERSION", "without")
    assert prove(tmp_path, STYLES["interfaces"][0]).answer == "undecided"


REACHED = "3'b101, 3'b110: digit = -a;"


def test_an_x_that_is_reached_is_not_proved(tmp_path):
    text = DIGITS.replace(REACHED, "3'b101: digit = -a;")
    verdict = prove(tmp_path, {"mac.sv": text})
    assert verdict.answer == "undecided"
    assert "is not known: an x of the source" in verdict.reason


TWICE = f"""
module mac ({HEAD});
  logic [3:0] x, before, a_before;
  always_comb case (a) 4'd0: x = 4'd3; default: x = 'x; endcase
  always_ff @(posedge clk) if (en) begin before <= x; a_before <= a; end
  logic signed [8:0] p, late;
  assign p = $signed({{1'b0, a}}) * $signed(w);
  always_ff @(posedge clk) if (!rst_n) late <= '0; else if (en) late <= (first ? 9'sd0 : late) + p;
  assign y = late + (a == 4'd0 || a_before == 4'd0 ? 4'd0 : x - before);
endmodule
"""


def test_an_x_is_another_one_in_each_cycle(tmp_path, monkeypatch):
    """If it were one number for all cycles, x - before would be 0."""
    sources = {"mac.sv": TWICE}
    rows = [row | {"a": 1} for row in ROWS]
    run = recorded(tmp_path / "run.vcd", rows=rows)
    assert prove_recorded(sources, described(), run, confirms=False).answer != "proved"
    one = {}

    def same(words, value):
        if isinstance(value, int) or not (value.unknown and value.unknown.is_free):
            return value
        return one.setdefault(id(words), words.of(words.algebra.variable("x", 0, 15), value.width))

    monkeypatch.setattr(Words, "freed", same)
    assert prove_recorded(sources, described(), run, confirms=False).answer == "proved"


# -- control beside data ----------------------------------------------------------------------------

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


# -- files ------------------------------------------------------------------------------------------

INCLUDES = """
`include "inc/widths.vh"
module mac (
  input wire clk, rst_n, en, first, input wire [`ACT-1:0] a, input wire signed [3:0] w,
  output reg signed [8:0] y
);
  `include "inc/body.vh"
endmodule
"""


def test_what_a_source_includes_is_found_beside_it(tmp_path):
    (tmp_path / "inc").mkdir()
    (tmp_path / "inc" / "widths.vh").write_text("`define ACT 4\n")
    body = "always @(posedge clk) if (!rst_n) y <= 0; else if (en)\n"
    body += "y <= (first ? 9'sd0 : y) + $signed({1'b0, a}) * w;\n"
    (tmp_path / "inc" / "body.vh").write_text(body)
    (tmp_path / "mac.v").write_text(INCLUDES)
    files = read_files([tmp_path / "mac.v"])
    assert sorted(files) == ["inc/body.vh", "inc/widths.vh", "mac.v"]
    assert prove(tmp_path, files).answer == "proved"
    also_named = read_files([tmp_path / "mac.v", tmp_path / "mac.v"])
    assert also_named == files


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            ("a/pe.v", "b/pe.v"),
            r"sources must have names of their own, but .*a/pe\.v and .*b/pe\.v share",
        ),
        (
            ("pe.vhd",),
            r"a proof reads Verilog and SystemVerilog, but .*pe\.vhd is VHDL: make Verilog of",
        ),
    ],
)
def test_sources_that_are_refused(tmp_path, names, message):
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("module pe; endmodule\n")
    with pytest.raises(ConfigError, match=message):
        read_files([tmp_path / name for name in names])


def test_files_come_after_the_packages_that_they_name():
    sources = {
        "top.sv": "module top import types::*; (); endmodule",
        "defs.svh": "`define W 4",
        "types.sv": '`include "defs.svh"\npackage types; parameter W = sizes::W; endpackage',
        "sizes.sv": "package automatic sizes; parameter W = `W; endpackage",
    }
    assert packages_first(sources) == ["sizes.sv", "types.sv", "top.sv"]

"""One MAC in the styles that users have: right ones are proved, and ones that are a little wrong are not."""

from __future__ import annotations

import pytest

from tests.prove.mac import HEAD, ROWS, STEP, described, prove, recorded
from tilewright.errors import FormatError
from tilewright.formal import misreadings
from tilewright.prove import elaborate
from tilewright.prove.any_array import prove_recorded
from tilewright.prove.words import Words

pytestmark = pytest.mark.usefixtures("sources")

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

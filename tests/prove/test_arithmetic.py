"""Multipliers, tables, saturation and adders in the ways that users write them, right and a little wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.prove.mac import WIDTHS, recorded
from tilewright.errors import FormatError
from tilewright.prove import any_array, around, cut_points, elaborate, everywhere, memories, paths
from tilewright.prove.algebra import Algebra
from tilewright.prove.any_array import prove_recorded
from tilewright.prove.decide import Decider, Decision
from tilewright.prove.streams import Described, Stream

pytestmark = pytest.mark.usefixtures("sources")

TERMS = 3
ROWS = [
    {},
    {"rst_n": 1},
    *({"rst_n": 1, "en": 1, "first": n == 0} for n in range(TERMS)),
    {"rst_n": 1},
]


def mac(body, bits=12, top="mac"):
    return (
        f"module {top} (input logic clk, rst_n, en, first, input logic [3:0] a, w, "
        f"output logic signed [{bits - 1}:0] y);\n{body}\nendmodule\n"
    )


def described(bits=12, computes="identity", *, is_signed=False):
    words = {"bits": 4, "when": ("en",), "beat": "k"}
    y = Stream(word="y", port="y", bits=bits, signed=True, when=("rst_n",), beat=str(TERMS + 1))
    return Described(
        top="mac",
        clock="clk",
        computes=computes,
        sizes={"P": 1, "T": 1, "K": TERMS, "C": 1},
        streams=(
            Stream(word="a", port="a", signed=is_signed, **words),
            Stream(word="w", port="w", signed=True, **words),
            y,
        ),
        parameters={},
    )


def prove(tmp_path, text, what=None, rows=ROWS):
    what = what or described()
    run = recorded(tmp_path / "run.vcd", WIDTHS | {"y": what.of("y").bits}, rows)
    return prove_recorded({"mac.sv": text}, what, run, confirms=False)


STEP = "always_ff @(posedge clk) if (!rst_n) y <= '0; else if (en) y <= (first ? 12'sd0 : y) + p;"
PRODUCT = "wire signed [8:0] p = $signed({1'b0, a}) * $signed(w);"
BOOTH = f"""
  function automatic logic signed [8:0] digit(input logic [2:0] d, input logic [3:0] a);
    case (d)
      3'b001, 3'b010: digit = {{5'b0, a}};
      3'b011: digit = {{4'b0, a, 1'b0}};
      3'b100: digit = -{{4'b0, a, 1'b0}};
      3'b101, 3'b110: digit = -{{5'b0, a}};
      default: digit = '0;
    endcase
  endfunction
  wire signed [8:0] p = digit({{w[1:0], 1'b0}}, a) + (digit(w[3:1], a) <<< 2);
  {STEP}"""
TABLE = f"""
  logic signed [8:0] rom [256]; integer i, j;
  initial for (i = 0; i < 16; i = i + 1) for (j = -8; j < 8; j = j + 1) rom[i * 16 + (j & 15)] = i * j;
  wire signed [8:0] p = rom[{{a, w}}];
  {STEP}"""
SQUARES = f"""
  wire signed [5:0] s = $signed({{1'b0, a}}) + $signed(w), d = $signed({{1'b0, a}}) - $signed(w);
  wire [11:0] s2 = s * s, d2 = d * d;
  wire signed [11:0] p = (s2 >> 2) - (d2 >> 2);
  {STEP}"""
GATES = f"""
  wire [7:0] s [5], wide = {{{{4{{w[3]}}}}, w}};
  assign s[0] = '0;
  for (genvar i = 0; i < 4; i++) begin : row
    wire [8:0] c; wire [7:0] q = a[i] ? wide << i : 8'd0;
    assign c[0] = 1'b0;
    for (genvar j = 0; j < 8; j++) begin : bits
      assign s[i + 1][j] = s[i][j] ^ q[j] ^ c[j];
      assign c[j + 1] = s[i][j] & q[j] | c[j] & (s[i][j] ^ q[j]);
    end
  end
  wire signed [7:0] p = s[4];
  {STEP}"""
CARRIES = f"""
  function automatic logic [8:0] most(input logic [8:0] x, z, v);
    return (x & z) | (x & v) | (z & v);
  endfunction
  wire [8:0] q0 = {{5'b0, a & {{4{{w[0]}}}}}}, q1 = {{4'b0, a & {{4{{w[1]}}}}, 1'b0}};
  wire [8:0] q2 = {{3'b0, a & {{4{{w[2]}}}}, 2'b0}}, q3 = ~{{2'b0, a & {{4{{w[3]}}}}, 3'b0}} + 9'd1;
  wire [8:0] s1 = q0 ^ q1 ^ q2, c1 = most(q0, q1, q2) << 1;
  wire [8:0] s2 = s1 ^ c1 ^ q3, c2 = most(s1, c1, q3) << 1;
  wire signed [8:0] p = s2 + c2;
  {STEP}"""
SKIPS = f"""
  wire is_none = a == 0 || w == 0; {PRODUCT}
  always_ff @(posedge clk) if (!rst_n) y <= '0;
    else if (en) if (is_none) begin if (first) y <= '0; end else y <= (first ? 12'sd0 : y) + p;"""
WAYS = {
    "digits of Booth": (BOOTH, "3'b101, 3'b110: digit = -", "3'b101, 3'b110: digit = ~"),
    "a table": (TABLE, "= i * j;", "= i == 9 && j == -7 ? 62 : i * j;"),
    "squares": (SQUARES, "(d2 >> 2)", "(d2 >> 3)"),
    "gates": (GATES, "c[j] & (", "c[j] & ~("),
    "sums and carries": (CARRIES, "(z & v)", "(z | v)"),
    "zeros are skipped": (SKIPS, "a == 0 ||", "a[3:1] == 0 ||"),
}
"""Bodies of a cell, and a text with what makes them wrong."""


@pytest.mark.parametrize("name", WAYS)
def test_a_right_product_is_proved(tmp_path, name):
    verdict = prove(tmp_path, mac(WAYS[name][0]))
    assert verdict.answer == "proved", verdict


@pytest.mark.parametrize("name", WAYS)
def test_a_wrong_product_is_refuted(tmp_path, name):
    body, before, after = WAYS[name]
    assert before in body
    verdict = prove(tmp_path, mac(body.replace(before, after)))
    assert verdict.answer == "refuted", verdict


def test_a_product_that_is_not_tried_everywhere_is_caught(tmp_path, monkeypatch):
    """The wrong row of the table is none of those from which the product is guessed."""
    body, before, after = WAYS["a table"]
    wrong = mac(body.replace(before, after))
    monkeypatch.setattr(everywhere, "_TRIES", 0)
    assert prove(tmp_path, wrong).answer == "refuted"
    monkeypatch.setattr(everywhere.np, "any", lambda _: False)
    assert prove(tmp_path, wrong).answer == "proved"


def test_a_table_that_is_read_beside_its_row_is_caught(tmp_path, monkeypatch):
    honest = memories.StoredWords._word
    monkeypatch.setattr(memories.StoredWords, "_word", lambda self, at: honest(self, at ^ 1))
    assert prove(tmp_path, mac(TABLE)).answer == "refuted"


def test_a_table_that_is_too_long_is_undecided(tmp_path, monkeypatch):
    monkeypatch.setattr(memories, "_MOST_WORDS", 255)
    verdict = prove(tmp_path, mac(TABLE))
    assert (verdict.answer, "is read depends on data" in verdict.reason) == ("undecided", True)


def test_a_wrong_table_of_what_gates_make_is_caught(tmp_path, monkeypatch):
    honest = everywhere._tabled
    monkeypatch.setattr(
        everywhere,
        "_tabled",
        lambda a, support, rows: honest(a, support, everywhere.np.roll(rows, 1)),
    )
    assert prove(tmp_path, mac(CARRIES)).answer == "refuted"


BY_BITS = """
  wire signed [8:0] p = $signed({1'b0, a}) * $signed(w);
  wire signed [9:0] s = $signed(first ? 8'd0 : y) + p;
  wire above = ~s[9] & |s[8:7], below = s[9] & ~&s[8:7];
  always_ff @(posedge clk) if (!rst_n) y <= '0; else if (en) y <= above ? 8'h7f : below ? 8'h80 : s[7:0];"""
BY_SIGNS = """
  wire signed [7:0] p = $signed({1'b0, a}) * $signed(w), b = first ? 8'sd0 : y, s = b + p;
  wire is_over = b[7] == p[7] && s[7] != b[7];
  always_ff @(posedge clk) if (!rst_n) y <= '0; else if (en) y <= is_over ? {b[7], {7{~b[7]}}} : s;"""
BY_ENDS = """
  wire signed [9:0] s = (first ? 10'sd0 : 10'(y)) + $signed({1'b0, a}) * $signed(w);
  always_ff @(posedge clk) if (!rst_n) y <= '0; else if (en)
    y <= s >= 127 ? 8'sd127 : s <= -128 ? -8'sd128 : s[7:0];"""
SATURATING = {
    "by the bits above": (BY_BITS, "8'h80", "8'h81"),
    "by the signs": (BY_SIGNS, "{7{~b[7]}}", "{6{~b[7]}}, 1'b0"),
    "by comparisons that end early": (BY_ENDS, "s >= 127", "s > 128"),
}


@pytest.mark.parametrize("name", SATURATING)
def test_saturation_is_proved_however_it_is_decided(tmp_path, name):
    body, before, after = SATURATING[name]
    what = described(8, "saturate each")
    assert prove(tmp_path, mac(body, 8), what).answer == "proved"
    assert before in body
    assert prove(tmp_path, mac(body.replace(before, after), 8), what).answer == "refuted"


def test_wide_operands_are_decided_by_cases(tmp_path):
    """Too many inputs to go through: which signs can come together is what decides."""
    body = BY_SIGNS.replace("8'sd0", "16'sd0").replace("[7]", "[15]").replace("{7{", "{15{")
    text = mac(body.replace("[7:0] p = $signed({1'b0, a})", "[15:0] p = $signed(a)"), 16)
    text = text.replace("[3:0] a, w", "[7:0] a, w")
    what = described(16, "saturate each", is_signed=True)
    streams = [replace(one, bits=8) if one.word in "aw" else one for one in what.streams]
    what = replace(what, streams=tuple(streams))
    run = recorded(tmp_path / "run.vcd", WIDTHS | {"a": 8, "w": 8, "y": 16}, ROWS)
    for sources, answer in ((text, "proved"), (text.replace("{15{~b[15]}}", "15'd1"), "refuted")):
        assert prove_recorded({"mac.sv": sources}, what, run, confirms=False).answer == answer


def test_a_sum_that_is_not_compared_before_it_is_cut_is_caught(tmp_path, monkeypatch):
    """The second sum is wrong where it is -101, which is none of the few at which sums are looked for."""
    body = BY_ENDS.replace("s[7:0];", "s == -101 && n == 1 ? -8'sd100 : s[7:0];")
    body += "\n  logic [1:0] n; always_ff @(posedge clk) n <= !rst_n ? '0 : en ? n + 1'd1 : n;"
    what = described(8, "saturate each")
    monkeypatch.setattr(any_array, "_ways", lambda _: [(True, True)])
    assert prove(tmp_path, mac(body, 8), what).answer != "proved"

    class Believes(Decider):
        def decide(self, p, bits):
            return Decision(is_zero=True)

    honest = cut_points.CutPoints.take
    monkeypatch.setattr(
        cut_points.CutPoints,
        "take",
        lambda self, machine, decider: honest(self, machine, Believes(decider.algebra)),
    )
    assert prove(tmp_path, mac(body, 8), what).answer == "proved"


def test_what_gates_make_of_many_inputs_is_given_up(tmp_path):
    carries = """
  wire [12:0] c; wire [11:0] q = 12'(p), b = first ? '0 : y, n;
  assign c[0] = 1'b0;
  for (genvar j = 0; j < 12; j++) begin : bits
    assign n[j] = b[j] ^ q[j] ^ c[j];
    assign c[j + 1] = b[j] & q[j] | c[j] & (b[j] ^ q[j]);
  end
  always_ff @(posedge clk) if (!rst_n) y <= '0; else if (en) y <= n;"""
    verdict = prove(tmp_path, mac(PRODUCT + carries))
    assert (verdict.answer, "in too many cases" in verdict.reason) == ("undecided", True)
    wrong = prove(tmp_path, mac(PRODUCT + carries.replace("c[0] = 1'b0", "c[0] = &q[8:6]")))
    assert wrong.answer == "refuted"


DRIVEN = f"""
  {PRODUCT} wire go; assign go = 1'b1; assign go = ~first;
  always_ff @(posedge clk) if (!rst_n) y <= '0; else if (en & go) y <= (first ? 12'sd0 : y) + p;"""


@pytest.mark.parametrize(
    ("before", "after"), [("~first", "~first"), ("~first", "1'b0"), ("go = 1'b1", "first = 1'b0")]
)
def test_a_net_of_two_assignments_is_refused(tmp_path, before, after):
    net = "first" if "first =" in after else "go"
    message = rf"^a net must have one driver, but {net} has several: mac\.sv:\d+$"
    with pytest.raises(FormatError, match=message):
        prove(tmp_path, mac(DRIVEN.replace(before, after)))


ONE_DRIVER = """
  wire [11:0] q; wire [1:0] low; wire [3:0] row [0:2];
  {product} assign {{q[11:9], low}} = {{{{3{{p[8]}}}}, p[1:0]}}, q[1:0] = low;
  for (genvar i = 2; i < 9; i++) assign q[i] = p[i];
  and (row[0][0], en, first); assign row[0][3:1] = 3'd0, row[2] = row[1]; same u[3:0] (row[0], row[1]);
  always_ff @(posedge clk) if (!rst_n) y <= '0;
    else if (en) y <= (row[2][0] ? 12'sd0 : y) + $signed(q);"""


def test_bits_of_a_net_may_have_a_driver_each(tmp_path):
    text = mac(ONE_DRIVER.format(product=PRODUCT))
    text += "module same (input x, output y); assign y = x; endmodule\n"
    assert prove(tmp_path, text).answer == "proved"


def test_yosys_alone_lets_a_constant_win(tmp_path, monkeypatch):
    monkeypatch.setattr(elaborate, "check_drivers", lambda *_, **__: None)
    monkeypatch.setattr(elaborate, "_VERSION", "without drivers")
    assert prove(tmp_path, mac(DRIVEN)).answer == "proved"


def _falling(path, rows):
    """Inputs change as the clock rises; `done` is `en` as it was when the clock fell."""
    widths = {**WIDTHS, "y": 12, "done": 1}
    lines = ["$scope module dut $end", *(f"$var wire {n} {k} {k} $end" for k, n in widths.items())]
    lines += ["$upscope $end", "$enddefinitions $end", "#0", "b0 clk", "bx y", "bx done"]
    for cycle, row in enumerate(rows):
        lines += [f"#{10 * cycle + 5}", "b1 clk"]
        lines += [f"b{int(row.get(n, 0)):b} {n}" for n in ("rst_n", "en", "first", "a", "w")]
        lines += [f"#{10 * cycle + 10}", "b0 clk", f"b{int(row.get('en', 0)):b} done"]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_falling_clock_is_recorded_before_it_falls(tmp_path, monkeypatch):
    """Before it rises, outputs would stand beside the inputs that made them."""
    body = f"{PRODUCT} {STEP} always_ff @(posedge clk) done <= rst_n & en;".replace("pos", "neg")
    text = mac(body).replace("output logic", "output logic done, output logic", 1)
    run = _falling(tmp_path / "run.vcd", [*ROWS, {"rst_n": 1}])
    assert prove_recorded({"mac.sv": text}, described(), run, confirms=False).answer == "proved"
    honest = around.record
    monkeypatch.setattr(
        around, "record", lambda *given, **named: honest(*given, **named | {"is_rising": True})
    )
    assert prove_recorded({"mac.sv": text}, described(), run, confirms=False).answer != "proved"


def test_parts_that_share_no_input_are_decided_apart():
    algebra = Algebra()
    parts = []
    for name in "abcdefgh":
        x = algebra.variable(name, 0, 255)
        parts.append(algebra.subtract(algebra.cases(x, (9,), (x, algebra.scale(x, 1))), x))
        low = algebra.floor(algebra.add(x, algebra.number(3)), 3)
        again = algebra.cases(x, range(5, 256, 8), [algebra.number(n) for n in range(33)])
        parts.append(algebra.subtract(low, again))
    total = algebra.zero
    for one in parts:
        total = algebra.add(total, one)
    assert Decider(algebra).decide(total, 16).is_zero
    wrong = Decider(algebra).decide(algebra.add(total, algebra.number(3)), 16)
    assert not wrong.is_zero
    assert wrong.point is not None


def _signs():
    algebra = Algebra()
    a, b = (algebra.variable(name, -(1 << 15), (1 << 15) - 1) for name in "ab")
    below = algebra.negative(algebra.add(a, b))
    return algebra, algebra.multiply(algebra.negative(a), algebra.negative(b)), below


def test_cases_that_cannot_come_together_are_left_out(monkeypatch):
    """No sum of two negative words is positive; where nothing is known of both, it may be."""
    algebra, both, below = _signs()
    never = algebra.multiply(both, algebra.subtract(algebra.one, below))
    assert paths.Paths(algebra, 4).are_zero(never)
    honest = paths.Paths._least
    monkeypatch.setattr(paths.Paths, "_least", lambda self, terms: honest(self, terms, 0))
    assert not paths.Paths(algebra, 4).are_zero(never)


def test_cases_that_are_wrongly_left_out_are_caught(monkeypatch):
    algebra, both, below = _signs()
    sometimes = algebra.multiply(both, below)
    assert not paths.Paths(algebra, 4).are_zero(sometimes)
    monkeypatch.setattr(paths.Paths, "_least", lambda *_: 1)
    assert paths.Paths(algebra, 4).are_zero(sometimes)


def test_ends_of_cases_are_moved_to_one_place_only_where_both_sides_are_the_same(monkeypatch):
    algebra = Algebra()
    x = algebra.variable("x", -20, 20)
    ends = [algebra.number(n) for n in (-8, 7)]
    early = algebra.cases(x, (-8, 7), (ends[0], x, ends[1]))
    assert early is algebra.cases(x, (-7, 8), (ends[0], x, ends[1]))
    other = algebra.cases(x, (-8, 6), (ends[0], x, ends[1]))
    assert other is not early
    assert [algebra.evaluate(other, {0: n}) for n in (-9, -8, 5, 6, 7, 8)] == [-8, -8, 5, 7, 7, 7]
    monkeypatch.setattr(Algebra, "_is_same_at", lambda *_: True)
    moved = algebra.cases(x, (-3, 3), (ends[0], x, ends[1]))
    assert [algebra.evaluate(moved, {0: n}) for n in (-3, 3)] != [-3, 7]

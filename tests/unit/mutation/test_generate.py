"""Mutants of small sources, listed by hand."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from tilewright.errors import FormatError
from tilewright.mutation import CATEGORIES, Mutant, count_categories, mutants_of, sample
from tilewright.rtl import RTL_DIR, is_bench
from tilewright.verilog.tokens import branches

COUNTER = """// counts
module counter #(
    parameter int Bits = 4
) (
    input  logic clk_i,
    input  logic rst_ni,
    input  logic step_i,
    output logic [Bits-1:0] count_o
);
  logic [Bits-1:0] count_q;  // a + b in a comment
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) count_q <= '0;
    else if (step_i) count_q <= count_q + Bits'(1);
  end
`ifndef SYNTHESIS
  always @(posedge clk_i) if (count_q == 3) $display("a && b");
`endif
  assign count_o = count_q;
endmodule
"""


def _changes(text):
    return Counter((m.line, m.category, m.what) for m in mutants_of(text, file="m.sv"))


def _inside(statement):
    """Changes of one statement in a module; categories and words."""
    text = f"module m;\n  {statement}\nendmodule\n"
    return {(category, what) for _, category, what in _changes(text)}


def test_every_mutant_of_a_counter():
    assert _changes(COUNTER) == Counter(
        {
            (12, "reset", "condition negated"): 1,
            (12, "reset", "count_q is not reset"): 1,
            (12, "reset", "count_q is reset to '1"): 1,
            (13, "enable", "condition always 1'b1"): 1,
            (13, "enable", "condition always 1'b0"): 1,
            (13, "operator", "condition negated"): 1,
            (13, "deletion", "count_q is not written"): 1,
            (13, "stuck bit", "lowest bit stuck at 1"): 1,
            (13, "stuck bit", "lowest bit stuck at 0"): 1,
            (13, "operator", "+ becomes -"): 1,
            (13, "carry", "+ becomes ^"): 1,
            (13, "off-by-one", "1 becomes 2"): 1,
            (13, "off-by-one", "1 becomes 0"): 1,
            (13, "width", "the lowest three eighths of count_q alone"): 1,
            (18, "stuck bit", "lowest bit stuck at 1"): 1,
            (18, "stuck bit", "lowest bit stuck at 0"): 1,
            (18, "width", "the lowest three eighths of count_o alone"): 1,
        }
    )


def test_macros_and_guards_hide_nothing():
    guarded = COUNTER.replace("[Bits-1:0] count_q", "[`W-1:0] count_q").replace("// counts", "//")
    guarded = (
        f"`ifndef COUNTER_V // once\n`define COUNTER_V\n`define W 2 + \\\n 2\n{guarded}`endif\n"
    )
    shifted = Counter({(line + 4, *rest): n for (line, *rest), n in _changes(COUNTER).items()})
    assert _changes(guarded) == shifted
    assert not _changes(guarded.replace("`define COUNTER_V", "`define OTHER"))
    assert not _changes(guarded.replace("`define W", "`else\n`define W"))


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (
            "always @(posedge clk) if (n == 4'd9) n <= 4'hf;",
            {"4'd9 becomes 4'd8", "4'd9 becomes 4'd10", "4'd9 becomes 4'd0"}
            | {"4'hf becomes 4'he", "4'hf becomes 4'h0"},
        ),
        ("wire [3:0] a = 2'b11;", {"2'b11 becomes 2'b10", "2'b11 becomes 2'b0"}),
        ("reg [3:0] a = 2'b11;", set()),
    ],
)
def test_numbers_with_a_size(statement, expected):
    assert {what for category, what in _inside(statement) if category == "off-by-one"} == expected


def test_what_is_written_beside_a_choice_or_a_delay_stays_whole():
    text = "module m;\n  assign y = first?10'd0:x;\n  always @(posedge clk) q <= #1 d;\n"
    text += "  always @(posedge clk) r <= #(T) d;\nendmodule\n"
    found = {one.after for one in mutants_of(text, file="m.v")}
    assert "assign y = 1'b1 ?10'd0:x;" in found
    assert {"always @(posedge clk) q <= #1 (d) | 1'b1;", "always @(posedge clk) ;"} <= found
    assert "always @(posedge clk) r <= #(T) (d) | 1'b1;" in found


def test_the_value_of_a_net_is_behavior():
    assert ("operator", "* becomes +") in _inside("wire signed [7:0] p = $signed(a) * \\b[0] ;")
    assert _inside("reg [7:0] p = a * b;") == set()


@pytest.mark.parametrize("words", ["rst_n == 1'b0", "RST", "!RESETN", "reset == 1"])
def test_a_reset_in_other_words(words):
    found = _inside(f"always @(posedge clk) if ({words}) q <= 1'b0; else q <= d;")
    assert ("reset", "q is not reset") in found
    assert not {what for category, what in found if category == "enable"}


def test_of_a_package_the_bodies_of_functions_have_mutants():
    package = "package p;\n  localparam int W = 2 + 2;\n  typedef logic [W-1:0] t;\nFUNCTION"
    package += "  typedef enum logic [1:0] {A = 1 + 1} e;\nendpackage\n"
    function = (
        "  function automatic t f(input logic [W-1:0] a = 1 + 1); return a + 1; endfunction\n"
    )
    assert not mutants_of(package.replace("FUNCTION", ""), file="p.sv")
    package = package.replace("FUNCTION", function)
    within = {
        (4, "carry", "+ becomes ^"): 1,
        (4, "off-by-one", "1 becomes 0"): 1,
        (4, "off-by-one", "1 becomes 2"): 1,
        (4, "operator", "+ becomes -"): 1,
    }
    assert _changes(package) == within
    lines = package.count("\n")
    beside = {(line + lines, *what): n for (line, *what), n in _changes(COUNTER).items()}
    assert _changes(package + COUNTER) == within | beside


@pytest.mark.parametrize("reset", ["rst", "!rst_n", "~aresetn", "reset", "!i_rst_n", "!nreset"])
def test_a_reset_is_known_by_its_name(reset):
    assert ("reset", "q is not reset") in _inside(
        f"always @(posedge c) if ({reset}) q <= 0; else q <= d;"
    )


def test_a_mutant_shows_its_line_before_and_after():
    (mutant,) = [m for m in mutants_of(COUNTER, file="m.sv") if m.what == "+ becomes ^"]
    assert str(mutant) == (
        "m.sv:13: carry, + becomes ^: else if (step_i) count_q <= count_q + Bits'(1);"
        "  ->  else if (step_i) count_q <= count_q ^ Bits'(1);"
    )
    assert mutant.apply(COUNTER) == COUNTER.replace("count_q + ", "count_q ^ ")


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (
            "assign x = a ? b : c;",
            {
                ("operator", "condition negated"),
                *(("enable", f"condition always 1'b{level}") for level in "01"),
                *(("stuck bit", f"lowest bit stuck at {level}") for level in "01"),
                ("width", "the lowest three eighths of x alone"),
            },
        ),
        (
            "logic y; assign y = a <= 2;",
            {
                ("off-by-one", "2 becomes 1"),
                ("off-by-one", "2 becomes 3"),
                ("constant", "2 becomes 0"),
                *(("stuck bit", f"bit stuck at {level}") for level in "01"),
            },
        ),
        (
            "assign psum = $signed(a) >>> 1;",
            {
                ("signedness", "$signed becomes $unsigned"),
                ("signedness", ">>> becomes >>"),
                ("off-by-one", "1 becomes 0"),
                ("off-by-one", "1 becomes 2"),
                *(
                    ("stuck bit", f"{bit} bit stuck at {n}")
                    for bit in ("lowest", "highest")
                    for n in "01"
                ),
            },
        ),
        ("logic signed [3:0] z;", {("signedness", "signed left out")}),
        (
            "localparam int N = M * 3;",
            {
                ("operator", "* becomes +"),
                *(("off-by-one", f"3 becomes {n}") for n in (2, 4)),
                ("constant", "3 becomes 0"),
            },
        ),
        ("for (genvar r = 0; r < Rows; r++) begin : g end", set()),
        (
            "fifo #(.Depth(Rows)) u (.clk_i, .rst_ni(rst_ni), .pop_i(a), .addr_i(b), .data_o(c));",
            {("enable", "pop_i tied to 0"), ("address", "addr_i tied to 0")},
        ),
        ("assign raddr_o = '0;", {("address", "'0 becomes '1")}),
        (
            "assign valid_o = a && !b;",
            {
                ("enable", "always '1"),
                ("enable", "always '0"),
                ("operator", "! left out"),
                ("operator", "&& becomes ||"),
                ("operator", "a left out"),
                ("operator", "!b left out"),
            },
        ),
        (
            "if (a && (b || c) && d == '0) begin end",
            {
                ("operator", "&& becomes ||"),
                ("operator", "|| becomes &&"),
                ("operator", "== becomes !="),
                *(
                    ("operator", f"{one} left out")
                    for one in ("a", "(b || c)", "d == '0", "b", "c")
                ),
                *(("enable", f"condition always 1'b{level}") for level in "01"),
                ("constant", "'0 becomes '1"),
                ("width", "the lowest bit of d alone"),
            },
        ),
        (
            "assign psum = b >>> shift;",
            {
                ("signedness", ">>> becomes >>"),
                ("width", "shift without its highest bit"),
                *(
                    ("stuck bit", f"{bit} bit stuck at {n}")
                    for bit in ("lowest", "highest")
                    for n in "01"
                ),
            },
        ),
    ],
)
def test_the_mutants_of_one_statement(statement, expected):
    assert _inside(statement) == expected


def test_ports_and_parameters_behind_an_import_stay_as_they_are():
    text = COUNTER.replace("module counter #(", "module counter\n  import one::*, two::*;\n#(")
    assert Counter(m.what for m in mutants_of(text, file="m.sv")) == Counter(
        m.what for m in mutants_of(COUNTER, file="m.sv")
    )


def test_a_localparam_may_hold_the_default_of_a_parameter():
    text = "module m #(parameter int Rows = 8);\n  localparam int N = Rows;\nendmodule\n"
    (found,) = mutants_of(text, file="m.sv")
    assert (found.category, found.what) == ("constant", "Rows becomes 8")
    assert found.apply(text) == text.replace("N = Rows", "N = 8")


FAULTS = {
    "tw_axis.sv": [
        ("wait_q <= stride_i - DimBits'(1);", "the lowest three eighths of wait_q alone"),
        ("position_q <= position_q + DimBits'(1);", "the lowest three eighths of position_q alone"),
    ],
    "tw_controller.sv": [
        ("assign begins = start_i && !busy_q;", "!busy_q left out"),
        (
            "assign column_step = is_skipping ? PixelBits'(layer_i.stride_w) : PixelBits'(1);",
            "condition always 1'b0",
        ),
        ("assign xmem_addr_o = XmemAddrBits'(act_addr_q);", "highest bit stuck at 0"),
        ("wait_q <= WaitBits'(Cols - 1);", "1 becomes 2"),
        ("wait_q <= WaitBits'(Cols - 1);", "1 becomes 0"),
        ("localparam int WordBits = $clog2(2 * Cols) + 1;", "Cols becomes 8"),
    ],
    "tw_sfu.sv": [
        ("assign leaked = $signed(shown) >>> leak_i;", "leak_i without its highest bit"),
        (
            "assign overflow_o = pmem_we_o ? {misfit != '0, overflow_q != '0} : '0;",
            "the lowest bit of overflow_q alone",
        ),
        ("assign stored = forward_q ? written_q[c*PsumBits+:PsumBits]", "condition always 1'b0"),
    ],
    "tw_tracker.sv": [
        ("localparam int IndexBits = AddrBits + 8;", "8 becomes 0"),
    ],
}


@pytest.mark.parametrize("file", FAULTS)
def test_faults_that_vectors_once_missed_are_mutants(file):
    """`tests/rtl/test_corner_faults.py` has a set of vectors for each."""
    found = [(m.before, m.what) for m in mutants_of((RTL_DIR / file).read_text(), file=file)]
    for before, what in FAULTS[file]:
        assert any(line.startswith(before) and what == said for line, said in found), before


def test_no_mutant_changes_nothing_and_none_comes_twice():
    for path in RTL_DIR.glob("*.sv"):
        text = path.read_text()
        results = [mutant.apply(text) for mutant in mutants_of(text, file=path.name)]
        assert text not in results
        assert len(set(results)) == len(results)


def test_our_core_has_mutants_of_every_category():
    found = [
        mutant
        for path in RTL_DIR.glob("*.sv")
        if not is_bench(path)
        for mutant in mutants_of(path.read_text(), file=path.name)
    ]
    counts = count_categories(found)
    assert tuple(counts) == CATEGORIES
    assert len(found) >= 200
    for mutant in found:
        text = (RTL_DIR / mutant.file).read_text().splitlines()
        assert " ".join(text[mutant.line - 1].split()) in mutant.before


def test_a_sample_is_spread_over_files_and_categories_and_repeats():
    found = [
        _named(file, category, n) for file in "ab" for category in CATEGORIES[:3] for n in range(9)
    ]
    chosen = sample(found, 12, seed=3)
    assert Counter((m.file, m.category) for m in chosen).most_common()[-1][1] == 2
    assert chosen == sample(found, 12, seed=3) != sample(found, 12, seed=4)
    assert chosen == sorted(chosen, key=found.index)
    assert sample(found, 99, seed=0) == found


def _named(file, category, number):
    return Mutant(file, number, category, "", "", "", number, number, "x")


def test_what_is_no_systemverilog_is_refused_with_its_line():
    with pytest.raises(FormatError, match=re.escape("m.sv:2: '\\x00' begins no token")):
        mutants_of("module m;\n\x00endmodule\n", file="m.sv")


NO_BEHAVIOR = [
    "primitive p (o, a); output o; input a; table 0 : 1; 1 : 0; endtable endprimitive",
    "specify (a => b) = 3; endspecify",
    "covergroup g @(posedge clk); coverpoint a { bins low = {[0:3]}; } endgroup",
    "property p; @(posedge clk) a |-> b == 1; endproperty",
    "assert property (@(posedge clk) a |-> ##1 b + 1) else $error;",
    "if (a > 3) $fatal(1, a + 1);",
    "$display(a + 1);",
    "// synthesis translate_off\n  assign a = b + 1;\n  /* pragma translate_on */",
]


@pytest.mark.parametrize("text", NO_BEHAVIOR)
def test_nothing_changes_in_tables_and_checks(text):
    assert _inside(f"{text} assign y = a;") == _inside("assign y = a;") != set()


@pytest.mark.parametrize("text", ["if (a > 3) y <= 1;", "// translate_on\n assign y = a + 1;"])
def test_what_is_beside_them_changes(text):
    assert _inside(f"{text} $display(a + 1);") == _inside(text) != set()


def test_assignments_in_one_statement_change_one_by_one():
    text = "module m;\n  assign a = ~b, {c, d} = e;\nendmodule\n"
    stuck = [m for m in mutants_of(text, file="m.v") if m.category == "stuck bit"]
    assert {m.apply(text).splitlines()[1].strip() for m in stuck} == {
        "assign a = (~b) | 1'b1, {c, d} = e;",
        "assign a = ((~b) | 1'b1) ^ 1'b1, {c, d} = e;",
        "assign a = ~b, {c, d} = (e) | 1'b1;",
        "assign a = ~b, {c, d} = ((e) | 1'b1) ^ 1'b1;",
    }


def test_branches_that_are_compiled_change():
    text = "`ifdef A\n`ifdef B\nassign y = a + 1;\n`endif\n`else\nassign y = a - 1;\n`endif\n"
    outer, inner, other = branches(text, file="m.v")
    assert (outer, other) == ((8,), (text.index("`else") + 5,))
    assert inner == (8, text.index("B") + 1)

    def lines(compiled):
        return {m.line for m in mutants_of(text, file="m.v", compiled=compiled)}

    assert (lines(()), lines(other), lines(inner), lines(inner[1:])) == (set(), {6}, {3}, set())

"""Arrays whose ports are arrays, and runs of simulators of two states."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.prove.mac import WIDTHS, recorded
from tilewright.errors import ConfigError, FormatError
from tilewright.formal.recorded import PortRoles
from tilewright.prove.any_array import prove_recorded
from tilewright.prove.around import AROUND, design_of
from tilewright.prove.streams import Described, Stream

pytestmark = pytest.mark.usefixtures("sources")

CORE = """
module core #(parameter int Bits = 4) (
  input logic clk, rst_n, en, first, input logic [Bits-1:0] a,
  input logic signed [Bits-1:0] w [RANGE], output logic signed [8:0] y [1:0], output logic done
);
  always_ff @(posedge clk) begin
    done <= rst_n && en && !first;
    if (en) foreach (y[c]) y[c] <= (first ? 9'sd0 : y[c]) + $signed({1'b0, a}) * w[c];
  end
endmodule
"""
ELEMENTS = {"w": ("w[0]", "w[1]"), "y": ("y[0]", "y[1]")}


def _described():
    words = {"bits": 4, "when": ("en",), "beat": "2*p + k"}
    return Described(
        top="core",
        clock="clk",
        computes="identity",
        sizes={"P": 2, "T": 1, "K": 2, "C": 2},
        streams=(
            Stream(word="a", port="a", signed=False, **words),
            Stream(word="w", port="w", signed=True, lane="c", **words),
            Stream(word="y", port="y", bits=9, signed=True, when=("done",), beat="p", lane="c"),
        ),
        parameters={"Bits": 4},
    )


def _run(path, names=ELEMENTS, done_at_first=0):
    """A run as Verilator dumps it: elements by name, and every bit 0 or 1 from the start."""
    widths = {k: v for k, v in WIDTHS.items() if k not in ("w", "y")} | {"done": 1}
    widths |= dict.fromkeys(names["w"], 4) | dict.fromkeys(names["y"], 9)
    rows = [{"done": done_at_first}, {"rst_n": 1}]
    for number in range(5):
        row = {"rst_n": 1, "en": number < 4, "first": number % 2 == 0, "done": number in (2, 4)}
        rows.append({key: int(value) for key, value in row.items()})
    text = recorded(path, widths, rows).read_text().replace("bx y", "")
    path.write_text(text)
    return path


def _prove(tmp_path, text, **run):
    return prove_recorded(
        {"core.sv": text}, _described(), _run(tmp_path / "run.vcd", **run), confirms=False
    )


@pytest.mark.parametrize("dimension", ["2", "0:1", "1:0"])
def test_an_array_is_a_vector_with_its_lowest_element_lowest(tmp_path, dimension):
    right = CORE.replace("RANGE", dimension)
    assert _prove(tmp_path, right).answer == "proved"
    wrong = _prove(tmp_path, right.replace("* w[c]", "* w[1-c]"))
    assert wrong.answer == "refuted"


@pytest.mark.parametrize(
    "names",
    [
        {"w": (r"\\w[0]", r"\\w[1]"), "y": ELEMENTS["y"]},
        {"w": ("w.[0]", "w.[1]"), "y": ELEMENTS["y"]},
    ],
)
def test_elements_have_the_names_of_any_simulator(tmp_path, names):
    assert _prove(tmp_path, CORE.replace("RANGE", "2"), names=names).answer == "proved"


def test_elements_that_were_not_dumped_are_named(tmp_path):
    names = {"w": ("v[0]", "v[1]"), "y": ELEMENTS["y"]}
    with pytest.raises(
        ConfigError, match=r"lacks w\[0\], w\[1\] \(elements of arrays: Verilator dumps them"
    ):
        _prove(tmp_path, CORE.replace("RANGE", "2"), names=names)


def test_arrays_of_arrays_and_what_is_no_array_of_vectors():
    ports = "input logic clk, input logic [3:0] w [2][1:0], output bit signed [1:0][2:0] y [3]"
    text = f"module core({ports}); endmodule"
    design = design_of({"core.sv": text}, "core", {})
    assert design.top == AROUND
    assert list(design.elements["w"]) == ["w[0][0]", "w[0][1]", "w[1][0]", "w[1][1]"]
    around = design.sources[f"{AROUND}.sv"]
    assert "input wire [15:0] w, output wire [17:0] y" in around
    assert "bit signed [5:0] y_at [0:2];" in around
    assert "assign w_at[1][0] = w[8+:4];" in around
    for ports in (
        "input logic clk, input logic [3:0] w",
        "input t x, input logic w [2]",
        ".a({b, c})",
    ):
        plain = {"core.sv": f"module core({ports}); endmodule"}
        assert design_of(plain, "core", {}).sources == plain


@pytest.mark.parametrize(
    ("port", "message"),
    [
        ("lane.to s", "but s of core is an interface: put a module around it"),
        ("input real s", "but s of core is of a type that is none"),
    ],
)
def test_ports_that_are_refused(port, message):
    text = "interface lane; logic x; modport to(input x); endinterface\n"
    text += f"module core(input logic clk, {port}); endmodule"
    with pytest.raises(FormatError, match=message):
        design_of({"core.sv": text}, "core", {})


def test_what_is_x_before_the_first_word_may_be_recorded_as_a_number(tmp_path):
    """Verilator shows 0 or 1 where a register has no value yet; from the first word on it must have one."""
    text = CORE.replace("RANGE", "2")
    assert _prove(tmp_path, text, done_at_first=0).answer == "proved"
    without_reset = "if (en) done <= !first; else if (rst_n && done) done <= 0;"
    late = text.replace("done <= rst_n && en && !first;", without_reset)
    assert late != text
    assert _prove(tmp_path, late).answer != "proved"


def test_a_recording_keeps_which_elements_changed_twice(tmp_path):
    design = design_of({"core.sv": CORE.replace("RANGE", "2")}, "core", {})
    run = _run(tmp_path / "run.vcd")
    text = run.read_text()
    run.write_text(text.replace("#25", "#22\nb1 w[1]\n#23\nb0 w[1]\n#25"))
    roles = PortRoles("clk", ("rst_n", "en", "first"), ("a", "w"), ("y", "done"))
    found = design.record(run, roles, scope="", is_rising=True)
    assert found.restless == {"w": 23}
    assert {len(bits) for bits in found.inputs["w"]} == {8}
    assert replace(found, restless={}) == design.record(_run(run), roles, scope="", is_rising=True)

"""What is proved of a netlist is not said where the recorded run shows something else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.prove.mac import HEAD, STEP, WIDTHS, described, recorded
from tilewright.errors import FormatError
from tilewright.formal.misreadings import check_drivers
from tilewright.prove import any_array
from tilewright.prove.any_array import prove_recorded
from tilewright.prove.replay import contradiction
from tilewright.prove.streams import place_words
from tilewright.waves import read_recording

pytestmark = pytest.mark.usefixtures("sources")

TWO_WAYS = f"""
module mac ({HEAD});
`ifdef SYNTHESIS
  wire signed [8:0] p = $signed({{1'b0, a}}) * $signed(w);
`else
  wire signed [8:0] p = a * w;  // what simulators take
`endif
  {STEP}
endmodule
"""
ACTS, WEIGHTS = (3, 15, 7, 0), (-8, 7, -1, -8)


def _run(path, outputs):
    """A run of these words, with sums after the second and the fourth edge with en = 1; "" is not known."""
    words = [{"a": a, "w": w & 15} for a, w in zip(ACTS, WEIGHTS, strict=True)]
    rows = [{}, {"rst_n": 1}]
    rows += [{"rst_n": 1, "en": 1, "first": n % 2 == 0, **one} for n, one in enumerate(words)]
    text = recorded(path, rows=[*rows, {"rst_n": 1}]).read_text()
    before, first, rest = text.partition("#40\nb0 clk\nbx y")
    middle, second, after = rest.partition("#60\nb0 clk\nbx y")
    assert first
    assert second
    shown = [f"b{value & 511:b} y" if value != "" else "bx y" for value in outputs]
    path.write_text(f"{before}#40\nb0 clk\n{shown[0]}{middle}#60\nb0 clk\n{shown[1]}{after}")
    return path


DUE = (3 * -8 + 15 * 7, 7 * -1)


@pytest.mark.parametrize(
    ("outputs", "answer"),
    [
        (DUE, "proved"),
        (("", ""), "proved"),
        ((DUE[0], DUE[1] ^ 256), "undecided"),
        ((0, ""), "undecided"),
    ],
)
def test_a_run_that_shows_something_else_makes_a_proof_undecided(tmp_path, outputs, answer):
    run = _run(tmp_path / "run.vcd", outputs)
    verdict = prove_recorded({"mac.sv": TWO_WAYS}, described(), run, confirms=False)
    assert verdict.answer == answer, verdict
    if answer == "undecided":
        assert "took the sources for something else than yosys" in verdict.reason


def test_without_that_look_it_would_be_proved(tmp_path, monkeypatch):
    monkeypatch.setattr(any_array, "contradiction", lambda *_: "")
    run = _run(tmp_path / "run.vcd", (0, 0))
    assert prove_recorded({"mac.sv": TWO_WAYS}, described(), run, confirms=False).answer == "proved"


@pytest.mark.parametrize(
    ("computes", "outputs"),
    [
        ("relu", (DUE[0], 0)),
        ("saturate", (31, DUE[1])),  # of six bits, the lowest of nine that are shown
        ("saturate each", (31, DUE[1])),
    ],
)
def test_the_run_is_held_against_what_is_computed(tmp_path, computes, outputs):
    what = replace(described(), computes=computes)
    bits = 6 if computes != "relu" else 9
    streams = [replace(s, bits=bits) if s.word == "y" else s for s in what.streams]
    what = replace(what, streams=tuple(streams))
    for wrong in (0, 1):
        run = _run(tmp_path / "run.vcd", (outputs[0] ^ wrong, outputs[1]))
        inputs = [name for name in WIDTHS if name not in ("clk", "y")]
        recording = read_recording(run, clock="clk", inputs=inputs, outputs=["y"], scope="dut")
        found = contradiction(what, recording, place_words(what, recording))
        assert bool(found) == bool(wrong), found


@pytest.mark.parametrize(
    ("process", "absent"),
    [
        ("always @(a) p = a * w;", "w"),
        ("always @(a or w) begin t = a; p = t * w; end", None),
        ("always @(en) if (en) p = s[a];", "s"),
        ("always @* p = a * w;", None),
        ("always @(posedge clk) p = a * w;", None),
        ("always @(a[0], w) p = a[1] * w * Three;", None),
    ],
)
def test_a_process_that_does_not_wait_for_what_it_reads_is_refused(process, absent):
    names = "parameter Three = 3; reg [8:0] p, t; reg [3:0] s [0:15];"
    text = f"module mac ({HEAD}); {names}\n{process}\nendmodule"
    if absent is None:
        check_drivers({"mac.sv": text}, top="mac", parameters={})
        return
    with pytest.raises(
        FormatError, match=rf"mac\.sv:2 does not wait for {absent}: write always @\*"
    ):
        check_drivers({"mac.sv": text}, top="mac", parameters={})

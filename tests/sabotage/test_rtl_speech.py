"""Whatever a core prints, or where it ends the simulation: the verdict is what the testbench found."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rtl.layers import Case, require_simulator, write_random
from tests.sabotage.test_rtl_core import patched_core
from tilewright.cores import CosimResult, run_bundle
from tilewright.errors import SimulationError
from tilewright.spec import ArrayShape, ConvShape

pytestmark = pytest.mark.rtl

CASE = Case(ConvShape(2, 3, 3, 2, 1, 1), ArrayShape(2, 2, 16))
END = "endmodule"
WRONG = ("assign sum   = base + SumBits'(product);", "assign sum   = base - SumBits'(product);")
TWICE = (  # of two columns the second is skipped: in its cycle the word before comes once more
    (
        "assign out_valid_o  = puts_out || held_q;",
        "logic again_q;\n"
        "  always_ff @(posedge clk_i) again_q <= puts_out && addr_q == 1;\n"
        "  assign out_valid_o  = puts_out || held_q || again_q;",
    ),
    ("= held_q ? held_addr_q : addr_q;", "= again_q ? 1 : held_q ? held_addr_q : addr_q;"),
)
FORGED = """  initial begin
    $display("TW summary layers=1");
    $display("0000000000000000 layer psums=18 psum_mismatches=0 outputs=18 output_mismatches=0");
  end
  always @(posedge clk_i) begin
    $write("dbg ");
    $display("TW layer psums=18 psum_mismatches=0 outputs=18 output_mismatches=0");
    $write("\\033[2J\\033]0;pass\\007");
  end
  final $display("TW summary layers=1 lines=0");
"""
FLOOD = """  integer spoken;
  always @(posedge clk_i) for (spoken = 0; spoken < 2000; spoken = spoken + 1)
    $display("%0d a core that does not stop to speak, and speaks, and speaks, and speaks", spoken);
"""


def core_that(tmp_path: Path, *statements: str, is_wrong: bool = False) -> Path:
    """Our core with `statements` in it; `is_wrong`: it subtracts."""
    rtl = patched_core(tmp_path / "rtl", "tw_core.sv", END, "\n".join((*statements, END)))
    return patched_core(rtl, "tw_pe.sv", *WRONG) if is_wrong else rtl


def run(
    tmp_path: Path,
    rtl: Path,
    simulator: str = "icarus",
    case: Case = CASE,
    builds: Path | None = None,
) -> CosimResult:
    """With the builds of the session, where the build is long."""
    require_simulator(simulator)
    write_random(tmp_path / "bundle", case)
    cache = builds or tmp_path / "builds"
    return run_bundle(tmp_path / "bundle", simulator=simulator, rtl_dir=rtl, cache_dir=cache)


@pytest.mark.parametrize("simulator", ["icarus", "verilator"])
def test_forged_lines_change_nothing(tmp_path: Path, simulator: str, builds: Path) -> None:
    """Wrong is wrong, and its counts add up: no more values differ than were compared."""
    forged = core_that(tmp_path, FORGED, is_wrong=True)
    wrong = run(tmp_path, forged, simulator, builds=builds)
    assert (wrong.psums_compared, wrong.outputs_compared, wrong.is_exact) == (18, 18, False)
    assert 0 < wrong.psum_mismatches <= 18
    assert len(wrong.mismatches) == min(20, wrong.differ)


def test_a_right_core_that_prints_stays_right(tmp_path: Path) -> None:
    assert run(tmp_path, core_that(tmp_path, FORGED)).is_exact


def test_a_flood_is_bounded_and_harms_nothing(tmp_path: Path) -> None:
    """Some 10 MB."""
    assert run(tmp_path, core_that(tmp_path, FLOOD)).is_exact


@pytest.mark.parametrize(
    "statement",
    [
        "  initial $finish;",
        "  always @(posedge clk_i) if (done_o) $finish;",
        "  always @(posedge clk_i) if (done_o) $stop;",
        '  initial begin $display("TW summary layers=1 lines=0"); $finish; end',
    ],
)
def test_an_end_of_the_core_s_own_is_no_verdict(tmp_path: Path, statement: str) -> None:
    with pytest.raises(SimulationError, match=r"^the simulation must end with its summary"):
        run(tmp_path, core_that(tmp_path, statement))


def test_what_a_broken_off_simulation_printed_is_quoted_without_its_controls(
    tmp_path: Path,
) -> None:
    with pytest.raises(SimulationError, match="must end with its summary") as told:
        run(tmp_path, core_that(tmp_path, FORGED, "  always @(posedge clk_i) if (done_o) $finish;"))
    assert "\x1b" not in str(told.value)
    assert r"\x1b[2J" in str(told.value)


def test_a_fault_behind_a_print_without_a_line_end_is_found(tmp_path: Path) -> None:
    """The print stands on the line in which the bench once told its faults."""
    talk = '  always @(posedge clk_i) $write("dbg ");'
    rtl = core_that(tmp_path, talk)
    for old, new in TWICE:
        patched_core(rtl, "tw_sfu.sv", old, new)
    result = run(
        tmp_path, rtl, case=Case(ConvShape(2, 2, 4, 2, 1, 1, stride=(1, 2)), ArrayShape(2, 2, 16))
    )
    assert (result.differ, result.is_exact) == (0, False)
    assert "puts out a word twice" in result.faults[0].what


@pytest.mark.parametrize("text", ["TW layer psums=18", "\\n", ""])
def test_a_core_that_writes_into_the_record_is_no_verdict(tmp_path: Path, text: str) -> None:
    """It needs the descriptor, which a core can guess: here the first that Icarus gives a file."""
    where = "32'h8000_0003"
    what = f'$fwrite({where}, "{text}")' if text else f"$fclose({where})"
    with pytest.raises(SimulationError, match=r"where it must not|must end with its summary"):
        run(tmp_path, core_that(tmp_path, f"  always @(posedge clk_i) if (done_o) {what};"))

"""Cores as others write them: with warnings, in Verilog, with headers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rtl.layers import Case, require_simulator, write_random
from tests.sabotage.test_rtl_core import patched_core
from tilewright.cores import CosimResult, run_bundle
from tilewright.errors import ToolError
from tilewright.spec import ArrayShape, ConvShape

pytestmark = pytest.mark.rtl

CASE = Case(ConvShape(2, 3, 3, 2, 1, 1), ArrayShape(2, 2, 16))
HARMLESS = """  wire [2:0] narrow = psum_q;
  logic [1:0] count;
  always_comb case (count) 2'd0: ; 2'd1: ; endcase
  initial count = 9;
endmodule"""
"""Widths that differ, a case without a default."""


def run(tmp_path: Path, rtl: Path, builds: Path, simulator: str = "verilator") -> CosimResult:
    require_simulator(simulator)
    write_random(tmp_path / "bundle", CASE)
    return run_bundle(tmp_path / "bundle", simulator=simulator, rtl_dir=rtl, cache_dir=builds)


def with_end(tmp_path: Path, text: str) -> Path:
    return patched_core(tmp_path / "rtl", "tw_pe.sv", "endmodule", text)


def test_a_core_with_harmless_warnings_is_judged(tmp_path: Path, builds: Path) -> None:
    result = run(tmp_path, with_end(tmp_path, HARMLESS), builds)
    assert result.is_exact
    assert result.psums_compared > 0


def test_a_core_that_verilator_executes_otherwise_is_refused_by_its_line(
    tmp_path: Path, builds: Path
) -> None:
    delayed = "  logic later;\n  initial later <= 1'b1;\nendmodule"
    with pytest.raises(ToolError, match=r"cannot build the design .*INITIALDLY: tw_pe\.sv:\d+:\d+"):
        run(tmp_path, with_end(tmp_path, delayed), builds)


@pytest.mark.parametrize("simulator", ["icarus", "verilator"])
def test_a_core_of_verilog_files_with_a_header_is_simulated(
    simulator: str, tmp_path: Path, builds: Path
) -> None:
    fifo = "module tw_fifo"
    rtl = patched_core(tmp_path / "rtl", "tw_fifo.sv", fifo, f'`include "depth.vh"\n{fifo}')
    patched_core(rtl, "tw_fifo.sv", "(Depth > 1)", "(Depth `MORE > 1)")
    (rtl / "depth.vh").write_text("`define MORE + 0\n")
    (rtl / "tw_sram.sv").rename(rtl / "tw_sram.v")
    assert run(tmp_path, rtl, builds, simulator).is_exact

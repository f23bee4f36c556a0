"""Each contract of the core is asserted: who breaks it ends the simulation, which says why."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.rtl.layers import Case, require_simulator, write_random
from tests.sabotage.test_rtl_core import patched_core
from tilewright.cores import CosimResult, Setup, run_bundle
from tilewright.errors import SimulationError, ToolError
from tilewright.rtl import RTL_DIR
from tilewright.spec import ArrayShape, ConvShape, Schedule

pytestmark = pytest.mark.rtl

CASE = Case(ConvShape(5, 4, 6, 7, 3, 3, padding=(1, 1)), ArrayShape(4, 3, 16))
STALLED = Setup(Schedule(True, True, True), rule=CASE.setup.rule, stall_level=120, stall_seed=3)
CONTRACTS = {
    "descriptor changes while busy": (
        "tw_core.sv",
        (
            "      .layer_i,\n",
            "      .layer_i(layer_i ^ {$bits(layer_t){u_engine.u_sfu.valid_q}}),\n",
        ),
        "u_engine: the layer descriptor changes while the core is busy",
    ),
    "host writes while busy": (  # a core that starts with the first word that it is given
        "tw_core.sv",
        ("      .start_i,\n", "      .start_i(start_i || xmem_we_i),\n"),
        "u_core: the host writes a memory while the core is busy",
    ),
    "result changes before it is taken": (
        "tw_sfu.sv",
        ("held_psum_q <= pmem_wdata_o;", "held_psum_q <= ~pmem_wdata_o;"),
        "u_engine: a result changes before it is taken",
    ),
    "result goes before it is taken": (
        "tw_sfu.sv",
        ("else held_q <= out_valid_o && !out_ready_i;", "else held_q <= 1'b0;"),
        "u_engine: a result goes before it is taken",
    ),
    "more vectors under way than OFIFO holds": (
        "tw_engine.sv",
        ("      .Depth(Depth)\n  ) u_ofifo", "      .Depth(2)\n  ) u_ofifo"),
        r"u_ofifo\.gen_col\[\d\]\.u_fifo: push when full",
    ),
}


def run(tmp_path: Path, rtl: Path) -> CosimResult:
    require_simulator("icarus")
    write_random(tmp_path / "bundle", CASE)
    return run_bundle(
        tmp_path / "bundle",
        setup=STALLED,
        simulator="icarus",
        rtl_dir=rtl,
    )


def test_the_core_keeps_its_contracts_under_stalls(tmp_path: Path) -> None:
    shutil.copytree(RTL_DIR, tmp_path / "rtl")
    assert run(tmp_path, tmp_path / "rtl").is_exact


@pytest.mark.parametrize("contract", CONTRACTS)
def test_a_broken_contract_ends_the_simulation(contract: str, tmp_path: Path) -> None:
    file, patch, message = CONTRACTS[contract]
    rtl = patched_core(tmp_path / "rtl", file, *patch)
    with pytest.raises((SimulationError, ToolError), match=message):
        run(tmp_path, rtl)

"""The lists of sources that hardware tools take name every file, package first, and build."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.rtl.layers import require_simulator
from tilewright.mutation import read_core
from tilewright.rtl import PACKAGE, RTL_DIR, is_bench

CORE = list(read_core(RTL_DIR))
BENCH = sorted(path.name for path in RTL_DIR.glob("*.sv") if is_bench(path))


def test_the_file_list_names_the_core_package_first() -> None:
    lines = (RTL_DIR / "tw_core.f").read_text().splitlines()
    assert [line for line in lines if not line.startswith("//")] == CORE
    assert CORE[0] == PACKAGE


def test_the_fusesoc_core_names_core_and_bench() -> None:
    text = (RTL_DIR / "tilewright.core").read_text()
    assert text.startswith("CAPI=2:\n")
    assert re.findall(r"- (\w+\.sv)", text) == CORE + BENCH
    assert {*CORE, *BENCH} == {path.name for path in RTL_DIR.glob("*.sv")}


@pytest.mark.rtl
@pytest.mark.parametrize("is_whole", [True, False])
def test_icarus_builds_from_the_file_list(is_whole: bool, tmp_path: Path) -> None:
    """And does not if a file is missing from it."""
    require_simulator("icarus")
    shutil.copytree(RTL_DIR, tmp_path / "rtl")
    if not is_whole:
        path = tmp_path / "rtl" / "tw_core.f"
        path.write_text(path.read_text().replace("tw_fifo.sv\n", "", 1))
    command = ["iverilog", "-g2012", "-s", "tw_core", "-o", "core", "-f", "tw_core.f"]
    done = subprocess.run(command, cwd=tmp_path / "rtl", capture_output=True, check=False)
    assert (done.returncode == 0) == is_whole

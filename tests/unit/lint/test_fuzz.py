"""A slice of the fuzz: random readers and files, Icarus as the judge; more of it in benchmarks."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.rtl.layers import require_simulator

pytest.importorskip("pyslang")
CASES, SEED = 120, 17


def _load() -> ModuleType:
    path = Path(__file__).parents[3] / "benchmarks" / "lint_fuzz.py"
    spec = importlib.util.spec_from_file_location("lint_fuzz", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["lint_fuzz"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.rtl
def test_lint_and_icarus_do_not_disagree() -> None:
    """On no value that is read, and on no verdict that the maker of the case knows."""
    require_simulator("icarus")
    result = _load().fuzz(CASES, SEED)
    assert result["disagreements"] == 0, result["first"]
    assert result["cases"] > CASES - 10
    assert result["verdicts_known"] > CASES / 2


@pytest.mark.rtl
def test_a_lint_that_reads_wrongly_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sabotage: a scanner that takes one digit too few of a field disagrees with Icarus."""
    require_simulator("icarus")
    from tilewright.verilog import scan

    honest = scan.number
    monkeypatch.setattr(scan, "number", lambda digits, code: (honest(digits, code) or 0) ^ 1)
    assert _load().fuzz(40, SEED)["disagreements"] > 10

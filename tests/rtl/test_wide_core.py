"""One core for codes of several widths: narrower ones are the same numbers in wider operands."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.rtl.layers import Case, require_simulator, write_random
from tilewright.cores import Setup, read_sources, run_bundles
from tilewright.cores.build_cache import cached_build
from tilewright.cores.run_list import BenchRun, needed_by_all
from tilewright.spec import ArrayShape, ConvShape
from tilewright.vectors import read_bundle

pytestmark = pytest.mark.rtl

CASE = Case(ConvShape(5, 4, 6, 7, 3, 3, padding=(1, 1)), ArrayShape(4, 3, 20))
WIDTHS = [(8, 2), (4, 5), (3, 4)]
"""Of activations and of weights: no layer has both of the widest."""


def _runs(folder: Path, case: Case) -> list[tuple[Path, Setup]]:
    """A layer of each width, in text files and packed."""
    found = []
    for number, (act_bits, weight_bits) in enumerate(WIDTHS):
        for is_packed in (False, True):
            one = replace(case, act_bits=act_bits, weight_bits=weight_bits, is_packed=is_packed)
            bundle = write_random(folder / f"{number}{is_packed}", one, seed=number)
            found.append((bundle.folder, case.setup))
    return found


def _needed(pairs: list[tuple[Path, Setup]]) -> dict[str, int]:
    return needed_by_all([BenchRun(read_bundle(folder), setup) for folder, setup in pairs])


@pytest.mark.parametrize("mode", ["ws", "os"])
@pytest.mark.parametrize("is_signed", [False, True])
def test_one_core_serves_all_widths(
    mode: str, is_signed: bool, tmp_path: Path, builds: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every psum is the naive one, and every fold takes as long as on the core of its own width."""
    require_simulator("icarus")
    pairs = _runs(tmp_path, replace(CASE, mode=mode, is_signed=is_signed))
    least = _needed(pairs)
    assert (least["ActBits"], least["WeightBits"]) == (8, 5)
    cores = set[Path]()

    def recorded(*words: Any, **settings: Any) -> Path:
        cores.add(found := cached_build(*words, **settings))
        return found

    monkeypatch.setattr("tilewright.cores.run.cached_build", recorded)
    wide = run_bundles(pairs, simulator="icarus", cache_dir=builds, least=least)
    assert len(cores) == 1
    own = run_bundles(pairs, simulator="icarus", cache_dir=builds)
    assert len(cores) == 1 + len(WIDTHS)
    for result, other in zip(wide, own, strict=True):
        assert result.is_exact
        assert result.psums_compared == result.outputs_compared == 7 * 24
        np.testing.assert_array_equal(result.fold_cycles, other.fold_cycles)


def test_verilator_widens_as_icarus_does(tmp_path: Path, builds: Path) -> None:
    """It makes a program of the testbench in another way."""
    require_simulator("verilator")
    pairs = _runs(tmp_path, CASE)
    results = run_bundles(pairs, simulator="verilator", cache_dir=builds, least=_needed(pairs))
    assert len(results) == len(pairs)
    assert all(result.is_exact for result in results)


def test_two_channels_in_an_operand_keep_its_width(tmp_path: Path, builds: Path) -> None:
    """They are halves of it: wider, they would be others."""
    require_simulator("icarus")
    case = replace(CASE, act_bits=2, mode="simd")
    pairs = [(write_random(tmp_path / "half", case).folder, case.setup)]
    least = {"ActBits": 8, "WeightBits": 5}
    (result,) = run_bundles(pairs, simulator="icarus", cache_dir=builds, least=least)
    assert result.is_exact


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (b"else if (is_signed)", b"else if (1'b0)"),
        (b"= word[lane*from+index]", b"= word[lane*to+index]"),
        (b"= word[lane*from+from-1]", b"= word[lane*from]"),
    ],
)
def test_codes_widened_wrongly_are_noticed(
    right: bytes, wrong: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, builds: Path
) -> None:
    require_simulator("icarus")
    pairs = _runs(tmp_path, CASE)
    sources = read_sources()
    assert sources["tw_tb_files.sv"].count(right) == 1
    sources["tw_tb_files.sv"] = sources["tw_tb_files.sv"].replace(right, wrong)
    monkeypatch.setattr("tilewright.cores.run.read_sources", lambda _: sources)
    how = {"simulator": "icarus", "cache_dir": builds, "least": _needed(pairs)}
    assert not all(result.is_exact for result in run_bundles(pairs, **how))

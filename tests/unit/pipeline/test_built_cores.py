"""Which cores a run's layers are simulated on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.rtl.layers import Case, write_random
from tilewright.cores import Setup
from tilewright.cores.run_list import BenchRun
from tilewright.pipeline.built_cores import BuiltCores
from tilewright.spec import ArrayShape, ConvShape
from tilewright.vectors import read_bundle

CASE = Case(ConvShape(3, 2, 4, 5, 1, 2), ArrayShape(2, 3, 20))


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Layers of 8, 4 and again 4 bits, and a folder that is no bundle."""
    base = tmp_path_factory.mktemp("layers")
    cases = {
        name: replace(CASE, act_bits=bits) for name, bits in zip("abc", (8, 4, 4), strict=True)
    }
    for name, case in cases.items():
        write_random(base / name, case)
    return [*(base / name for name in cases), base / "none"]


def test_ours_has_operands_for_the_widest_codes(folders: list[Path]) -> None:
    built = BuiltCores.of_layers(folders, Setup(), is_ours=True)
    (core,) = built.cores
    assert (core["Rows"], core["Cols"], core["ActBits"], core["WeightBits"]) == (2, 3, 8, 4)
    assert built.said() == (
        "layers run on 2x3 PEs with activations of 8 and weights of 4 bits; narrower codes are widened",
    )
    runs = [BenchRun(read_bundle(folder), Setup()) for folder in folders[:3]]
    assert all(map(built.serve, runs))
    assert not built.serve(
        replace(runs[0], bundle=replace(runs[0].bundle, array=ArrayShape(4, 3, 20)))
    )


def test_another_core_is_built_for_each_width(folders: list[Path]) -> None:
    built = BuiltCores.of_layers(folders, Setup(), is_ours=False)
    assert [core["ActBits"] for core in built.cores] == [8, 4]
    assert len(built.said()) == 2

"""One core, all modes without rebuild; stalls, resets, saturation and waves: values never change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.naive import convolve, store
from tests.rtl.layers import (
    WRAP,
    Case,
    edit_file,
    random_tensors,
    require_simulator,
    write_case,
    write_random,
)
from tests.rtl.test_core import FAST, check_exact
from tilewright.cores import CosimResult, Setup, run_bundle, run_bundles
from tilewright.sim import Stalls, simulate
from tilewright.spec import ArrayShape, ConvShape, PsumRule, Schedule
from tilewright.tile import Execution, plan_mode, plan_words

pytestmark = pytest.mark.rtl

SHAPE = ConvShape(6, 4, 5, 5, 3, 2, padding=(1, 1))
ARRAY = ArrayShape(3, 2, 16)
MODES = (
    Case(SHAPE, ARRAY),
    Case(SHAPE, ARRAY, mode="os"),
    Case(SHAPE, ARRAY, act_bits=2, mode="simd"),
    Case(SHAPE, ARRAY, schedule=FAST),
    Case(SHAPE, ARRAY, mode="os", schedule=FAST),
    Case(SHAPE, ARRAY, act_bits=2, mode="simd", schedule=FAST),
    Case(ConvShape(5, 4, 5, 3, 1, 1, stride=(2, 2)), ARRAY, mode="os"),  # most pixels are not seen
)


def run_modes(folder: Path, builds: Path, simulator: str, **setup: int) -> tuple[CosimResult, ...]:
    """All modes, one after the other, in one simulation."""
    require_simulator(simulator)
    bundles = []
    for number, case in enumerate(MODES):
        write_random(folder / str(number), case, seed=number)
        bundles.append((folder / str(number), replace(case.setup, **setup)))
    return run_bundles(bundles, simulator=simulator, cache_dir=builds)


@pytest.mark.parametrize("simulator", ["icarus", "verilator"])
def test_all_modes_run_in_one_simulation(simulator: str, tmp_path: Path, builds: Path) -> None:
    for case, result in zip(MODES, run_modes(tmp_path, builds, simulator), strict=True):
        check_exact(result, case)


@pytest.mark.parametrize("size", [(4, 4), (8, 8), (8, 16), (16, 8), (16, 16), (5, 7)])
def test_all_modes_on_arrays_of_all_sizes(
    size: tuple[int, int], tmp_path: Path, builds: Path
) -> None:
    """20 channels to 18 at 4 x 3: tails in both tiles, or in neither, on every one of them."""
    require_simulator("icarus")
    shape = ConvShape(20, 4, 3, 18, 2, 2, padding=(1, 1))
    bundles, cases = [], []
    for number, case in enumerate(MODES[3:]):
        sized = replace(case, shape=shape, array=ArrayShape(*size, 16))
        write_random(tmp_path / str(number), sized, seed=number)
        bundles.append((tmp_path / str(number), sized.setup))
        cases.append(sized)
    results = run_bundles(bundles, simulator="icarus", cache_dir=builds)
    for case, result in zip(cases, results, strict=True):
        check_exact(result, case)


def model_cycles(case: Case, seed: int, stalls: Stalls) -> np.ndarray:
    """Cycles of each fold of the model, with the same stalls."""
    codes, weight = random_tensors(case, seed)
    plan = plan_mode(case.shape, case.array, case.mode, case.act_bits)
    words = plan_words(plan, weight.astype(np.int8), codes.astype(np.uint8))
    return simulate(Execution(plan, schedule=case.schedule), *words, stalls=stalls).fold_cycles


@pytest.mark.parametrize("level", [40, 170])
def test_stalls_cost_the_cycles_of_the_model_and_no_value(
    level: int, tmp_path: Path, builds: Path
) -> None:
    results = run_modes(tmp_path, builds, "icarus", stall_level=level, stall_seed=77)
    for number, (case, result) in enumerate(zip(MODES, results, strict=True)):
        assert result.is_exact, result.mismatches
        expected = model_cycles(case, number, Stalls(level, 77))
        np.testing.assert_array_equal(result.fold_cycles, expected)
        assert result.cycles == expected.sum() > np.prod(case.folds) * case.next_fold_cycles


@pytest.mark.parametrize("cycles", [1, 9, 25, 60])
def test_a_core_that_is_reset_in_mid_run_starts_again(
    cycles: int, tmp_path: Path, builds: Path
) -> None:
    results = run_modes(tmp_path, builds, "icarus", reset_at=cycles)
    for case, result in zip(MODES, results, strict=True):
        check_exact(result, case)


def saturated(
    case: Case, codes: np.ndarray, weight: np.ndarray, bits: tuple[int, int]
) -> np.ndarray:
    """Psums ``oc oh ow``, each sum clipped in the order of the array; one column for each input tile."""
    shape, rows = case.shape, case.array.rows
    plane = np.pad(codes, ((0, 0), *((pad, pad) for pad in shape.padding)))
    psums = np.zeros((shape.oc, shape.oh, shape.ow), np.int64)
    for oc, oh, ow in np.ndindex(*psums.shape):
        stored = 0
        for first in range(0, shape.ic, rows):
            for kh, kw in np.ndindex(shape.kh, shape.kw):
                psum = 0
                for ic in range(first, min(first + rows, shape.ic)):
                    psum += int(weight[oc, ic, kh, kw]) * int(plane[ic, oh + kh, ow + kw])
                    psum, _ = store(psum, bits[0], "saturate")
                stored, _ = store(stored + psum, bits[1], "saturate")
        psums[oc, oh, ow] = stored
    return psums


@pytest.mark.parametrize("column_bits", [6, 8, 12])
def test_saturated_psums_are_those_of_the_order_of_the_array(
    column_bits: int, tmp_path: Path, builds: Path
) -> None:
    """PMEM of 9 bits: with columns of 6 and 8 bits both places clip, with 12 only PMEM does."""
    require_simulator("icarus")
    case = Case(SHAPE, ArrayShape(3, 2, 9))
    codes, weight = random_tensors(case, 5)
    psums = saturated(case, codes, weight, (column_bits, 9))
    assert (psums != convolve(weight, codes, SHAPE)).any()
    write_case(tmp_path / "bundle", case, codes, weight, psums=psums)
    setup = Setup(rule=PsumRule("saturate", column_bits))
    result = run_bundle(tmp_path / "bundle", setup=setup, simulator="icarus", cache_dir=builds)
    assert result.is_exact, result.mismatches
    assert result.overflow_vectors > 0


def test_the_model_and_the_core_count_the_same_vectors_that_overflow(
    tmp_path: Path, builds: Path
) -> None:
    require_simulator("icarus")
    case = Case(SHAPE, ArrayShape(3, 2, 9))
    codes, weight = random_tensors(case, 5)
    write_case(tmp_path / "bundle", case, codes, weight)
    result = run_bundle(tmp_path / "bundle", setup=case.setup, simulator="icarus", cache_dir=builds)
    plan = plan_mode(case.shape, case.array, case.mode, case.act_bits)
    words = plan_words(plan, weight.astype(np.int8), codes.astype(np.uint8))
    model = simulate(Execution(plan, rule=WRAP), *words)
    assert result.is_exact
    assert result.overflow_vectors == model.overflow_vectors > 0
    assert model.first_overflow is not None
    strict = run_bundle(tmp_path / "bundle", setup=Setup(), simulator="icarus", cache_dir=builds)
    assert not strict.is_exact
    assert strict.mismatches == ()


@pytest.mark.parametrize("simulator", ["icarus", "verilator"])
def test_waves_are_written_on_request(simulator: str, tmp_path: Path, builds: Path) -> None:
    require_simulator(simulator)
    case = Case(ConvShape(1, 1, 2, 1, 1, 1), ArrayShape(1, 1, 12))
    write_random(tmp_path / "bundle", case)
    setup = replace(case.setup, waves=tmp_path / "core.vcd")
    result = run_bundle(tmp_path / "bundle", setup=setup, simulator=simulator, cache_dir=builds)
    check_exact(result, case)
    text = (tmp_path / "core.vcd").read_text()
    assert "u_controller" in text
    assert "$enddefinitions" in text


def test_bundles_for_different_cores_run_in_simulations_of_their_own(
    tmp_path: Path, builds: Path
) -> None:
    """Results are in the order asked for, each by the core and the setup of its own."""
    require_simulator("icarus")
    cases = MODES[0], replace(MODES[0], weight_bits=3), MODES[0]
    setups = Setup(), Setup(), Setup(stall_level=200)
    for number, case in enumerate(cases):
        write_random(tmp_path / str(number), case, seed=number)
    together = [(tmp_path / str(number), setup) for number, setup in enumerate(setups)]
    results = run_bundles(together, simulator="icarus", cache_dir=builds, processes=2)
    for (folder, setup), result in zip(together, results, strict=True):
        alone = run_bundle(folder, setup=setup, simulator="icarus", cache_dir=builds)
        assert result.is_exact
        assert result.psums_compared == alone.psums_compared > 0
        assert np.array_equal(result.fold_cycles, alone.fold_cycles)
    assert results[2].cycles > results[0].cycles


def test_a_whole_layer_is_one_job(tmp_path: Path, builds: Path) -> None:
    """Three output tiles: two folds beginnings less than with a job for each."""
    require_simulator("icarus")
    lone = Case(SHAPE, ARRAY, schedule=Schedule(is_overlapped=True))
    whole = replace(lone, schedule=Schedule(is_overlapped=True, is_whole_layer=True))
    write_random(tmp_path / "bundle", lone)
    options = {"simulator": "icarus", "cache_dir": builds}
    each = run_bundle(tmp_path / "bundle", setup=lone.setup, **options)
    one = run_bundle(tmp_path / "bundle", setup=whole.setup, **options)
    assert each.cycles - one.cycles == 2 * (lone.fold_cycles - lone.next_fold_cycles)


@pytest.mark.parametrize("mode", ["ws", "os"])
def test_output_tiles_run_side_by_side(mode: str, tmp_path: Path, builds: Path) -> None:
    """Three output tiles in three simulations, in two, and in one: the same verdict."""
    require_simulator("icarus")
    case = Case(SHAPE, ARRAY, mode=mode)
    write_random(tmp_path / "bundle", case)
    options = {"setup": case.setup, "simulator": "icarus", "cache_dir": builds}
    for processes in (3, 2):
        result = run_bundle(tmp_path / "bundle", processes=processes, **options)
        check_exact(result, case)
    edit_file(tmp_path / "bundle", "psum.txt", lambda lines: [*lines[:-1], "0" * 32 + "\n"])
    one = run_bundle(tmp_path / "bundle", **options)
    three = run_bundle(tmp_path / "bundle", processes=3, **options)
    assert one.psum_mismatches > 0
    for name in ("psums_compared", "psum_mismatches", "stored_mismatches", "cycles", "tiles"):
        assert getattr(one, name) == getattr(three, name)
    np.testing.assert_array_equal(one.fold_cycles, three.fold_cycles)
    places = [[(m.what, m.otile, m.onij, m.col) for m in r.mismatches] for r in (one, three)]
    assert places[0] == places[1]


def test_waves_of_the_failing_output_tile_alone(tmp_path: Path, builds: Path) -> None:
    require_simulator("icarus")
    case = Case(ConvShape(2, 2, 2, 3, 1, 1), ArrayShape(2, 1, 12))
    write_random(tmp_path / "bundle", case)
    waves = tmp_path / "failure.vcd"
    options = {"setup": case.setup, "simulator": "icarus", "cache_dir": builds}
    check_exact(run_bundle(tmp_path / "bundle", failure_waves=waves, **options), case)
    assert not waves.exists()
    # output tile 1 begins 3 headers and 4 pixels into the file
    edit_file(
        tmp_path / "bundle", "psum.txt", lambda lines: [*lines[:7], "1" * 12 + "\n", *lines[8:]]
    )
    result = run_bundle(tmp_path / "bundle", failure_waves=waves, **options)
    assert result.first_wrong_otile == 1
    text = waves.read_text()
    assert "u_controller" in text
    last = max(int(line[1:]) for line in text.splitlines() if line.startswith("#"))
    assert 0 < last < max(mismatch.time_ns for mismatch in result.mismatches) * 1000

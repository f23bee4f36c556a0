"""Signed activations: RTL, model and naive arithmetic agree; a core that takes them as unsigned does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.naive import convolve
from tests.rtl.layers import Case, require_simulator, write_case, write_random
from tests.rtl.test_core import FAST, check_exact
from tests.sabotage.test_rtl_core import patched_core
from tilewright.cores import run_bundle, run_bundles
from tilewright.errors import ToolError
from tilewright.sim import Stalls, simulate
from tilewright.spec import ArrayShape, ConvShape
from tilewright.tile import Execution, plan_mode, plan_words, untile_psums
from tilewright.vectors import decode_bundle, read_bundle

pytestmark = pytest.mark.rtl

SHAPE = ConvShape(7, 4, 5, 5, 3, 2, padding=(1, 1))
CASES = {
    "weight stationary": Case(SHAPE, ArrayShape(3, 2, 16), is_signed=True),
    "overlapped, 8 bits": Case(SHAPE, ArrayShape(3, 2, 24), 8, 8, schedule=FAST, is_signed=True),
    "two channels": Case(SHAPE, ArrayShape(3, 2, 16), 4, 4, "simd", is_signed=True),
    "two channels of 2 bits": Case(SHAPE, ArrayShape(3, 2, 16), 2, 3, "simd", FAST, is_signed=True),
    "output stationary": Case(SHAPE, ArrayShape(3, 2, 16), 3, 5, "os", is_signed=True),
}


def planes(case: Case) -> list[tuple[np.ndarray, np.ndarray]]:
    """Random operands, and those at the ends of their ranges: lowest times lowest is the largest product."""
    random = np.random.default_rng(4)
    codes, half = case.act_format, 1 << case.weight_bits - 1
    sizes, weight_sizes = (7, 4, 5), case.shape.weight_sizes
    drawn = (
        random.integers(codes.min_code, codes.max_code + 1, sizes),
        random.integers(-half, half, weight_sizes),
    )
    ends = [
        (np.full(sizes, act), np.full(weight_sizes, weight))
        for act in (codes.min_code, codes.max_code)
        for weight in (-half, half - 1)
    ]
    return [drawn, *ends]


@pytest.mark.parametrize(
    ("simulator", "name"),
    [
        *(("icarus", name) for name in CASES),
        ("verilator", "two channels"),
    ],
)
def test_core_and_model_are_naive_arithmetic(
    simulator: str, name: str, tmp_path: Path, builds: Path
) -> None:
    require_simulator(simulator)
    case, bundles = CASES[name], []
    plan = plan_mode(case.shape, case.array, case.mode, case.act_bits)
    for number, (codes, weight) in enumerate(planes(case)):
        psums = convolve(weight, codes, case.shape)
        assert abs(psums).max() < 1 << case.array.psum_bits - 1
        bundle = write_case(tmp_path / str(number), case, codes, weight, psums=psums)
        tensors = decode_bundle(read_bundle(bundle.folder))
        assert tensors.codes.dtype == np.int8
        assert (tensors.codes == codes).all()
        bundles.append((bundle.folder, case.setup))
        words = plan_words(plan, weight.astype(np.int8), codes.astype(np.int8))
        model = simulate(Execution(plan, schedule=case.schedule), *words)
        assert (untile_psums(model.psums, plan) == psums).all()
        assert model.overflows == 0
    for result in run_bundles(bundles, simulator=simulator, cache_dir=builds):
        check_exact(result, case)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("psum_bits", [24, 5])
def test_registers_and_closed_form_agree(name: str, psum_bits: int) -> None:
    """Also where sums do not fit, and with stalls."""
    case = replace(CASES[name], array=ArrayShape(3, 2, psum_bits))
    plan = plan_mode(case.shape, case.array, case.mode, case.act_bits)
    codes, weight = planes(case)[0]
    words = plan_words(plan, weight.astype(np.int8), codes.astype(np.int8))
    execution = Execution(plan, schedule=case.schedule)
    fast = simulate(execution, *words)
    for stalls in (None, Stalls(90)):
        slow = simulate(execution, *words, engine="registers", stalls=stalls)
        assert (slow.psums == fast.psums).all()
        assert slow.overflows == fast.overflows
    assert (fast.overflows > 0) == (psum_bits == 5)
    assert (untile_psums(fast.psums, plan) == convolve(weight, codes, case.shape)).all()


@pytest.mark.parametrize(
    ("name", "old"),
    [
        ("weight stationary", "(ActSigned != 0) && act_i[ActBits-1]"),
        ("two channels", "(ActSigned != 0) && is_half_i && act_i[LowBits-1]"),
    ],
)
def test_a_pe_that_takes_signed_as_unsigned_is_found(name: str, old: str, tmp_path: Path) -> None:
    require_simulator("icarus")
    case = CASES[name]
    write_random(tmp_path / "bundle", case)
    rtl = patched_core(tmp_path / "rtl", "tw_pe.sv", old, "1'b0")
    result = run_bundle(
        tmp_path / "bundle",
        setup=case.setup,
        simulator="icarus",
        rtl_dir=rtl,
    )
    assert result.psum_mismatches > 0
    step = 1 << case.act_bits  # a sign bit read as so much too much
    assert all((m.actual - m.expected) % step == 0 for m in result.mismatches if m.what == "psum")


def test_a_core_built_for_unsigned_codes_is_told_so(tmp_path: Path, builds: Path) -> None:
    """The bench compares what the files are with what the core was built for."""
    require_simulator("icarus")
    case = CASES["weight stationary"]
    write_random(tmp_path / "bundle", case)
    rtl = patched_core(
        tmp_path / "rtl",
        "tw_array.sv",
        ".ActSigned (ActSigned)",
        ".ActSigned (0)",
    )
    options = {"setup": case.setup, "simulator": "icarus", "cache_dir": builds}
    assert not run_bundle(tmp_path / "bundle", rtl_dir=rtl, **options).is_exact
    assert run_bundle(tmp_path / "bundle", **options).is_exact


@pytest.mark.parametrize("simulator", ["icarus", "verilator"])
def test_a_core_without_the_parameter_runs_unsigned_layers(
    simulator: str, tmp_path: Path, builds: Path
) -> None:
    """A core of before signed codes, of anybody: the bench gives the parameter only where it is needed."""
    require_simulator(simulator)
    rtl = patched_core(tmp_path / "rtl", "tw_core.sv", "    parameter  int ActSigned    = 0,\n", "")
    patched_core(rtl, "tw_core.sv", "(ActSigned)", "(0)")
    case = replace(CASES["weight stationary"], is_signed=False)
    signed = CASES["weight stationary"]
    for folder, one in (("unsigned", case), ("signed", signed)):
        write_random(tmp_path / folder, one)
    options = {"simulator": simulator, "cache_dir": builds, "rtl_dir": rtl}
    assert run_bundle(tmp_path / "unsigned", setup=case.setup, **options).is_exact
    if simulator == "verilator":  # Icarus 11 warns of a parameter that is not there, and runs
        with pytest.raises(ToolError, match="ActSigned"):
            run_bundle(tmp_path / "signed", setup=signed.setup, **options)
    else:
        assert not run_bundle(tmp_path / "signed", setup=signed.setup, **options).is_exact

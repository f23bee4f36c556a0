"""The RTL core equals naive arithmetic in every bit, and docs/dataflows.md in every cycle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.naive import convolve
from tests.rtl.layers import (
    Case,
    edit_file,
    require_simulator,
    write_case,
    write_random,
)
from tilewright.cosim import CosimResult, run_bundle
from tilewright.errors import FormatError
from tilewright.spec import ArrayShape, ConvShape

pytestmark = pytest.mark.rtl

VARIETY = {
    "rows 4, cols 3, tails in both tiles": Case(
        ConvShape(ic=5, ih=4, iw=6, oc=7, kh=3, kw=3, padding=(1, 1)), ArrayShape(4, 3, 16)
    ),
    "one row, stride 2 downwards, kernel 5x3": Case(
        ConvShape(3, 7, 5, 2, 5, 3, stride=(2, 1), padding=(2, 0)), ArrayShape(1, 4, 20), 2, 8
    ),
    "one column, stride 2, last row and column unused": Case(
        ConvShape(3, 8, 6, 3, 3, 3, stride=(2, 2), padding=(0, 0)), ArrayShape(4, 1, 20), 8, 2
    ),
    "linear layer, 3 input tiles": Case(ConvShape(9, 1, 1, 5, 1, 1), ArrayShape(4, 8, 20), 8, 8),
    "one PE, stride 3x2": Case(
        ConvShape(2, 5, 6, 2, 1, 3, stride=(3, 2), padding=(0, 2)), ArrayShape(1, 1, 16)
    ),
    "kernel 5, padding 2": Case(
        ConvShape(2, 5, 4, 3, 5, 5, padding=(2, 2)), ArrayShape(2, 5, 18), 2, 4
    ),
    "kernel 1 with stride 2": Case(
        ConvShape(3, 5, 4, 4, 1, 1, stride=(2, 2), padding=(1, 1)), ArrayShape(2, 3, 12)
    ),
}

ONE_GEOMETRY = (
    Case(ConvShape(5, 4, 6, 7, 3, 3, padding=(1, 1)), ArrayShape(4, 3, 16)),
    Case(ConvShape(4, 6, 5, 2, 5, 3, stride=(1, 2), padding=(2, 0)), ArrayShape(4, 3, 16)),
    Case(ConvShape(9, 1, 1, 10, 1, 1), ArrayShape(4, 3, 16)),
)


def check_exact(result: CosimResult, case: Case) -> None:
    """Every value right, every count what the sizes say, every fold as long as the page says."""
    values = case.shape.oc * case.shape.oh * case.shape.ow
    assert result.mismatches == ()
    assert result.faults == ()
    assert result.is_exact
    assert (result.psums_compared, result.outputs_compared) == (values, values)
    assert result.fold_cycles.shape == case.folds
    assert (result.fold_cycles == case.fold_cycles).all()
    assert result.tiles == np.prod(case.folds)
    assert result.cycles == result.tiles * case.fold_cycles


@pytest.mark.parametrize("name", VARIETY)
def test_core_is_exact_for_layers_of_all_kinds(name: str, tmp_path: Path, builds: Path) -> None:
    require_simulator("icarus")
    write_random(tmp_path / "bundle", VARIETY[name])
    result = run_bundle(tmp_path / "bundle", simulator="icarus", cache_dir=builds)
    check_exact(result, VARIETY[name])


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Small layers on small arrays, square ones rare."""
    small, pads, strides = st.integers(1, 5), st.integers(0, 2), st.integers(1, 3)
    kh, kw = draw(st.sampled_from((1, 2, 3, 5))), draw(st.sampled_from((1, 2, 3)))
    pad_h, pad_w = draw(pads), draw(pads)
    shape = ConvShape(
        ic=draw(st.integers(1, 7)),
        ih=max(draw(small), kh - 2 * pad_h),
        iw=max(draw(small), kw - 2 * pad_w),
        oc=draw(st.integers(1, 7)),
        kh=kh,
        kw=kw,
        stride=(draw(strides), draw(strides)),
        padding=(pad_h, pad_w),
    )
    array = ArrayShape(draw(st.integers(1, 6)), draw(st.integers(1, 6)), draw(st.integers(4, 32)))
    return Case(shape, array, draw(st.integers(2, 8)), draw(st.integers(2, 8)))


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(case=cases(), seed=st.integers(0, 2**32 - 1))
def test_core_is_exact_for_random_layers(
    case: Case, seed: int, tmp_path_factory: pytest.TempPathFactory, builds: Path
) -> None:
    require_simulator("icarus")
    folder = tmp_path_factory.mktemp("random") / "bundle"
    write_random(folder, case, seed)
    check_exact(run_bundle(folder, simulator="icarus", cache_dir=builds), case)


@pytest.mark.parametrize("case", ONE_GEOMETRY)
def test_both_simulators_agree_on_values_and_cycles(
    case: Case, tmp_path: Path, builds: Path
) -> None:
    require_simulator("verilator")
    require_simulator("icarus")
    write_random(tmp_path / "bundle", case)
    fast = run_bundle(tmp_path / "bundle", simulator="verilator", cache_dir=builds)
    slow = run_bundle(tmp_path / "bundle", simulator="icarus", cache_dir=builds)
    check_exact(fast, case)
    check_exact(slow, case)
    assert len(list(builds.glob("verilator-*"))) == 1  # one build serves every layer


def test_both_simulators_find_the_same_faults(tmp_path: Path, builds: Path) -> None:
    """A flipped expected bit, and then a file cut off, are the same words at the same place."""
    require_simulator("verilator")
    require_simulator("icarus")
    folder = write_random(tmp_path / "bundle", ONE_GEOMETRY[0]).folder
    edit_file(folder, "psum.txt", lambda lines: [*lines[:8], "1" * 48 + "\n", *lines[9:]])
    fast = run_bundle(folder, simulator="verilator", cache_dir=builds)
    slow = run_bundle(folder, simulator="icarus", cache_dir=builds)
    assert fast.mismatches == slow.mismatches
    assert {mismatch.onij for mismatch in fast.mismatches} == {5}
    assert fast.psum_mismatches == slow.psum_mismatches > 0
    edit_file(folder, "out.txt", lambda lines: lines[:-1])
    for simulator in ("verilator", "icarus"):
        with pytest.raises(
            FormatError, match=r"bundle: out\.txt:75: the file ends here, but a word"
        ):
            run_bundle(folder, simulator=simulator, cache_dir=builds)


@pytest.mark.parametrize("weight", [-128, 127])
def test_extreme_operands_are_exact(weight: int, tmp_path: Path, builds: Path) -> None:
    """All activations 255: the largest psums that 8-bit codes reach, -1,175,040 and 1,165,860."""
    require_simulator("icarus")
    case = Case(ConvShape(4, 3, 4, 3, 3, 3), ArrayShape(3, 2, 22), 8, 8)
    codes, weights = np.full((4, 3, 4), 255), np.full((3, 4, 3, 3), weight)
    assert convolve(weights, codes, case.shape)[0, 0, 0] == 36 * 255 * weight
    write_case(tmp_path / "bundle", case, codes, weights)
    check_exact(run_bundle(tmp_path / "bundle", simulator="icarus", cache_dir=builds), case)


def test_psums_wrap_at_their_width(tmp_path: Path, builds: Path) -> None:
    """3 * 3 = 9 wraps to -7 in 4 bits; adding 1 * -4 gives 5, so the last sum is right again."""
    require_simulator("icarus")
    case = Case(ConvShape(2, 1, 1, 1, 1, 1), ArrayShape(1, 1, 4), 2, 3)
    bundle = write_case(
        tmp_path / "bundle", case, np.array([[[3]], [[1]]]), np.array([[[[3]], [[-4]]]])
    )
    assert (bundle.folder / "psum.txt").read_text().split()[3:] == ["0101"]
    check_exact(run_bundle(tmp_path / "bundle", simulator="icarus", cache_dir=builds), case)

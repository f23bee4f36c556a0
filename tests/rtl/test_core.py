"""The RTL core equals naive arithmetic in every bit, and docs/dataflows.md in every cycle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.naive import convolve
from tests.rtl.layers import (
    Case,
    edit_file,
    require_simulator,
    write_case,
    write_random,
)
from tilewright.cores import CosimResult, run_bundle
from tilewright.cores.run_list import BenchRun, parameters
from tilewright.errors import FormatError
from tilewright.spec import ArrayShape, ConvShape, OutputFunction, Schedule

pytestmark = pytest.mark.rtl

FAST = Schedule(is_overlapped=True, is_skipping=True, is_whole_layer=True)

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
    "stride 2, zeros below and right alone": Case(
        ConvShape(3, 6, 8, 5, 3, 3, stride=(2, 2), padding_after=(1, 1)), ArrayShape(2, 4, 20)
    ),
    "stride 2, two channels in each PE, other zeros on each side": Case(
        ConvShape(5, 5, 4, 3, 3, 2, stride=(2, 1), padding=(0, 1), padding_after=(2, 0)),
        ArrayShape(2, 3, 16),
        mode="simd",
        schedule=FAST,
    ),
    "output stationary, stride 2, zeros below and right alone": Case(
        ConvShape(2, 4, 6, 3, 3, 3, stride=(2, 2), padding_after=(1, 1)),
        ArrayShape(3, 2, 16),
        mode="os",
    ),
    "linear layer, 3 input tiles": Case(ConvShape(9, 1, 1, 5, 1, 1), ArrayShape(4, 8, 20), 8, 8),
    "one PE, stride 3x2": Case(
        ConvShape(2, 5, 6, 2, 1, 3, stride=(3, 2), padding=(0, 2)), ArrayShape(1, 1, 16)
    ),
    "psums of 48 bits, 8-bit operands": Case(
        ConvShape(5, 4, 4, 4, 3, 3, padding=(1, 1)), ArrayShape(3, 4, 48), 8, 8
    ),
    "psums of 48 bits, output stationary": Case(
        ConvShape(2, 4, 4, 3, 3, 3, padding=(1, 1)), ArrayShape(3, 2, 48), 8, 8, mode="os"
    ),
    "kernel 5, padding 2": Case(
        ConvShape(2, 5, 4, 3, 5, 5, padding=(2, 2)), ArrayShape(2, 5, 18), 2, 4
    ),
    "kernel 1 with stride 2": Case(
        ConvShape(3, 5, 4, 4, 1, 1, stride=(2, 2), padding=(1, 1)), ArrayShape(2, 3, 12)
    ),
    "overlapped, skipping, whole layer": Case(
        ConvShape(5, 4, 6, 7, 3, 3, padding=(1, 1)), ArrayShape(4, 3, 16), schedule=FAST
    ),
    "overlapped, each pixel on the heels of its fold before": Case(
        ConvShape(9, 1, 1, 5, 1, 1), ArrayShape(1, 1, 20), 8, 8, schedule=FAST
    ),
    "overlapped, padded plane, stride 2": Case(
        ConvShape(4, 5, 7, 5, 3, 2, stride=(2, 1), padding=(1, 1)),
        ArrayShape(3, 2, 16),
        schedule=Schedule(is_overlapped=True),
    ),
    "two channels in each PE, 3 of 4 lanes used": Case(
        ConvShape(7, 3, 4, 4, 3, 2, padding=(1, 0)), ArrayShape(2, 3, 16), 2, 4, "simd"
    ),
    "two channels in each PE, overlapped": Case(
        ConvShape(9, 4, 3, 5, 2, 3), ArrayShape(2, 3, 16), 4, 4, "simd", FAST
    ),
    "output stationary, 3 passes, the last not full": Case(
        ConvShape(5, 4, 4, 5, 3, 3, padding=(1, 0)), ArrayShape(3, 2, 16), mode="os"
    ),
    "output stationary, overlapped, one step": Case(
        ConvShape(1, 5, 7, 3, 1, 1), ArrayShape(5, 2, 16), mode="os", schedule=FAST
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
    expected = np.full(case.folds, case.next_fold_cycles)
    expected[0 if case.schedule.is_whole_layer else slice(None), 0, 0] = case.fold_cycles
    np.testing.assert_array_equal(result.fold_cycles, expected)
    assert result.tiles == np.prod(case.folds)
    assert result.cycles == expected.sum()


@pytest.mark.parametrize("name", VARIETY)
def test_core_is_exact_for_layers_of_all_kinds(name: str, tmp_path: Path, builds: Path) -> None:
    require_simulator("icarus")
    write_random(tmp_path / "bundle", VARIETY[name])
    case = VARIETY[name]
    result = run_bundle(tmp_path / "bundle", setup=case.setup, simulator="icarus", cache_dir=builds)
    check_exact(result, case)


OUTPUTS = st.sampled_from([OutputFunction("relu"), OutputFunction("signed")]) | st.builds(
    OutputFunction, st.just("leaky"), st.integers(1, 31)
)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Small layers on small arrays, square ones rare."""
    small, pads, strides = st.integers(1, 5), st.integers(0, 2), st.integers(1, 3)
    kh, kw = draw(st.sampled_from((1, 2, 3, 5))), draw(st.sampled_from((1, 2, 3)))
    pad_h, pad_w = draw(pads), draw(pads)
    after_h, after_w = draw(st.just((pad_h, pad_w)) | st.tuples(pads, pads))
    shape = ConvShape(
        ic=draw(st.integers(1, 7)),
        ih=max(draw(small), kh - pad_h - after_h),
        iw=max(draw(small), kw - pad_w - after_w),
        oc=draw(st.integers(1, 7)),
        kh=kh,
        kw=kw,
        stride=(draw(strides), draw(strides)),
        padding=(pad_h, pad_w),
        padding_after=(after_h, after_w),
    )
    array = ArrayShape(draw(st.integers(1, 6)), draw(st.integers(1, 6)), draw(st.integers(4, 32)))
    mode = draw(st.sampled_from(["ws", "simd", "os"]))
    assume(mode != "os" or _every_pixel_is_seen(shape))  # else its files cannot be written
    return Case(
        shape,
        array,
        draw(st.integers(2, 4 if mode == "simd" else 8)),
        draw(st.integers(2, 8)),
        mode,
        Schedule(draw(st.booleans()), draw(st.booleans()), draw(st.booleans())),
        draw(OUTPUTS),
    )


def _every_pixel_is_seen(shape: ConvShape) -> bool:
    """Whether some window sees each pixel, along both axes."""
    for kernel, stride, out, size, pad in (
        (shape.kh, shape.stride[0], shape.oh, shape.ih, shape.padding[0]),
        (shape.kw, shape.stride[1], shape.ow, shape.iw, shape.padding[1]),
    ):
        seen = {o * stride + tap for o in range(out) for tap in range(kernel)}
        if not seen >= set(range(pad, pad + size)):
            return False
    return True


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(case=cases(), seed=st.integers(0, 2**32 - 1))
def test_core_is_exact_for_random_layers(
    case: Case, seed: int, tmp_path_factory: pytest.TempPathFactory, all_workers: Path
) -> None:
    require_simulator("icarus")
    folder = tmp_path_factory.mktemp("random") / "bundle"
    write_random(folder, case, seed)
    cache = all_workers / "builds"  # cores that nobody will ask for again
    result = run_bundle(folder, setup=case.setup, simulator="icarus", cache_dir=cache)
    check_exact(result, case)


@pytest.mark.parametrize("case", ONE_GEOMETRY)
def test_both_simulators_agree_on_values_and_cycles(
    case: Case, tmp_path: Path, builds: Path
) -> None:
    require_simulator("verilator")
    require_simulator("icarus")
    write_random(tmp_path / "bundle", case)
    options = {"setup": case.setup, "cache_dir": builds}
    fast = run_bundle(tmp_path / "bundle", simulator="verilator", **options)
    slow = run_bundle(tmp_path / "bundle", simulator="icarus", **options)
    check_exact(fast, case)
    check_exact(slow, case)


def test_one_build_serves_every_layer_of_a_geometry(tmp_path: Path) -> None:
    cores = []
    for number, case in enumerate(ONE_GEOMETRY):
        bundle = write_random(tmp_path / str(number), case)
        cores.append(parameters([BenchRun(bundle, case.setup)]))
    assert len(cores) > 1
    assert all(core == cores[0] for core in cores)


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
    result = run_bundle(tmp_path / "bundle", simulator="icarus", cache_dir=builds)
    check_exact(result, case)


def test_psums_wrap_at_their_width(tmp_path: Path, builds: Path) -> None:
    """3 * 3 = 9 wraps to -7 in 4 bits; adding 1 * -4 gives 5, so the last sum is right again."""
    require_simulator("icarus")
    case = Case(ConvShape(2, 1, 1, 1, 1, 1), ArrayShape(1, 1, 4), 2, 3)
    bundle = write_case(
        tmp_path / "bundle", case, np.array([[[3]], [[1]]]), np.array([[[[3]], [[-4]]]])
    )
    assert (bundle.folder / "psum.txt").read_text().split()[3:] == ["0101"]
    options = {"simulator": "icarus", "cache_dir": builds}
    result = run_bundle(tmp_path / "bundle", setup=case.setup, **options)
    check_exact(result, case)
    strict = run_bundle(tmp_path / "bundle", **options)
    assert not strict.is_exact
    assert strict.psum_mismatches == 0
    assert [str(vector) for vector in strict.overflows] == [
        "a psum does not fit in a PE column (otile=0, itile=0, kij=0, onij=0)",
        "a psum does not fit in PMEM (otile=0, itile=1, kij=0, onij=0)",  # -7 - 4
    ]

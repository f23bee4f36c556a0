"""Causes of layers with several output tiles: what each predicts, made by hand."""

import numpy as np
import pytest

from tests.naive import convolve
from tests.rtl.layers import Case, random_tensors, write_case
from tilewright.judge import Dump, Operands, compare
from tilewright.judge.cause import all_causes, predict
from tilewright.judge.problem import Problem
from tilewright.spec import ArrayShape, ConvShape

SHAPE = ConvShape(ic=3, ih=3, iw=4, oc=5, kh=2, kw=2)
COLS, PIXELS = 2, 6
CASE = Case(SHAPE, ArrayShape(2, COLS, psum_bits=16))
CODES, WEIGHT = random_tensors(CASE, 0)
PSUMS = convolve(WEIGHT, CODES, SHAPE)


@pytest.fixture(scope="module")
def predicted(tmp_path_factory):
    """What each cause makes of the psums ``oc oh ow``, by its key."""
    bundle = write_case(tmp_path_factory.mktemp("tiles") / "bundle", CASE, CODES, WEIGHT)
    dump = Dump("psum", PSUMS + 1, np.ones(PSUMS.shape, bool))
    operands = Operands(WEIGHT.astype(np.int64), CODES.astype(np.int64))
    problem = Problem.of(bundle, operands, compare(bundle, dump, operands=operands))
    causes = {cause.key: cause for cause in all_causes(problem)}
    return lambda key: predict(problem, (causes[key],)).reshape(PSUMS.shape)


def _lines():
    """The words of a file of all output tiles, ``line lane``; lanes beyond the last channel are 0."""
    lanes = np.zeros((6, PIXELS), np.int64)
    lanes[:5] = PSUMS.reshape(5, PIXELS)
    return [
        [lanes[2 * tile + col, pixel] for col in range(COLS)]
        for tile in range(3)
        for pixel in range(PIXELS)
    ]


@pytest.mark.parametrize("rest", ["0", "repeated", "around"])
@pytest.mark.parametrize("n", [1, 2, 3, -1, -2, -3])
def test_lines_run_on_from_one_output_tile_to_the_next(predicted, n, rest):
    lines, zero = _lines(), [0, 0]
    if n > 0:
        ends = {"0": [zero] * n, "repeated": [lines[-1]] * n, "around": lines[:n]}
        moved = lines[n:] + ends[rest]
    else:
        ends = {"0": [zero] * -n, "repeated": [lines[0]] * -n, "around": lines[n:]}
        moved = ends[rest] + lines[:n]
    found = predicted(f"outputs-lines-shifted n={n} rest={rest}").reshape(5, PIXELS)
    for oc in range(5):
        tile, col = divmod(oc, COLS)
        expected = [moved[tile * PIXELS + pixel][col] for pixel in range(PIXELS)]
        assert found[oc].tolist() == expected


def _moved(numbers, n, rest):
    """A channel's numbers, `n` pixels early."""
    at = [pixel + n for pixel in range(PIXELS)]
    ends = [min(max(pixel, 0), PIXELS - 1) for pixel in at]
    return [
        0 if rest == "0" and pixel != end else numbers[end]
        for pixel, end in zip(at, ends, strict=True)
    ]


@pytest.mark.parametrize("rest", ["0", "repeated"])
@pytest.mark.parametrize("n", [1, -1, 2, -2])
def test_a_late_column_is_late_in_each_output_tile(predicted, n, rest):
    numbers = PSUMS.reshape(5, PIXELS)
    for col in range(COLS):
        found = predicted(f"column-late col={col} n={n} rest={rest}").reshape(5, PIXELS)
        for oc in range(5):
            shift = n if oc % COLS == col else 0
            assert found[oc].tolist() == _moved(numbers[oc].tolist(), shift, rest)
    if abs(n) == 1:
        found = predicted(f"column-skew n={n} rest={rest}").reshape(5, PIXELS)
        for oc in range(5):
            assert found[oc].tolist() == _moved(numbers[oc].tolist(), n * (oc % COLS), rest)


def test_a_column_that_is_copied_is_that_of_its_own_tile(predicted):
    assert (predicted("outputs-copied col=1 from=0")[[1, 3]] == PSUMS[[0, 2]]).all()
    found = predicted("outputs-copied col=0 from=1")
    assert (found[[0, 2]] == PSUMS[[1, 3]]).all()
    assert (found[4] == 0).all()  # the lane beyond the last channel


def test_a_memory_as_deep_as_its_numbers_loses_none(tmp_path):
    """Four by four pixels: the deepest memory that would lose some has 8 words."""
    case = Case(ConvShape(ic=1, ih=4, iw=4, oc=2, kh=1, kw=1), ArrayShape(1, 2, psum_bits=16))
    codes, weight = random_tensors(case, 0)
    numbers = convolve(weight, codes, case.shape) + 1
    operands = Operands(weight.astype(np.int64), codes.astype(np.int64))
    dump = Dump("psum", numbers, np.ones(numbers.shape, bool))
    bundle = write_case(tmp_path / "bundle", case, codes, weight)
    problem = Problem.of(bundle, operands, compare(bundle, dump, operands=operands))
    keys = [cause.key for cause in all_causes(problem)]
    for form, first in (("memory-wraps", 4), ("fifo-full", 4), ("outputs-memory-wraps", 2)):
        depths = [int(key.rpartition("=")[2]) for key in keys if key.startswith(f"{form} n=")]
        assert depths == [depth for depth in (2, 4, 8) if depth >= first]

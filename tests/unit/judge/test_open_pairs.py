"""A late row or column with words of nowhere beside an ordinary mistake; and the order of two mistakes."""

from __future__ import annotations

import numpy as np
import pytest

from tests.naive import convolve
from tests.rtl.layers import Case, random_tensors, write_case
from tilewright.judge import Dump, explain
from tilewright.judge.cause import all_causes, predict
from tilewright.judge.probes import told_apart
from tilewright.spec import ArrayShape, ConvShape

SHAPE = ConvShape(ic=4, ih=5, iw=6, oc=4, kh=3, kw=3)
CASE = Case(SHAPE, ArrayShape(4, 4, psum_bits=16))
SEED = 7


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return write_case(tmp_path_factory.mktemp("open") / "bundle", CASE, *random_tensors(CASE, SEED))


def _explain(bundle, numbers):
    return explain(bundle, Dump("psum", numbers, np.ones(numbers.shape, bool)))


def _late_column(numbers, junk=777):
    late = numbers.copy()
    late[1] = np.append(junk, numbers[1].ravel()[:-1]).reshape(numbers[1].shape)
    return late


CHANGES = {
    "weights are taken as unsigned": lambda weight: weight & 15,
    "tap": lambda weight: np.where(np.arange(9).reshape(3, 3) == 4, 0, weight),
}


@pytest.mark.parametrize("said", CHANGES)
def test_a_late_column_with_junk_beside_other_weights(bundle, said):
    codes, weight = random_tensors(CASE, SEED)
    found = _explain(bundle, _late_column(convolve(CHANGES[said](weight), codes, SHAPE)))
    assert found.is_explained
    assert said in found.verdict
    assert "column 1 is one pixel late" in found.verdict
    assert found.misses == [(0, 1, 0)]


def test_a_late_row_with_junk_beside_what_happens_to_sums(bundle):
    codes, weight = random_tensors(CASE, SEED)
    late = codes.copy()
    late[2] = np.append(0, codes[2].ravel()[:-1]).reshape(codes[2].shape)
    numbers = convolve(weight, late, SHAPE)
    numbers[:, 0, 0] += weight[:, 2, 0, 0] * 13
    found = _explain(bundle, numbers >> 1)
    assert found.is_explained
    keys = {cause.key for group in found.groups for causes in group for cause in causes}
    assert "row-late row=2 n=-1 rest=free" in keys
    assert {len(causes) for group in found.groups for causes in group} == {2}


@pytest.mark.parametrize("count", [2, 9])
def test_numbers_beside_them_that_fit_nothing_refute_both(bundle, count):
    codes, weight = random_tensors(CASE, SEED)
    numbers = _late_column(convolve(weight & 15, codes, SHAPE))
    numbers[2].reshape(-1)[3 : 3 + count] += np.arange(5, 5 + count)
    assert not _explain(bundle, numbers).is_explained


def test_junk_that_is_not_needed_is_no_second_cause(bundle):
    codes, weight = random_tensors(CASE, SEED)
    numbers = convolve(weight & 15, codes, SHAPE)
    numbers[1, 0, 0] += 5
    found = _explain(bundle, numbers)
    assert not found.is_explained


def test_two_orders_of_two_causes_are_told_apart_where_they_differ(bundle):
    codes, weight = random_tensors(CASE, SEED)
    problem = _explain(bundle, convolve(weight & 15, codes, SHAPE)).problem
    causes = {cause.key: cause for cause in all_causes(problem)}
    late = causes["row-late row=2 n=-1"]
    wraps = causes["address-wraps n=16"]
    assert (
        predict(problem, (late, wraps)) == predict(problem, (wraps, late))
    ).all()  # of this input
    assert len(told_apart(bundle, problem, [(late, wraps), (wraps, late)])) == 2
    unsigned = causes["weights-unsigned"]
    assert told_apart(bundle, problem, [(late, unsigned), (unsigned, late)]) == [[(late, unsigned)]]


def test_two_causes_that_undo_one_another_explain_nothing(tmp_path):
    shape = ConvShape(ic=4, ih=6, iw=6, oc=4, kh=3, kw=3)
    case = Case(shape, ArrayShape(4, 4, psum_bits=16))
    codes, weight = random_tensors(case, SEED)
    made = write_case(tmp_path / "bundle", case, codes, weight)
    numbers = convolve(weight, codes, shape)
    for edge in (
        0,
        -1,
    ):  # a row early and a row down again: all that differs is among the open numbers
        damaged = numbers.copy()
        damaged[1, edge, 2] ^= 64
        damaged[3, edge, 1] ^= 8
        assert not _explain(made, damaged).is_explained

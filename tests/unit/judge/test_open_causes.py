"""Causes that leave numbers open: named with what fits; never where the other numbers do not say enough."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.naive import convolve
from tests.rtl.layers import Case, random_tensors, write_case
from tilewright.judge import Dump, explain
from tilewright.spec import ArrayShape, ConvShape

SHAPE = ConvShape(ic=4, ih=4, iw=5, oc=4, kh=3, kw=3)
CASE = Case(SHAPE, ArrayShape(4, 4, psum_bits=16))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return write_case(tmp_path_factory.mktemp("open") / "bundle", CASE, *random_tensors(CASE, 5))


def _explain(bundle, numbers):
    return explain(bundle, Dump("psum", numbers, np.ones(numbers.shape, bool)))


def _late_row(row):
    """A row whose first word of the stream is from before it, another one in every tap."""
    codes, weight = random_tensors(CASE, 5)
    late = codes.copy()
    late[row] = np.append(0, codes[row].ravel()[:-1]).reshape(codes[row].shape)
    numbers = convolve(weight, late, SHAPE)
    numbers[:, 0, 0] += weight[:, row, 0, 0] * 13
    return numbers


def test_a_late_row_is_named_with_the_numbers_that_do_not_fit(bundle):
    found = _explain(bundle, _late_row(2))
    assert found.is_explained
    assert not found.passed
    assert [[c.key for (c,) in group] for group in found.groups] == [
        ["row-late row=2 n=-1 rest=free"]
    ]
    assert found.judged.compared == 24
    assert all(pixel == 0 for _, _, pixel in found.misses)
    assert f"{24 - len(found.misses)} of 24 numbers fit" in found.verdict
    assert found.to_json()["not_fitting"] == [list(place) for place in found.misses]


def test_a_late_column_whose_first_number_is_junk(bundle):
    codes, weight = random_tensors(CASE, 5)
    numbers = convolve(weight, codes, SHAPE)
    numbers[1] = np.append(777, numbers[1].ravel()[:-1]).reshape(numbers[1].shape)
    found = _explain(bundle, numbers)
    assert [[c.key for (c,) in group] for group in found.groups] == [
        ["column-late col=1 n=-1 rest=free"]
    ]
    assert found.misses == [(0, 1, 0)]
    assert "23 of 24 numbers fit" in found.verdict


def test_one_number_that_is_not_free_and_differs_refutes_the_cause(bundle):
    numbers = _late_row(2)
    numbers[3, 1, 1] += 1
    found = _explain(bundle, numbers)
    assert not found.is_explained
    assert found.free is None


def test_junk_alone_is_no_late_row(bundle):
    codes, weight = random_tensors(CASE, 5)
    numbers = convolve(weight, codes, SHAPE)
    numbers[:, 0, 0] += np.array([5, -77, 301, 18])
    found = _explain(bundle, numbers)
    assert not found.is_explained
    assert not found.groups


def test_an_end_that_is_signalled_before_the_last_taps_were_added(bundle):
    codes, weight = random_tensors(CASE, 5)
    numbers = convolve(weight, codes, SHAPE)
    short = weight.copy()
    short[:, :, 2, 1:] = 0
    numbers[:, -1, -2:] = convolve(short, codes, SHAPE)[:, -1, -2:]
    found = _explain(bundle, numbers)
    assert found.is_explained
    assert ("done-early n=2 folds=2",) in [tuple(c.key for c in fit) for fit in found.groups[0]]


@pytest.mark.parametrize("n", [1, 2, -1, -2])
def test_products_of_a_row_that_come_late_to_the_outputs(tmp_path, n):
    """In the order of outputs; what the row adds at the end for which nothing comes is anything."""
    case = Case(replace(SHAPE, iw=8), ArrayShape(4, 4, psum_bits=16))
    codes, weight = random_tensors(case, 6)
    bundle = write_case(tmp_path / "bundle", case, codes, weight)
    own = np.zeros_like(weight)
    own[:, 1] = weight[:, 1]
    rest = convolve(weight - own, codes, case.shape).reshape(4, -1)
    late = convolve(own, codes, case.shape).reshape(4, -1)
    junk = np.array([[901, -333], [5, 77], [-640, 12], [48, 360]])[:, : abs(n)]
    late = np.hstack([junk, late[:, :-n]] if n > 0 else [late[:, -n:], junk])
    numbers = (rest + late).reshape(4, case.shape.oh, case.shape.ow)
    found = _explain(bundle, numbers)
    keys = [cause.key for group in found.groups for fit in group for cause in fit]
    assert f"row-late-outputs row=1 n={n} rest=free" in keys

"""Mistakes in some taps, some folds or some pixels alone, and wrong tables of products: each is named."""

from __future__ import annotations

import numpy as np
import pytest

from tests.rtl.layers import Case, random_tensors, write_case
from tests.unit.judge.test_parts_and_folds import CASE, FOLDS, PIXELS, SHAPE, Core
from tilewright.judge import Dump, Operands, compare, expected_numbers, explain, read_operands
from tilewright.judge.cause import predict
from tilewright.judge.probes import posed, random_operands
from tilewright.judge.problem import Problem
from tilewright.judge.search import search
from tilewright.judge.solving import whole_solution
from tilewright.spec import ArrayShape, ConvShape


def _weights(change, where):
    """where: of the output tile, the input tile and the tap."""

    class Faulty(Core):
        def weight_in(self, fold, row, col, pixel):
            weight = self.right_weight(fold, row, col)
            return change(weight) if where(*FOLDS[fold]) else weight

    return Faulty


def _stale(where):
    """Folds with the weights of the tap before. where: as above, and the column."""

    class Faulty(Core):
        def weight_in(self, fold, row, col, pixel):
            return self.right_weight(fold - where(*FOLDS[fold], col), row, col)

    return Faulty


def _at_pixels(change, where):
    """where: of a pixel's row and column in the map."""

    class Faulty(Core):
        def weight_in(self, fold, row, col, pixel):
            weight = self.right_weight(fold, row, col)
            return change(weight) if where(*divmod(pixel, 5)) else weight

    return Faulty


def _table(product):
    """A multiplier of its own."""

    class Faulty(Core):
        def column(self, fold, pixel, col):
            _, itile, tap = FOLDS[fold]
            nij = (pixel // 5 + tap // 3) * 7 + pixel % 5 + tap % 3
            return sum(
                product(self.right_weight(fold, row, col), self.code(itile, nij, row, col))
                for row in range(4)
            )

    return Faulty


def _without_lowest_bit(weight, code):
    size = abs(weight) * code & ~1
    return size if weight > 0 else -size


FAULTS = {
    "weights are taken as unsigned, in tap 4 alone": _weights(
        lambda w: w & 15, lambda _, __, tap: tap == 4
    ),
    "weights are taken as unsigned, in taps 0, 1, 2 alone": _weights(
        lambda w: w & 15, lambda _, __, tap: tap < 3
    ),
    "weights are read with bit 0 stuck at 1, in taps 1, 3, 5, 7 alone": _weights(
        lambda w: w | 1, lambda _, __, tap: tap % 2
    ),
    "weights are taken as unsigned, in tap 6 of input tile 1 alone": _weights(
        lambda w: w & 15, lambda _, itile, tap: (itile, tap) == (1, 6)
    ),
    "taken of the tap 1 earlier, around the end, in tap 5 of input tile 1 in output tile 0": _stale(
        lambda *at: at[:3] == (0, 1, 5)
    ),
    "taken of the tap 1 earlier, around the end, in tap 4 of PE column 3 alone": _stale(
        lambda _, __, tap, col: (tap, col) == (4, 3)
    ),
    "weights are taken as unsigned, in the first pixel of every row alone": _at_pixels(
        lambda w: w & 15, lambda _, x: x == 0
    ),
    "weights are taken as unsigned, in the last row alone": _at_pixels(
        lambda w: w & 15, lambda y, _: y == 3
    ),
    "weights are taken as unsigned, in odd columns of the map alone": _at_pixels(
        lambda w: w & 15, lambda _, x: x % 2
    ),
    "weights are taken for others: -8 as 8": _weights(
        lambda w: abs(w) if w == -8 else w, lambda *_: True
    ),
    "weights are taken for others: -4 as -2, 4 as 6": _table(
        lambda w, x: (w + 2 * (abs(w) == 4)) * x
    ),
    "activations are taken for others: 15 as 0": _table(lambda w, x: w * (x % 15)),
    "a product is wrong: 7 x 7 is 48": _table(lambda w, x: w * x - (w == x == 7)),
}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return write_case(tmp_path_factory.mktemp("parts") / "bundle", CASE, *random_tensors(CASE, 3))


@pytest.fixture(scope="module")
def operands():
    codes, weight = random_tensors(CASE, 3)
    return weight.astype(np.int64), codes.astype(np.int64)


def _dump(numbers, kind="psum"):
    numbers = numbers.reshape(SHAPE.oc, SHAPE.oh, SHAPE.ow)
    return Dump(kind, numbers, np.ones(numbers.shape, bool))


@pytest.mark.parametrize("words", FAULTS)
def test_it_is_named_and_predicts_what_the_core_does(bundle, operands, words):
    found = explain(bundle, _dump(FAULTS[words](*operands).run()))
    assert found.is_explained, found.verdict
    told = [cause for group in found.groups for causes in group for cause in causes]
    named = [cause for cause in told if words in cause.text]
    assert len(named) == 1, [cause.text for cause in told]
    fresh = random_operands(bundle, 17)
    numbers = predict(posed(found.problem, fresh), tuple(named)).reshape(SHAPE.oc, PIXELS)
    assert numbers.tolist() == FAULTS[words](fresh.weight, fresh.codes).run().tolist()


@pytest.mark.parametrize("words", FAULTS)
def test_with_another_number_spoiled_it_is_not_named(bundle, operands, words):
    """Sabotage: one number more that it does not reproduce."""
    weight, codes = operands
    numbers = FAULTS[words](weight, codes).run()
    numbers[2, 7] += 777
    known = Operands(weight, codes)
    problem = Problem.of(bundle, known, compare(bundle, _dump(numbers), operands=known))
    assert search(problem, has_pairs=False).fits == ()


def test_a_table_behind_a_relu_is_solved_for_from_what_is_above_0(bundle, operands):
    words = "weights are taken for others: -8 as 8"
    outputs = np.maximum(FAULTS[words](*operands).run(), 0)
    assert explain(bundle, _dump(outputs, "output")).verdict == words
    outputs[outputs > 0] += 1
    assert not explain(bundle, _dump(outputs, "output")).is_explained


def test_the_whole_table_of_products_where_there_are_numbers_enough(tmp_path):
    """Half of all products lose their lowest bit; with fewer numbers than products nothing is solved."""
    for oc, is_solved in ((16, True), (4, False)):
        shape = ConvShape(ic=8, ih=5, iw=6, oc=oc, kh=3, kw=3, padding=(1, 1))
        case = Case(shape, ArrayShape(8, 8, psum_bits=16))
        codes, weight = random_tensors(case, 3)
        bundle = write_case(tmp_path / str(oc), case, codes, weight)
        less = np.array(
            [[w * x - _without_lowest_bit(w, x) for x in range(16)] for w in range(-8, 8)]
        )
        numbers = expected_numbers(bundle, "psum", read_operands(bundle))
        plane = np.pad(codes.astype(int), ((0, 0), (1, 1), (1, 1)))
        for at in np.ndindex(3, 3, 8, oc, 5, 6):
            y, x, ic, o, oh, ow = at
            numbers[o, oh, ow] -= less[weight[o, ic, y, x] + 8, plane[ic, oh + y, ow + x]]
        found = explain(bundle, Dump("psum", numbers, np.ones(numbers.shape, bool)))
        assert (" products are wrong: -7 x 1 is -6" in found.verdict) == is_solved
        assert found.is_explained == is_solved


def test_only_one_whole_solution_counts():
    columns = np.eye(3, 12, dtype=np.int64) + 1
    wanted = np.array([2, 0, -1]) @ columns
    assert whole_solution(columns, wanted).tolist() == [2, 0, -1]
    assert whole_solution(columns, wanted + (np.arange(12) == 5)) is None
    assert whole_solution(np.concatenate([columns, columns[:1]]), wanted) is None
    assert whole_solution(columns[:, :10], wanted[:10]) is None

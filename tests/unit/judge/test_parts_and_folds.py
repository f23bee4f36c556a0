"""Faults of a part of the array or of single folds, planted in a core of plain loops: each is named."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from tests.naive import wrap
from tests.rtl.layers import Case, random_tensors, write_case
from tilewright.judge import Dump, Operands, compare, explain
from tilewright.judge.cause import predict
from tilewright.judge.probes import posed, random_operands
from tilewright.judge.problem import Problem
from tilewright.judge.search import search
from tilewright.spec import ArrayShape, ConvShape

SHAPE = ConvShape(ic=6, ih=4, iw=5, oc=7, kh=3, kw=3, padding=(1, 1))
ROWS = COLS = 4
PIXELS, WIDTH, NIJ = 20, 7, 42
CASE = Case(SHAPE, ArrayShape(ROWS, COLS, psum_bits=16))
FOLDS = list(product(range(2), range(2), range(9)))
"""Output tile, input tile and tap."""


class Core:
    """A weight-stationary core in loops over folds, pixels, columns and rows; methods are where faults go.

    weight: ``oc ic kh kw``; plane: the padded codes, ``ic nij``.
    """

    def __init__(self, weight, codes):
        self.weight = weight.reshape(SHAPE.oc, SHAPE.ic, 9).tolist()
        self.plane = np.pad(codes, ((0, 0), (1, 1), (1, 1))).reshape(SHAPE.ic, NIJ).tolist()

    def right_weight(self, fold, row, col):
        otile, itile, tap = FOLDS[fold]
        oc, ic = otile * COLS + col, itile * ROWS + row
        return self.weight[oc][ic][tap] if oc < SHAPE.oc and ic < SHAPE.ic else 0

    def weight_in(self, fold, row, col, pixel):
        return self.right_weight(fold, row, col)

    def code(self, itile, nij, row, col):
        ic = itile * ROWS + row
        return self.plane[ic][nij] if ic < SHAPE.ic and 0 <= nij < NIJ else 0

    def step(self, nij, col):
        return nij

    def down(self, psum, row, col):
        return psum

    def take(self, total, psum, fold):
        return total + psum

    def stored(self, total, fold):
        return total

    def column(self, fold, pixel, col):
        _, itile, tap = FOLDS[fold]
        nij = (pixel // 5 + tap // 3) * WIDTH + pixel % 5 + tap % 3
        psum = 0
        for row in range(ROWS):
            code = self.code(itile, self.step(nij, col), row, col)
            psum = self.down(psum + self.weight_in(fold, row, col, pixel) * code, row, col)
        return psum

    def run(self):
        found = np.zeros((SHAPE.oc, PIXELS), np.int64)
        for oc, pixel in product(range(SHAPE.oc), range(PIXELS)):
            total = 0
            for fold, (otile, _, tap) in enumerate(FOLDS):
                if otile == oc // COLS:
                    total = self.take(total, self.column(fold, pixel, oc % COLS), fold)
                    total = self.stored(total, fold) if tap == 8 else total
            found[oc, pixel] = total
        return found


def _weights(source, where=lambda *_: True):
    """Weights of the fold ``source(fold)`` where that is said; none: 0."""

    class Faulty(Core):
        def weight_in(self, fold, row, col, pixel):
            other = source(fold) if where(row, col) else fold
            return self.right_weight(other, row, col) if 0 <= other < len(FOLDS) else 0

    return Faulty


def _by_taps(fold):
    """The fold before this one where all input tiles of a tap come in turn."""
    otile, itile, tap = FOLDS[fold]
    at = otile * 18 + tap * 2 + itile - 1
    if at < 0:
        return -1
    before = (at // 18, at % 2, at % 18 // 2)
    return FOLDS.index(before)


def _lines(n):
    """Lines of a file, a column each, `n` early."""

    class Faulty(Core):
        def weight_in(self, fold, row, col, pixel):
            other, lane = divmod(fold * COLS + col + n, COLS)
            return self.right_weight(other, row, lane) if 0 <= other < len(FOLDS) else 0

    return Faulty


def _exchanged(n):
    """The first `n` pixels of a fold have the weights of the one before; below 0, the last ones the next."""

    class Faulty(Core):
        def weight_in(self, fold, row, col, pixel):
            other = fold
            if n > 0 and pixel < n:
                other = fold - 1
            if n < 0 and pixel >= PIXELS + n:
                other = fold + 1
            return self.right_weight(other, row, col) if 0 <= other < len(FOLDS) else 0

    return Faulty


def _stream(steps):
    class Faulty(Core):
        def step(self, nij, col):
            return nij - steps(col)

    return Faulty


def _rows_late(first, n):
    class Faulty(Core):
        def code(self, itile, nij, row, col):
            return super().code(itile, nij + n * (row >= first), row, col)

    return Faulty


def _codes(change, where):
    class Faulty(Core):
        def code(self, itile, nij, row, col):
            code = super().code(itile, nij, row, col)
            return change(code) if where(row, col) else code

    return Faulty


def _psum(change, at):
    class Faulty(Core):
        def down(self, psum, row, col):
            return change(psum) if (row, col) == at else psum

    return Faulty


def _counted(times, where):
    class Faulty(Core):
        def take(self, total, psum, fold):
            return total + psum * (times if where(*FOLDS[fold]) else 1)

    return Faulty


def _written_back(change, *, is_last):
    class Faulty(Core):
        def stored(self, total, fold):
            return change(total) if is_last or FOLDS[fold][1] == 0 else total

    return Faulty


def _dump(change):
    class Faulty(Core):
        def run(self):
            return change(super().run().reshape(SHAPE.oc, 4, 5)).reshape(SHAPE.oc, PIXELS)

    return Faulty


def _zero(*index):
    def change(numbers):
        numbers[index] = 0
        return numbers

    return _dump(change)


def _copied(to, source):
    def change(numbers):
        numbers[to] = numbers[source].copy()
        return numbers

    return _dump(change)


def _weight_map(change, where):
    """where: of the output tile, the input tile, the row and the column."""

    class Faulty(Core):
        def weight_in(self, fold, row, col, pixel):
            weight = self.right_weight(fold, row, col)
            return change(weight) if where(*FOLDS[fold][:2], row, col) else weight

    return Faulty


def _turned(fold):
    return fold // 9 * 9 + 8 - fold % 9


def _only_there(source, where):
    return _weights(lambda fold: source(fold) if where(*FOLDS[fold]) else fold)


class _SecondTileLate(Core):
    def code(self, itile, nij, row, col):
        return super().code(itile, nij - 2 * itile, row, col)


class _RowCopied(Core):
    def weight_in(self, fold, row, col, pixel):
        return self.right_weight(fold, 1 if row == 2 else row, col)


class _NotClearedInColumn(Core):
    def run(self):
        found = super().run()
        found[[2, 6]] = found[[2, 6]].cumsum(axis=1)
        return found


ALL = slice(None)
FAULTS = {
    "weights-stale before": _weights(lambda fold: fold - 1),
    "weights-stale after": _weights(lambda fold: fold + 1),
    "weights-stale before outer=taps": _weights(_by_taps),
    "weights-stale first-fold": _weights(lambda _: 0),
    "weights-stale before col=1": _weights(lambda fold: fold - 1, lambda _, col: col == 1),
    "weights-stale first-tap row=2": _weights(lambda fold: fold // 9 * 9, lambda row, _: row == 2),
    "weights-stale before row=1 col=2": _weights(
        lambda fold: fold - 1, lambda row, col: (row, col) == (1, 2)
    ),
    "weights-lines-shifted n=1 of=column": _lines(1),
    "weights-lines-shifted n=-2 of=column": _lines(-2),
    "weights-exchanged-late n=1": _exchanged(1),
    "weights-exchanged-early n=2": _exchanged(-2),
    "column-stream col=2 n=1": _stream(lambda col: int(col == 2)),
    "column-stream from=2 n=-1": _stream(lambda col: -int(col >= 2)),
    "column-stream to=1 n=2": _stream(lambda col: 2 * int(col <= 1)),
    "column-stream skew n=1": _stream(lambda col: col),
    "rows-late from=1 n=-1": _rows_late(1, -1),
    "rows-late from=2 n=1": _rows_late(2, 1),
    "part-codes-signed col=2": _codes(lambda x: wrap(x, 4), lambda _, col: col == 2),
    "part-codes-low-bits n=3 row=1 from=1": _codes(
        lambda x: x & 7, lambda row, col: row == 1 and col >= 1
    ),
    "part-codes-bit-0 bit=1 row=2 col=0": _codes(
        lambda x: x & ~2, lambda row, col: (row, col) == (2, 0)
    ),
    "pe-psum-wrap n=7 row=2 col=1": _psum(lambda v: wrap(v, 7), (2, 1)),
    "pe-psum-bit-1 bit=3 row=1 col=3": _psum(lambda v: v | 8, (1, 3)),
    "pe-psum-relu row=2 col=0": _psum(lambda v: max(v, 0), (2, 0)),
    "fold-lost itile=1 kij=8": _counted(0, lambda _, itile, tap: (itile, tap) == (1, 8)),
    "fold-doubled itile=0 kij=0": _counted(2, lambda _, itile, tap: (itile, tap) == (0, 0)),
    "fold-lost otile=1 kij=4": _counted(0, lambda otile, _, tap: (otile, tap) == (1, 4)),
    "fold-lost otile=1 itile=1": _counted(0, lambda otile, itile, _: (otile, itile) == (1, 1)),
    "fold-doubled otile=0 itile=1 kij=3": _counted(2, lambda *fold: fold == (0, 1, 3)),
    "kernel-column-lost n=2": _counted(0, lambda *fold: fold[2] % 3 == 2),
    "kernel-row-doubled n=1": _counted(2, lambda *fold: fold[2] // 3 == 1),
    "stored-relu after": _written_back(lambda v: max(v, 0), is_last=True),
    "stored-saturate n=8 between": _written_back(lambda v: min(max(v, -128), 127), is_last=False),
    "outputs-until onij=17": _zero(ALL, 3, slice(2, 5)),
    "outputs-from onij=5": _zero(ALL, 0),
    "outputs-column-zero n=4": _zero(ALL, ALL, 4),
    "outputs-row-zero n=1": _zero(ALL, 1),
    "outputs-row-stale n=2": _copied((ALL, 2), (ALL, 1)),
    "outputs-channel-zero oc=4": _zero(4),
    "outputs-tile-zero otile=1": _zero(slice(4, None)),
    "outputs-tile-copied otile=1 from=0": _copied(slice(4, None), slice(3)),
    "outputs-repeated": _dump(lambda v: v.reshape(7, 20)[:, np.arange(20) // 2]),
    "outputs-halved": _dump(lambda v: np.pad(v.reshape(7, 20)[:, ::2], ((0, 0), (0, 10)))),
    "weights-unsigned in cols-from=2": _weight_map(lambda w: w & 15, lambda *at: at[3] >= 2),
    "weights-halved in col=1": _weight_map(lambda w: w >> 1, lambda *at: at[3] == 1),
    "weights-unsigned in itile=1": _weight_map(lambda w: w & 15, lambda *at: at[1] == 1),
    "taps-flipped in otile=1": _only_there(_turned, lambda otile, *_: otile == 1),
    "taps-flipped in itile=0": _only_there(_turned, lambda _, itile, __: itile == 0),
    "stream-shifted n=-2 rest=0 in itile=1": _SecondTileLate,
    "not-cleared pixels in col=2": _NotClearedInColumn,
    "outputs-map-rows-flipped in otile=0": _copied(slice(4), (slice(4), slice(None, None, -1))),
    "row-weights-copied row=2 from=1": _RowCopied,
    "rows-lost from=2": _weight_map(lambda _: 0, lambda *at: at[2] >= 2),
    "outputs-pairs": _dump(lambda v: v.reshape(7, 20)[:, np.arange(20) ^ 1]),
    "outputs-halves": _dump(lambda v: np.roll(v.reshape(7, 20), 10, axis=1)),
    "sum-divided n=4": _dump(lambda v: np.trunc(v / 4).astype(np.int64)),
}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return write_case(tmp_path_factory.mktemp("parts") / "bundle", CASE, *random_tensors(CASE, 3))


@pytest.fixture(scope="module")
def operands():
    codes, weight = random_tensors(CASE, 3)
    return weight.astype(np.int64), codes.astype(np.int64)


def _explain(bundle, numbers):
    numbers = numbers.reshape(SHAPE.oc, SHAPE.oh, SHAPE.ow)
    return explain(bundle, Dump("psum", numbers, np.ones(numbers.shape, bool)))


def _of(found, key):
    return [c for group in found.groups for causes in group for c in causes if c.key == key]


def test_the_core_in_loops_is_right(bundle, operands):
    assert _explain(bundle, Core(*operands).run()).passed


@pytest.mark.parametrize("key", FAULTS)
def test_a_planted_fault_is_named_and_predicts_what_the_core_does(bundle, operands, key):
    found = _explain(bundle, FAULTS[key](*operands).run())
    assert found.is_explained, found.verdict
    assert len(found.groups[0][0]) == 1
    (cause,) = _of(found, key)
    fresh = random_operands(bundle, 17)
    told = predict(posed(found.problem, fresh), (cause,)).reshape(SHAPE.oc, PIXELS)
    if not key.startswith(("outputs-until", "outputs-from")):
        assert told.tolist() == FAULTS[key](fresh.weight, fresh.codes).run().tolist()


@pytest.mark.parametrize("key", FAULTS)
def test_with_another_number_spoiled_no_single_cause_is_named(bundle, operands, key):
    """Sabotage: one number more that it does not reproduce."""
    weight, codes = operands
    numbers = FAULTS[key](weight, codes).run()
    numbers[2, 7] += 777
    dump = Dump("psum", numbers.reshape(SHAPE.oc, SHAPE.oh, SHAPE.ow), np.ones((7, 4, 5), bool))
    known = Operands(weight, codes)
    problem = Problem.of(bundle, known, compare(bundle, dump, operands=known))
    assert search(problem, has_pairs=False).fits == ()


@pytest.mark.parametrize("bit", [5, 9])
def test_a_relu_that_takes_another_bit_for_the_sign(bundle, operands, bit):
    psums = Core(*operands).run().reshape(SHAPE.oc, SHAPE.oh, SHAPE.ow)
    outputs = np.where(psums >> bit & 1, 0, psums)
    found = explain(bundle, Dump("output", outputs, np.ones(outputs.shape, bool)))
    assert [[c.key for c in causes] for group in found.groups for causes in group] == [
        [f"relu-by n={bit}"]
    ]
    outputs[1, 2, 3] += 5
    assert not explain(bundle, Dump("output", outputs, np.ones(outputs.shape, bool))).is_explained

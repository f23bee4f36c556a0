"""Weights of another fold: what was in the array before, or comes next, or stands lines away in a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from tilewright.errors import counted
from tilewright.judge.cause import Cause, Signal
from tilewright.judge.families.weight_masks import FEW
from tilewright.judge.families.weights import tiled, untiled
from tilewright.judge.problem import Problem
from tilewright.spec import Ints

LOAD = "look at when weights are loaded and when the array takes them over (load, swap, enable)"
LINES = "look at header lines and at when reading begins, where one file holds all weights"
MOST_LATE = 4
"""Pixels of a fold, at most, that are made with the weights of the fold before."""

Fold = tuple[Ints, ...]
"""The otile, itile and tap of folds, in the order in which they are done."""


@dataclass(frozen=True, slots=True, eq=False)
class _Way:
    """From which fold each fold has its weights: of its own number the fold at `source`, or 0 where -1."""

    key: str
    words: str
    order: Fold
    source: Ints

    def of(self, problem: Problem, weight: Ints) -> Ints:
        """Weights ``otile col itile lane tap`` of the folds at `source`."""
        tiles = tiled(problem, weight)
        folds = tiles[self.order[0], :, self.order[1], :, self.order[2]]  # fold col lane
        found = np.zeros_like(tiles)
        taken = np.where((self.source < 0)[:, None, None], 0, folds[self.source])
        found[self.order[0], :, self.order[1], :, self.order[2]] = taken
        return found


def causes(problem: Problem) -> Iterator[Cause]:
    """All causes of this family."""
    ways = list(_ways(problem))
    for way in ways:
        yield _in_part(way, "", "the array", np.True_)
    for part in _parts(problem):
        for way in ways:
            yield _in_part(way, *part)
    for order_key, order in _orders(problem):
        yield from _lines(order_key, order)
        yield from _exchanged_late(problem, order_key, order)


def _orders(problem: Problem) -> Iterator[tuple[str, Fold]]:
    """Folds with the taps of a tile one after the other; and with all input tiles of a tap."""
    sizes = problem.otiles, problem.itiles, problem.shape.taps
    otile, itile, tap = (part.ravel() for part in np.indices(sizes))
    yield "", (otile, itile, tap)
    if problem.itiles > 1:
        by = np.lexsort((itile, tap, otile))
        yield " outer=taps", (otile[by], itile[by], tap[by])


def _ways(problem: Problem) -> Iterator[_Way]:
    for at, (key, order) in enumerate(_orders(problem)):
        fold = np.arange(len(order[0]))
        tail = " (all input tiles of a tap in turn)" if key else ""
        before = f"the weights of the fold before{tail}, 0 in the first one"
        yield _Way(f"before{key}", f"has {before}", order, fold - 1)
        after = f"the weights of the next fold{tail}, 0 in the last one"
        yield _Way(f"after{key}", f"has {after}", order, np.append(fold[1:], -1))
        if at == 0:
            first = fold - order[2]
            yield _Way("first-tap", "keeps the weights of tap 0 of its tile", order, first)
            if len(fold) > problem.shape.taps:
                yield _Way("first-fold", "keeps the weights of the first fold", order, 0 * fold)


def _parts(problem: Problem) -> Iterator[tuple[str, str, Ints]]:
    """Key, words, and the mask ``col 1 lane`` of a part of the array."""
    array = problem.array
    row = np.arange(array.lanes)[None, None] // array.per_pe
    col = np.arange(array.cols)[:, None, None]
    concerned = problem.wrong_columns
    for r in range(array.rows):
        yield f" row={r}", f"PE row {r}", row == r
    for c in concerned:
        yield f" col={c}", f"PE column {c}", col == c
        for r in range(array.rows if len(concerned) <= FEW else 0):
            yield f" row={r} col={c}", f"PE ({r}, {c})", (row == r) & (col == c)


def _in_part(way: _Way, at: str, who: str, mask: Ints | np.bool_) -> Cause:
    def apply(problem: Problem, weight: Ints) -> Ints:
        own, other = tiled(problem, weight), way.of(problem, weight)
        where = np.broadcast_to(mask, (problem.array.cols, 1, problem.array.lanes))
        return untiled(problem, np.where(where[None, ..., None], other, own))

    return Cause(f"weights-stale {way.key}{at}", f"{who} {way.words}", "weight", apply, LOAD)


def _lines(order_key: str, order: Fold) -> Iterator[Cause]:
    """A file of the lines of all folds, a line a column or a row, read some lines too early or late."""
    for axis, name in ((1, "column"), (2, "row")):
        for n in (1, 2, -1, -2):
            way = f"{counted(abs(n), 'line')} {'early: the first are lost' if n > 0 else 'late'}"
            yield Cause(
                f"weights-lines-shifted n={n} of={name}{order_key}",
                f"weights of all folds are read {way} (a line is a {name} of the array)",
                "weight",
                _lines_off(n, axis, order),
                LINES,
            )


def _lines_off(n: int, axis: int, order: Fold) -> Callable[[Problem, Ints], Ints]:
    def apply(problem: Problem, weight: Ints) -> Ints:
        tiles = tiled(problem, weight)
        folds = tiles[order[0], :, order[1], :, order[2]]  # fold col lane
        by_line = folds if axis == 1 else folds.swapaxes(1, 2)
        lines = by_line.reshape(-1, by_line.shape[2])
        moved = np.zeros_like(lines)
        if n > 0:
            moved[:-n] = lines[n:]
        else:
            moved[-n:] = lines[:n]
        back = moved.reshape(by_line.shape)
        tiles[order[0], :, order[1], :, order[2]] = back if axis == 1 else back.swapaxes(1, 2)
        return untiled(problem, tiles)

    return apply


def _exchanged_late(problem: Problem, order_key: str, order: Fold) -> Iterator[Cause]:
    """The first pixels of a fold have the weights of the fold before, or the last ones those of the next."""
    fold = np.arange(len(order[0]))
    before = _Way("", "", order, fold - 1)
    after = _Way("", "", order, np.append(fold[1:], -1))
    for n in range(1, min(MOST_LATE, problem.shape.onij - 1) + 1):
        for key, way, words in (
            ("late", before, f"{counted(n, 'pixel')} late: the first ones have the old weights"),
            ("early", after, f"{counted(n, 'pixel')} early: the last ones have the next weights"),
        ):
            yield Cause(
                f"weights-exchanged-{key} n={n}{order_key}",
                f"the weights of every fold are taken over {words}",
                "sum",
                _made_with(way, n if key == "late" else -n),
                LOAD,
                is_everywhere=True,
            )


def _made_with(way: _Way, n: int) -> Callable[[Problem, Signal], Ints]:
    def apply(problem: Problem, changed: Signal) -> Ints:
        numbers = changed.numbers(problem).copy()
        other = changed.with_weight(untiled(problem, way.of(problem, changed.weight)))
        at = slice(0, n) if n > 0 else slice(n, None)
        numbers[..., at] = other.numbers(problem)[..., at]
        return numbers

    return apply

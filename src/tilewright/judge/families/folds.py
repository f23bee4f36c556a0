"""Folds that are lost or counted twice in a part of the layer, and sums changed between input tiles."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from tilewright.judge.cause import Cause, Signal
from tilewright.judge.dump import Known
from tilewright.judge.families.number_maps import saturated, wrapped
from tilewright.judge.families.weight_masks import TAP, Where, scaled
from tilewright.judge.problem import Problem
from tilewright.spec import Ints
from tilewright.spec.number_format import signed_bits_needed

STORE = "look at what is written back between input tiles: its width, and when ReLU is switched on"
FOLD = "look at the counters of tiles and taps: where they end, and what clears the accumulator"
_FACTORS = ((0, "lost", "are lost"), (2, "doubled", "count twice"))

Change = Callable[[Ints], Ints]


def causes(problem: Problem) -> Iterator[Cause]:
    """All causes of this family."""
    yield from _kernel_lines(problem)
    yield from _folds(problem)
    if problem.itiles > 1 and problem.groups == 1:
        yield from _between(problem)


def _kernel_lines(problem: Problem) -> Iterator[Cause]:
    shape = problem.shape
    tap = np.arange(shape.taps)
    for name, at, count in (
        ("row", tap // shape.kw, shape.kh),
        ("column", tap % shape.kw, shape.kw),
    ):
        for n in range(count if min(shape.kh, shape.kw) > 1 else 0):
            where = (slice(None), slice(None), at == n)
            yield from _scaled(f"kernel-{name}", f"n={n}", f"{name} {n} of the kernel", where, TAP)


def _folds(problem: Problem) -> Iterator[Cause]:
    """A tap of one input tile; and, where one output tile alone differs, a tap or an input tile of it."""
    shape, array = problem.shape, problem.array
    otile = np.arange(shape.oc) // array.cols
    itile = np.arange(shape.ic) // array.lanes
    concerned = np.unique(otile[problem.wrong_channels])
    every = np.ones(shape.oc, bool)
    tiles = range(problem.itiles if problem.itiles > 1 else 0)
    for i in tiles:
        for tap in range(shape.taps):
            at = f"itile={i} kij={tap}"
            yield from _fold(at, f"tap {tap} of input tile {i}", every, itile == i, tap)
    if problem.otiles == 1 or len(concerned) != 1:
        return
    mine, o = otile == concerned[0], int(concerned[0])
    for tap in range(shape.taps):
        words = f"tap {tap} in output tile {o}"
        yield from _fold(f"otile={o} kij={tap}", words, mine, itile >= 0, tap)
    for i in tiles:
        words = f"input tile {i} in output tile {o}"
        yield from _fold(f"otile={o} itile={i}", words, mine, itile == i, None)
        for tap in range(shape.taps):
            words = f"tap {tap} of input tile {i} in output tile {o}"
            at = f"otile={o} itile={i} kij={tap}"
            yield from _fold(at, words, mine, itile == i, tap)


def _fold(at: str, words: str, oc: Known, ic: Known, tap: int | None) -> Iterator[Cause]:
    """oc, ic: masks of the channels; tap: one of them, or None for all."""
    where = np.ix_(np.flatnonzero(oc), np.flatnonzero(ic))
    taps = slice(None) if tap is None else tap
    yield from _scaled("fold", at, words, (*where, taps), FOLD)


def _scaled(name: str, at: str, words: str, where: Where, hint: str) -> Iterator[Cause]:
    for factor, key, verb in _FACTORS:
        text = f"the products of {words} {verb}"
        yield Cause(f"{name}-{key} {at}", text, "weight", scaled(where, factor), hint, form="scale")


def _between(problem: Problem) -> Iterator[Cause]:
    """The running sum is changed whenever an input tile is done, or before the next one is added."""
    highest = int(np.abs(problem.expected).max())
    changes: list[tuple[str, str, Change]] = [
        ("relu", "goes through ReLU", partial(np.maximum, 0)),
    ]
    for n in range(4, signed_bits_needed(-highest, highest) + 2):
        changes.append((f"saturate n={n}", f"saturates at {n} bits", partial(saturated, bits=n)))
        changes.append((f"wrap n={n}", f"wraps at {n} bits", partial(wrapped, bits=n)))
    for key, words, change in changes:
        for when, end in (("after", "after every input tile"), ("between", "between input tiles")):
            yield Cause(
                f"stored-{key} {when}",
                f"the running sum {words} {end}",
                "sum",
                _stored(change, is_last=when == "after"),
                STORE,
            )


def _stored(change: Change, *, is_last: bool) -> Callable[[Problem, Signal], Ints]:
    def apply(problem: Problem, changed: Signal) -> Ints:
        tiles = changed.tiles(problem.array.lanes).sum(axis=1)  # itile oc pixel
        total = np.zeros(tiles.shape[1:], np.int64)
        for at, tile in enumerate(tiles):
            total = total + tile
            if is_last or at < len(tiles) - 1:
                total = change(total)
        return total[None]

    return apply

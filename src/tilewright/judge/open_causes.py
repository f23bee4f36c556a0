"""Causes that leave some numbers open: words from before the stream, which nothing in the bundle foretells.

A row, a column or the whole stream comes late, and what it takes first is whatever stood there. The numbers
made of such words are *free*; a cause of this kind counts only if it reproduces every other known number, and
if those say enough by themselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import log2

import numpy as np

from tilewright.judge.cause import Cause, Signal, predict
from tilewright.judge.dump import Known
from tilewright.judge.evidence import MARGIN, information
from tilewright.judge.problem import Problem
from tilewright.judge.rows import screened
from tilewright.spec import Ints

STREAM = "look at the valid signal and the skew: it takes words from before the stream"
MOST_FREE = 4
"""At most one of so many known numbers may be free."""
MENDED = 2
"""For each free number that is wrong, so many others that were wrong must be right under the cause."""

CODES = re.compile(
    r"(row-late|row-skew|(stream|map)-shifted .*rest=0|window-(address|tap)-offset) ?"
)
PLACES = re.compile(r"(column-late|column-skew|outputs-shifted|outputs-lines-shifted) .*rest=0")


@dataclass(frozen=True, slots=True, eq=False)
class OpenCause:
    """A cause, and which numbers ``group oc pixel`` of a problem it leaves open; others: causes beside it."""

    cause: Cause
    free: Callable[[Problem], Known]
    others: tuple[Cause, ...] = ()

    @property
    def causes(self) -> tuple[Cause, ...]:
        """All of them."""
        return (self.cause, *self.others)

    def is_free(self, problem: Problem) -> Known:
        """Which numbers are open, under the weights that the others leave."""
        weight = problem.weight
        for cause in self.others:
            weight = cause.apply(problem, weight) if cause.stage == "weight" else weight
        return self.free(problem if weight is problem.weight else replace(problem, weight=weight))

    def masked(self, problem: Problem) -> tuple[Ints, Known]:
        """What it puts out, 0 where that is open; and where it is."""
        free = self.is_free(problem)
        return np.where(free, 0, predict(problem, self.causes)), free

    def fits(self, problem: Problem) -> bool:
        """Whether every known number that is not free is reproduced."""
        numbers, free = self.masked(problem)
        return bool(((numbers == problem.target) | free | ~problem.known).all())


def open_fits(problem: Problem, causes: Sequence[Cause]) -> tuple[OpenCause, ...]:
    """Those that reproduce all but free numbers and are supported by the others; the fewest free first."""
    tried = list(open_causes(problem, causes))
    small = screened(problem)
    found = [
        one
        for one in tried
        if (small is problem or _needs_all(one.cause) or one.fits(small)) and one.fits(problem)
    ]
    supported = [one for one in found if is_supported(problem, one, len(tried))]
    return tuple(sorted(supported, key=lambda one: int(one.free(problem).sum())))


def _needs_all(cause: Cause) -> bool:
    return cause.is_everywhere or cause.stage == "place"


def is_supported(problem: Problem, one: OpenCause, tried: int) -> bool:
    """Whether so little is free, and so much else was wrong and is right, that it cannot be chance.

    Of several causes, beside each of the others alone too: they may undo one another.
    """
    free = one.is_free(problem) & problem.known
    missed = free & (predict(problem, one.causes) != problem.target)
    is_small = MOST_FREE * int(free.sum()) <= int(problem.known.sum())
    beside: list[tuple[Cause, ...]] = [()]
    if one.others:
        beside += [(other,) for other in one.causes]
    for others in beside:
        mended = problem.known & ~free & (predict(problem, others) != problem.target)
        enough = int(mended.sum()) >= max(4, MENDED * int(missed.sum()))
        if not enough or information(problem, mended) - log2(tried) < 2 * MARGIN:
            return False
    return is_small


def open_causes(problem: Problem, causes: Sequence[Cause]) -> Iterator[OpenCause]:
    """Of the causes, those that begin or end with words of nowhere; and rows late in the order of outputs."""
    for cause in causes:
        if CODES.match(cause.key):
            yield _opened(cause, _made_of_lost(cause))
        elif PLACES.match(cause.key):
            yield _opened(cause, _taken_from_nowhere(cause))
    if problem.groups == 1 and problem.is_whole:
        for n in (1, 2, -1, -2):
            for row in range(problem.array.rows):
                yield OpenCause(_row_late(row, n), _at_end(n))


def _opened(cause: Cause, free: Callable[[Problem], Known]) -> OpenCause:
    text = re.split(r"[;,]", cause.text)[0]
    key = cause.key.replace("rest=0", "").strip() + " rest=free"
    return OpenCause(replace(cause, key=key, text=text, hint=f"{cause.hint}; {STREAM}"), free)


def _made_of_lost(cause: Cause) -> Callable[[Problem], Known]:
    """Numbers with a product of a code that the cause takes from outside, and a weight that is not 0."""

    def free(problem: Problem) -> Known:
        lost, window = np.zeros(problem.plane.shape, np.int64), problem.window
        if cause.stage == "window":
            window = cause.apply(problem, window)
        else:
            index = np.arange(1, problem.plane.size + 1).reshape(problem.plane.shape)
            lost = (cause.apply(problem, index) == 0).astype(np.int64)
        plane = np.pad(lost, ((0, 0), (0, 1)), constant_values=1)
        window = np.where(window < 0, problem.plane.shape[1], window)
        weight = (problem.weight != 0).astype(np.int64)
        found: Known = Signal(weight, plane, window).numbers(problem) > 0
        return found

    return free


def _taken_from_nowhere(cause: Cause) -> Callable[[Problem], Known]:
    return lambda problem: cause.apply(problem, None) < 0


def _row_late(row: int, n: int) -> Cause:
    def apply(problem: Problem, changed: Signal) -> Ints:
        channel = np.arange(problem.shape.ic) % problem.array.lanes // problem.array.per_pe
        weight = np.where((channel == row)[:, None, None], changed.weight, 0)
        part = changed.with_weight(weight).numbers(problem)
        numbers: Ints = changed.numbers(problem) - part + np.roll(part, n, axis=-1)
        return numbers

    way = f"{abs(n)} output{'s' * (abs(n) > 1)} {'late' if n > 0 else 'early'}"
    return Cause(
        f"row-late-outputs row={row} n={n} rest=free",
        f"the products of PE row {row} come {way} in every tap",
        "sum",
        apply,
        f"look at this row's FIFO and at the skew; {STREAM}",
        is_everywhere=True,
    )


def _at_end(n: int) -> Callable[[Problem], Known]:
    """The pixels for which nothing comes from within."""

    def free(problem: Problem) -> Known:
        found = np.zeros(problem.expected.shape, bool)
        found[..., slice(0, n) if n > 0 else slice(n, None)] = True
        return found

    return free

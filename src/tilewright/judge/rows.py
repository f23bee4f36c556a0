"""What a core puts out under each of many causes, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tilewright.judge.cause import Cause, early_numbers, late_numbers, put_out
from tilewright.judge.dump import Known
from tilewright.judge.problem import Problem
from tilewright.spec import Ints


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Numbers ``cause group oc pixel`` under each cause alone.

    before: of the causes up to the value stage, before the output function. after: of all causes but those of
    the stage place, as they are put out; the first ones are those of `before`.
    """

    problem: Problem
    first: tuple[Cause, ...]
    causes: tuple[Cause, ...]
    before: Ints
    after: Ints

    @classmethod
    def of(cls, problem: Problem, causes: Sequence[Cause]) -> Rows:
        """The rows of the causes that can be had on the problem's pixels."""
        first = tuple(
            c for c in causes if c.order <= 4 and (problem.is_whole or not c.is_everywhere)
        )
        base = early_numbers(problem, ())
        before = np.empty((len(first), *base.shape), np.int64)
        for row, cause in enumerate(first):
            if cause.stage == "value":
                before[row] = cause.apply(problem, base)
            else:
                before[row] = early_numbers(problem, (cause,))
        then = tuple(c for c in causes if c.stage in ("function", "output"))
        after = [put_out(problem, before)]
        after += [late_numbers(problem, base, (cause,))[None] for cause in then]
        return cls(problem, first, (*first, *then), before, np.concatenate(after))

    def reproduced(self) -> Known:
        """``cause group oc pixel``: which numbers each cause reproduces; True where nothing is known."""
        agrees: Known = (self.after == self.problem.target) | ~self.problem.known
        return agrees


def reproduces(problem: Problem, numbers: Ints) -> bool:
    """Whether every known number is reproduced."""
    return bool(((numbers == problem.target) | ~problem.known).all())


MUCH = 1 << 21
"""Products of a layer beyond which a part of its pixels is looked at first."""


def screened(problem: Problem) -> Problem:
    """The problem at so few of its pixels that a computation is quick; the whole one, if it is small."""
    shape = problem.shape
    each = shape.oc * shape.ic * shape.taps
    if each * shape.onij <= MUCH:
        return problem
    count = max(8, MUCH // 8 // each)
    differs = problem.differs.sum(axis=(0, 1))
    by_interest = np.argsort(-differs, kind="stable")
    half = by_interest[: count // 2]
    random = np.random.default_rng(0).permutation(shape.onij)
    rest = [p for p in random.tolist() if p not in set(half.tolist())][: count - len(half)]
    return problem.at(np.sort(np.concatenate([half, np.array(rest, np.int64)])))

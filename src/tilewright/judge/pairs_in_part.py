"""Pairs of which one cause changes a PE alone, so that the other must explain the rest; or finished sums."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tilewright.judge.cause import Cause, predict, put_out
from tilewright.judge.composed import Pair
from tilewright.judge.families.weight_masks import pes_of_column
from tilewright.judge.problem import Problem
from tilewright.judge.rows import Rows, reproduces
from tilewright.spec import Ints

MOST_BROAD = 12
"""Causes that explain all columns but one, at most, that are paired with those of its PEs."""


@dataclass(frozen=True, slots=True, eq=False)
class _Finished:
    """Sums ``group oc pixel`` in the place of the operands of a change that looks at nothing else."""

    sums: Ints

    def numbers(self, _: Problem) -> Ints:
        return self.sums


def with_finished(rows: Rows, causes: Sequence[Cause]) -> Iterator[Pair]:
    """A change of operands, and one of what the finished sums of all pixels are made into."""
    problem = rows.problem
    if not problem.is_whole:
        return
    finished = [cause for cause in causes if cause.form == "finished"]
    for cause in finished:
        for first, sums in zip(rows.first, rows.before, strict=True):
            numbers = put_out(problem, cause.apply(problem, _Finished(sums)))
            if first.order < cause.order and ((numbers == problem.target) | ~problem.known).all():
                yield first, cause


def with_pe(rows: Rows) -> Iterator[Pair]:
    """A cause that explains every column of PEs but one, and one of a PE there."""
    problem = rows.problem
    wrong = ~np.all(rows.reproduced(), axis=(1, 3))  # cause oc
    col = np.arange(wrong.shape[1]) % problem.array.cols
    count = wrong.sum(axis=1)
    broad = 0
    for row in np.argsort(count, kind="stable").tolist():
        columns = np.unique(col[wrong[row]])
        if count[row] and len(columns) == 1 and broad < MOST_BROAD and len(np.unique(col)) > 1:
            broad += 1
            for cause in pes_of_column(problem, int(columns[0])):
                pair = (rows.causes[row], cause)
                if any(reproduces(problem, predict(problem, p)) for p in (pair, pair[::-1])):
                    yield pair

"""The one solution of linear equations in whole numbers, checked with ==."""

from __future__ import annotations

import numpy as np

from tilewright.judge.cause import early_numbers
from tilewright.judge.dump import Known
from tilewright.judge.problem import Problem
from tilewright.spec import Ints

SPARE = 8
"""Equations beyond the unknowns, at least."""


def whole_solution(columns: Ints, wanted: Ints) -> Ints | None:
    """x with ``sum of x[n] * columns[n] == wanted``; None if no whole numbers, or several, are one.

    Columns of zeros have no say, and an x of 0. There must be more equations than others, by `SPARE`.

    >>> whole_solution(np.eye(2, 12, dtype=int) + 1, np.array([8, 7] + [5] * 10))
    array([3, 2])
    """
    seen = np.flatnonzero(columns.any(axis=1))
    if not len(seen) or len(wanted) < len(seen) + SPARE:
        return None
    matrix = columns[seen].T.astype(np.float64)
    solution, _, rank, _ = np.linalg.lstsq(matrix, wanted.astype(np.float64), rcond=None)
    if rank < len(seen):
        return None
    found = np.zeros(len(columns), np.int64)
    found[seen] = np.rint(solution).astype(np.int64)
    return found if (found @ columns == wanted).all() else None


def excess(problem: Problem) -> tuple[Ints, Known] | None:
    """What the sums ``oc pixel`` of a dump have too much, and of which of them it says so.

    Behind a ReLU those above 0 do. None for several groups of numbers, and for other functions.
    """
    if problem.groups > 1 or problem.function.function not in ("signed", "relu"):
        return None
    target, says = problem.target[0], problem.known[0]
    if problem.function.function == "relu":
        says = says & (target > 0)
    return target - early_numbers(problem, ())[0], says

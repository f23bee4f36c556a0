"""Which points no other point beats."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def nondominated(costs: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Which of the points ``n objective`` are in the Pareto set; less is better in every objective.

    A point is left out if another is at least as good in all objectives and better in one: of equal points
    all stay. Points with a NaN are never in the set.

    >>> nondominated(np.array([[1.0, 2.0], [2.0, 1.0], [2.0, 2.0], [1.0, 2.0]])).tolist()
    [True, True, False, True]
    """
    known = ~np.isnan(costs).any(axis=1)
    unique, places = np.unique(costs[known], axis=0, return_inverse=True)
    is_best = np.zeros(len(unique), bool)
    left = np.arange(len(unique))  # in lexicographic order: no later point dominates an earlier one
    while len(left):
        is_best[left[0]] = True
        others = left[1:]
        left = others[(unique[others] < unique[left[0]]).any(axis=1)]
    found = np.zeros(len(costs), bool)
    found[known] = is_best[places.reshape(-1)]
    return found

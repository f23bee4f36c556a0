"""How much a dump says: whether so few numbers differ that a cause fits by chance."""

from __future__ import annotations

from collections.abc import Sequence
from math import lgamma, log, log2

import numpy as np

from tilewright.judge.cause import Cause, predict
from tilewright.judge.dump import Known
from tilewright.judge.problem import Problem

FEWEST = 2
"""Numbers that a cause must mend, at least."""

MARGIN = 6.0
"""Bits beyond the choice of a cause: one random dump in 2**MARGIN, at most, is explained by chance."""


def information(problem: Problem, wrong: Known) -> float:
    """Bits that the numbers at `wrong` say: which ones of all known differ, and by how much."""
    count, known = int(wrong.sum()), int(problem.known.sum())
    if not count:
        return 0.0
    choice = (lgamma(known + 1) - lgamma(count + 1) - lgamma(known - count + 1)) / log(2)
    amounts = np.abs(problem.target - problem.expected)[wrong]
    return choice + float(np.log2(1 + amounts).sum())


def cautious_information(problem: Problem, wrong: Known) -> float:
    """As `information`, but a number at the end of the range, where others are cut off, too, says one bit."""
    known = problem.target[problem.known]
    is_cut = np.zeros_like(problem.known)
    for end in (int(known.min()), int(known.max())):
        if (known == end).sum() > FEWEST:
            is_cut |= problem.target == end
    return information(problem, wrong & ~is_cut) + float((wrong & is_cut).sum())


def is_supported(problem: Problem, causes: Sequence[Cause], tried: int) -> bool:
    """Whether each cause is needed for more than chance would bring: of a pair, beside the other alone.

    What both make of the numbers must say which two they are, too: they may undo one another but for a few.
    """
    if len(causes) > 1:
        is_needed = all(is_supported_beside(problem, (cause,), tried) for cause in causes)
        return is_needed and is_supported_beside(problem, (), tried**2)
    return is_supported_beside(problem, (), tried)


def is_supported_beside(problem: Problem, others: Sequence[Cause], tried: int) -> bool:
    """Whether what the other causes leave wrong says more than which of `tried` causes there is."""
    wrong = problem.known & (predict(problem, others) != problem.target)
    says = cautious_information if others else information
    return int(wrong.sum()) >= FEWEST and says(problem, wrong) - log2(tried) >= MARGIN

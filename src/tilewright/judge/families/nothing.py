"""A dump of zeros alone: no one mistake among those that leave nothing is likelier than another."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tilewright.judge.cause import Cause
from tilewright.judge.families.places import of_pixels, placed
from tilewright.judge.problem import Problem

NOTHING = (
    "look at whether the files are opened and read, at reset and enables, at the clock, and at what "
    "writes the dump, and when"
)


def causes(problem: Problem) -> Iterator[Cause]:
    """That every number is 0, where it is; before all causes that are one of its reasons."""
    if problem.is_whole and not problem.target[problem.known].any():
        plane = of_pixels(np.full(problem.shape.onij, -1), problem.shape.oc)
        text = "every number is 0: nothing was read, added up or written"
        yield placed("outputs-zero", text, plane, NOTHING)

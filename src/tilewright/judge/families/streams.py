"""Columns of the array whose psums come late in the stream of the padded plane, before accumulation."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from tilewright.errors import counted
from tilewright.judge.cause import Cause, Signal
from tilewright.judge.problem import Problem
from tilewright.spec import Ints

COLUMN = "look at the skew of this column, at its FIFO, and at when its psums count as valid"
STEPS = (1, -1, 2, -2)
TWO = 2
"""Columns that are a side of the array, at least."""


def causes(problem: Problem) -> Iterator[Cause]:
    """All causes of this family: of a column, of all from one on, and of a skew of one step a column."""
    col = np.arange(problem.shape.oc) % problem.array.cols
    concerned = problem.wrong_columns
    for n in STEPS:
        way = f"{counted(abs(n), 'step')} of the stream {'late' if n > 0 else 'early'}"
        for c in concerned if len(concerned) == 1 else ():
            key, who = f"column-stream col={c} n={n}", f"the psums of PE column {c} come"
            yield _cause(key, f"{who} {way}", np.where(col == c, n, 0))
        for key, words, first, last in _sides(concerned, problem.array.cols):
            mine = (col >= first) & (col <= last)
            text = f"the psums of the PE columns {words} come {way}"
            yield _cause(f"column-stream {key} n={n}", text, np.where(mine, n, 0))
    for n, way in ((1, "late"), (-1, "early")):
        text = f"the psums of PE column c come c steps of the stream {way}: the skew is wrong"
        yield _cause(f"column-stream skew n={n}", text, n * col)


def _sides(concerned: list[int], cols: int) -> Iterator[tuple[str, str, int, int]]:
    """Key, words, first and last of the columns that differ, if these are all from one on, or up to one."""
    if len(concerned) < TWO:
        return
    first, last = concerned[0], concerned[-1]
    if concerned == list(range(first, cols)) and first:
        yield f"from={first}", f"from {first} on", first, last
    if concerned == list(range(last + 1)) and last < cols - 1:
        yield f"to={last}", f"up to {last}", first, last


def _cause(key: str, text: str, steps: Ints) -> Cause:
    return Cause(key, text, "sum", partial(_late, steps=steps), COLUMN, form="part")


def _late(problem: Problem, changed: Signal, *, steps: Ints) -> Ints:
    """Each output channel takes its psums so many places of the stream back; 0 where there is none."""
    numbers = changed.numbers(problem).copy()
    for n in np.unique(steps[steps != 0]).tolist():
        oc = np.flatnonzero(steps == n)
        window = moved_window(problem, changed.window, n)
        numbers[:, oc] = Signal(changed.weight[oc], changed.plane, window).numbers(problem)
    return numbers


def moved_window(problem: Problem, window: Ints, n: int) -> Ints:
    """The places of the stream `n` before those of `window`, -1 where there is none."""
    at = window - n
    return np.where((window < 0) | (at < 0) | (at >= problem.shape.nij), -1, at)

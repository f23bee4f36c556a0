"""Columns of the array whose psums come late in the stream of the padded plane, before accumulation."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from tilewright.errors import counted
from tilewright.judge.cause import Cause, Signal
from tilewright.judge.families.weight_masks import concerned_columns
from tilewright.judge.problem import Problem
from tilewright.spec import Ints

COLUMN = "look at the skew of this column, at its FIFO, and at when its psums count as valid"
STEPS = (1, -1, 2, -2)


def causes(problem: Problem) -> Iterator[Cause]:
    """All causes of this family: of a column, of all from one on, and of a skew of one step a column."""
    col = np.arange(problem.shape.oc) % problem.array.cols
    concerned = concerned_columns(problem)
    for n in STEPS:
        way = f"{counted(abs(n), 'step')} of the stream {'late' if n > 0 else 'early'}"
        for c in concerned if len(concerned) == 1 else ():
            key, who = f"column-stream col={c} n={n}", f"the psums of PE column {c} come"
            yield _cause(key, f"{who} {way}", np.where(col == c, n, 0))
        for key, at in _sides(concerned, problem.array.cols):
            who = f"the psums of the PE columns {key.replace('=', ' ')} on come"
            words = who if key.startswith("from") else who.replace("to", "up to").replace(" on", "")
            mine = col >= at if key.startswith("from") else col <= at
            yield _cause(f"column-stream {key} n={n}", f"{words} {way}", np.where(mine, n, 0))
    for n, way in ((1, "late"), (-1, "early")):
        text = f"the psums of PE column c come c steps of the stream {way}: the skew is wrong"
        yield _cause(f"column-stream skew n={n}", text, n * col)


def _sides(concerned: list[int], cols: int) -> Iterator[tuple[str, int]]:
    """The columns that differ, if they are all from one on, or all up to one."""
    if len(concerned) > 1 and concerned == list(range(concerned[0], cols)) and concerned[0]:
        yield f"from={concerned[0]}", concerned[0]
    if (
        len(concerned) > 1
        and concerned == list(range(concerned[-1] + 1))
        and concerned[-1] < cols - 1
    ):
        yield f"to={concerned[-1]}", concerned[-1]


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

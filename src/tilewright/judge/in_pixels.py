"""Mistakes of the whole layer, made in some pixels of the map alone: first or last of the rows, odd rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from tilewright.judge.cause import Cause, predict
from tilewright.judge.composed import general
from tilewright.judge.dump import Known
from tilewright.judge.problem import Problem
from tilewright.judge.rows import Rows
from tilewright.spec import Ints

_LATE = "look at what a row begins and ends with: the counter of pixels, and what is held from the row before"


def causes_in_pixels(problem: Problem, rows: Rows, causes: Sequence[Cause]) -> Iterator[Cause]:
    """Causes confined to pixels among which are all that differ, if they fit the pixels looked at first.

    rows: of the causes, at these pixels.
    """
    wrong: Known = np.logical_or.reduce(problem.differs, axis=(0, 1))
    agrees = np.all(rows.reproduced(), axis=(1, 2))  # cause pixel
    wide = [cause for cause in general(list(causes)) if not cause.columns]
    keys = {cause.key for cause in wide}
    for words, mask in _parts(problem):
        if (wrong & ~mask).any():
            continue
        fits = np.flatnonzero(agrees[:, mask[rows.problem.pixels]].all(axis=1)).tolist()
        found = [rows.causes[at] for at in fits if rows.causes[at].key in keys]
        found += [one for one in wide if one.stage == "place"]
        yield from (_confined(cause, words, mask) for cause in found)


def _parts(problem: Problem) -> Iterator[tuple[str, Known]]:
    """Pixels of the map, as masks: each set once, the smaller first."""
    shape = problem.shape
    y, x = np.divmod(np.arange(shape.onij), shape.ow)
    named = [
        ("the first pixel", (y + x) == 0),
        ("the last pixel", np.arange(shape.onij) == shape.onij - 1),
        ("the first pixel of every row but the first", (x == 0) & (y > 0)),
        ("the last pixel of every row but the last", (x == shape.ow - 1) & (y < shape.oh - 1)),
        ("the first pixel of every row", x == 0),
        ("the last pixel of every row", x == shape.ow - 1),
        ("the first row", y == 0),
        ("the last row", y == shape.oh - 1),
        ("odd rows", y % 2 == 1),
        ("even rows", y % 2 == 0),
        ("odd columns of the map", x % 2 == 1),
        ("even columns of the map", x % 2 == 0),
        ("all rows but the first", y > 0),
        ("all rows but the last", y < shape.oh - 1),
        ("all pixels of a row but the first", x > 0),
        ("all pixels of a row but the last", x < shape.ow - 1),
    ]
    seen = list[bytes]()
    for words, mask in sorted(named, key=lambda one: int(one[1].sum())):
        if mask.any() and not mask.all() and mask.tobytes() not in seen:
            seen.append(mask.tobytes())
            yield words, mask


def _confined(cause: Cause, words: str, mask: Known) -> Cause:
    return Cause(
        f"{cause.key} in pixels={words.replace(' ', '-')}",
        f"{cause.text}, in {words} alone",
        "output",
        partial(_numbers, cause=cause, mask=mask),
        cause.hint or _LATE,
        is_everywhere=cause.is_everywhere or cause.stage == "place",
    )


def _numbers(problem: Problem, values: Ints, *, cause: Cause, mask: Known) -> Ints:
    """The numbers with those that `cause` alone makes at these pixels."""
    return np.where(mask[problem.pixels], predict(problem, (cause,)), values)

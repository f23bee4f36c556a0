"""Mistakes of the whole layer, made in a part of it alone: an output tile, columns, or an input tile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from tilewright.judge.cause import Cause, Signal, predict
from tilewright.judge.composed import general
from tilewright.judge.dump import Known
from tilewright.judge.problem import Problem
from tilewright.judge.rows import Rows, reproduces
from tilewright.spec import Ints

MOST_TILES = 8
"""Input tiles of a layer, at most, in each of which mistakes are looked for alone."""
CHOICES = 16
"""How many parts there are to choose from, about: what a part says must say that, too."""


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """Some of the output channels, as a mask; all channels that differ are among them."""

    key: str
    words: str
    oc: Known


def causes_in_part(problem: Problem, rows: Rows, causes: Sequence[Cause]) -> list[Cause]:
    """Causes that reproduce every known number if they are confined to a part of the layer.

    rows: of the causes, at the pixels that are looked at first.
    """
    found = [cause for cause in _in_channels(problem, rows, causes) if _fits(problem, cause)]
    return found or [
        cause
        for cause in _in_input_tiles(problem, causes)
        if _fits(rows.problem, cause) and _fits(problem, cause)
    ]


def _fits(problem: Problem, cause: Cause) -> bool:
    return reproduces(problem, predict(problem, (cause,)))


def _parts(problem: Problem) -> Iterator[_Part]:
    """The output tile, the column, and the columns from or up to one, in which all differing channels are."""
    cols = problem.array.cols
    otile, col = np.divmod(np.arange(problem.shape.oc), cols)
    wrong = problem.wrong_channels
    low, high = int(col[wrong].min()), int(col[wrong].max())
    masks = [
        (f"otile={otile[wrong][0]}", f"in output tile {otile[wrong][0]} alone", otile == otile[wrong][0]),
        (f"col={low}", f"in PE column {low} alone", col == low),
        (f"cols-from={low}", f"in the PE columns from {low} on", col >= low),
        (f"cols-to={high}", f"in the PE columns up to {high}", col <= high),
    ]  # fmt: skip
    seen = list[bytes]()
    for key, words, mask in masks:
        is_part = (mask | ~wrong).all() and not mask.all()
        if is_part and mask.tobytes() not in seen:
            seen.append(mask.tobytes())
            yield _Part(key, words, mask)


def _in_channels(problem: Problem, rows: Rows, causes: Sequence[Cause]) -> Iterator[Cause]:
    parts = list(_parts(problem))
    if not parts:
        return
    agrees = np.all(rows.reproduced(), axis=(1, 3))  # cause oc
    wide = {cause.key for cause in general(list(causes)) if not cause.columns}
    moved = [one for one in causes if one.stage == "place" and one.key in wide]
    for part in parts:
        fits = np.flatnonzero(agrees[:, part.oc].all(axis=1)).tolist()
        yield from (_confined(rows.causes[at], part) for at in fits if rows.causes[at].key in wide)
        yield from (_confined(cause, part) for cause in moved)


def _confined(cause: Cause, part: _Part) -> Cause:
    return Cause(
        f"{cause.key} in {part.key}",
        f"{cause.text}, {part.words}",
        "output",
        partial(_numbers_of, cause=cause, oc=part.oc),
        cause.hint,
        is_everywhere=cause.is_everywhere or cause.stage == "place",
        columns=tuple(np.flatnonzero(part.oc).tolist()),
    )


def _numbers_of(problem: Problem, values: Ints, *, cause: Cause, oc: Known) -> Ints:
    """The numbers with those that `cause` alone makes in the channels `oc`."""
    return np.where(oc[:, None], predict(problem, (cause,)), values)


def _in_input_tiles(problem: Problem, causes: Sequence[Cause]) -> Iterator[Cause]:
    if not 1 < problem.itiles <= MOST_TILES:
        return
    itile = np.arange(problem.shape.ic) // problem.array.lanes
    changes = {"weight": _of_weight, "plane": _of_plane, "window": _of_window}
    for cause in general([one for one in causes if one.stage in changes]):
        for tile in range(problem.itiles):
            change = partial(changes[cause.stage], cause=cause, ic=itile == tile)
            yield replace(
                cause,
                key=f"{cause.key} in itile={tile}",
                text=f"{cause.text}, in input tile {tile} alone",
                stage="sum" if cause.stage == "window" else cause.stage,
                apply=change,
                form="",
            )


def _of_weight(problem: Problem, weight: Ints, *, cause: Cause, ic: Known) -> Ints:
    return np.where(ic[:, None, None], cause.apply(problem, weight), weight)


def _of_plane(problem: Problem, plane: Ints, *, cause: Cause, ic: Known) -> Ints:
    return np.where(ic[:, None], cause.apply(problem, plane), plane)


def _of_window(problem: Problem, changed: Any, *, cause: Cause, ic: Known) -> Ints:
    """The products of these input channels at other addresses."""
    weight = np.where(ic[:, None, None], changed.weight, 0)
    here = Signal(weight, changed.plane, changed.window).numbers(problem)
    there = Signal(weight, changed.plane, cause.apply(problem, changed.window)).numbers(problem)
    numbers: Ints = changed.numbers(problem) - here + there
    return numbers

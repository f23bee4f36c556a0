"""Mistakes of the whole layer, made in some taps alone, or in some folds: solved for, not tried one by one.

A sum is the sum of its folds. What a mistake changes in each fold is known, so what a dump has too much says
in which folds it was made: the one solution of 0 and 1 of as many equations as there are numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from tilewright.judge.cause import Cause, Signal, signal
from tilewright.judge.composed import general
from tilewright.judge.dump import Known
from tilewright.judge.problem import Problem
from tilewright.judge.solving import excess, whole_solution
from tilewright.spec import Ints

MOST_FOLDS = 64
"""Folds of an output tile, at most, that are told apart."""
MOST_NAMED = 4


def causes_in_folds(problem: Problem, causes: Sequence[Cause]) -> Iterator[Cause]:
    """Causes confined to some taps, or to some folds of the tiles that differ, that fit these pixels."""
    too_much = excess(problem)
    if (
        too_much is None
        or problem.itiles * problem.shape.taps > MOST_FOLDS
        or problem.shape.taps == 1
    ):
        return
    lanes = problem.array.lanes
    right = Signal(problem.weight, problem.plane, problem.window).tiles(lanes)
    amounts, says = too_much
    parts = list(_parts(problem))
    for cause in general([one for one in causes if one.stage in ("weight", "plane", "window")]):
        changes = signal(problem, (cause,)).tiles(lanes) - right  # itile kij oc pixel
        for words, concerned in parts:
            folds = _folds(changes[:, :, concerned], amounts[concerned], says[concerned])
            if folds is not None and 0 < folds.sum() < folds.size:
                yield _confined(cause, folds, concerned, words)


def _parts(problem: Problem) -> Iterator[tuple[str, Known]]:
    """All output channels; and the one output tile or column of the array that differs, if there is one."""
    otile, col = np.divmod(np.arange(problem.shape.oc), problem.array.cols)
    wrong, columns = np.unique(otile[problem.wrong_channels]).tolist(), problem.wrong_columns
    named = [("", np.ones(problem.shape.oc, bool))]
    named += [(f" in output tile {wrong[0]}", otile == wrong[0])] * (len(wrong) == 1)
    named += [(f" of PE column {columns[0]}", col == columns[0])] * (len(columns) == 1)
    seen = list[bytes]()
    for words, mask in named:
        if mask.tobytes() not in seen:
            seen.append(mask.tobytes())
            yield words, mask


def _folds(changes: Ints, amounts: Ints, says: Known) -> Known | None:
    """In which folds ``itile kij`` the changes add up to the amounts: the same taps of each tile first."""
    itiles, taps = changes.shape[:2]
    wanted = amounts[says]
    for each in (changes.sum(axis=0)[None], changes) if itiles > 1 else (changes,):
        flat = each.reshape(-1, *each.shape[2:])[:, says]
        found = whole_solution(flat, wanted)
        if found is not None and set(found.tolist()) <= {0, 1}:
            there = found.reshape(each.shape[:2]).astype(bool)
            return np.broadcast_to(there, (itiles, taps)).copy()
    return None


def _confined(cause: Cause, folds: Known, channels: Known, words: str) -> Cause:
    where = f"{_named(folds)}{words}"
    key = ",".join("".join(map(str, row.astype(int))) for row in folds)
    at = "" if channels.all() else f" oc={np.flatnonzero(channels)[0]}.."
    return Cause(
        f"{cause.key} in folds={key}{at}",
        f"{cause.text}, in {where} alone",
        "sum",
        partial(_numbers, cause=cause, folds=folds, channels=channels),
        cause.hint,
        is_everywhere=cause.is_everywhere,
    )


def _named(folds: Known) -> str:
    """Taps, where they are the same of every input tile; else taps of input tiles."""
    taps = np.flatnonzero(folds.any(axis=0)).tolist()
    if (folds == folds[0]).all():
        return _listed("tap", taps)
    tiles = np.flatnonzero(folds.any(axis=1)).tolist()
    if len(tiles) == 1:
        return f"{_listed('tap', taps)} of input tile {tiles[0]}"
    return f"{int(folds.sum())} of {folds.size} folds"


def _listed(word: str, numbers: list[int]) -> str:
    if len(numbers) == 1:
        return f"{word} {numbers[0]}"
    more = ", .." * (len(numbers) > MOST_NAMED)
    shown = ", ".join(map(str, numbers[:MOST_NAMED]))
    return f"{word}s {shown}{more}"


def _numbers(
    problem: Problem, changed: Signal, *, cause: Cause, folds: Known, channels: Known
) -> Ints:
    """The numbers with those folds of these channels as the cause alone makes them."""
    lanes = problem.array.lanes
    there = signal(problem, (cause,)).tiles(lanes) - changed.tiles(lanes)
    moved = (there * folds[:, :, None, None]).sum(axis=(0, 1))
    numbers: Ints = changed.numbers(problem) + np.where(channels[:, None], moved, 0)[None]
    return numbers

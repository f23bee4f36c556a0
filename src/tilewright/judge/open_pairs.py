"""A cause that leaves numbers open beside an ordinary one: held against the numbers that are not free."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from tilewright.judge.cause import Cause, early_numbers, late_numbers, predict, put_out, signal
from tilewright.judge.composed import Probe, columns_at, general, rows_at
from tilewright.judge.open_causes import MOST_FREE, OpenCause, is_supported, open_causes
from tilewright.judge.problem import Problem
from tilewright.judge.rows import Rows
from tilewright.spec import Ints

PROBES = 12
"""Numbers that prune pairs with a change of the weights."""
MOST_SUMS = 60
"""Changes of how products are added, at most, that are tried."""
OpenPair = tuple[OpenCause, Cause]


def open_pairs(problem: Problem, rows: Rows, causes: Sequence[Cause]) -> tuple[OpenCause, ...]:
    """Pairs that reproduce all but free numbers and are supported by the others; the fewest free first.

    rows: of the causes. None in a problem of which a part of the pixels was looked at.
    """
    if rows.problem is not problem or not problem.is_whole:
        return ()
    most = int(problem.known.sum()) // MOST_FREE
    every = open_causes(problem, causes)
    opens = [one for one in every if int((one.free(problem) & problem.known).sum()) <= most]
    early = [one for one in opens if one.cause.order <= 3]
    moved = [one for one in opens if one.cause.stage == "place"]
    found: dict[tuple[str, str], OpenCause] = {}
    for one, cause in _candidates(problem, rows, causes, early, moved):
        pair = replace(one, others=(cause,))
        key = (one.cause.key, cause.key)
        if key not in found and pair.fits(problem):
            found[key] = pair
    tried = max(len(opens) * len(causes), 1)
    supported = [pair for pair in found.values() if is_supported(problem, pair, tried)]
    return tuple(sorted(supported, key=lambda pair: int(pair.is_free(problem).sum())))


def _candidates(
    problem: Problem,
    rows: Rows,
    causes: Sequence[Cause],
    early: list[OpenCause],
    moved: list[OpenCause],
) -> Iterator[OpenPair]:
    yield from _with_late(problem, causes, early)
    yield from _with_weights(problem, causes, [one for one in early if one.cause.order < 3])
    yield from _with_sums(problem, causes, [one for one in early if one.cause.order < 3])
    yield from _moved(problem, rows, moved)


def _with_late(
    problem: Problem, causes: Sequence[Cause], early: list[OpenCause]
) -> Iterator[OpenPair]:
    """With a cause of the stages value, function and output: on the sums of all open causes at once."""
    if not early:
        return
    before = np.stack([early_numbers(problem, (one.cause,)) for one in early])
    ignored = np.stack([one.free(problem) for one in early]) | ~problem.known
    for cause in causes:
        if cause.stage in ("value", "function", "output"):
            numbers = late_numbers(problem, before, (cause,))
            agrees = ((numbers == problem.target) | ignored).reshape(len(early), -1).all(axis=1)
            for row in np.flatnonzero(agrees).tolist():
                yield early[row], cause


def _with_weights(
    problem: Problem, causes: Sequence[Cause], early: list[OpenCause]
) -> Iterator[OpenPair]:
    """With a change of the weights: a few numbers that are not free first."""
    weights = [cause for cause in causes if cause.stage == "weight"]
    if not weights or not early:
        return
    changed = [cause.apply(problem, problem.weight) for cause in weights]
    probes = _probes(problem)
    looked = [np.stack([rows_at(problem, weight, probe) for weight in changed]) for probe in probes]
    for one in early:
        free, seen = one.free(problem), signal(problem, (one.cause,))
        alive = np.arange(len(weights))
        for probe, left in zip(probes, looked, strict=True):
            if not free[probe] and len(alive):
                sums = left[alive] @ columns_at(seen.plane, seen.window, probe[2])
                alive = alive[put_out(problem, sums) == problem.target[probe]]
        for at in alive.tolist():
            yield one, weights[at]


def _probes(problem: Problem) -> list[Probe]:
    """Known numbers of different pixels and channels, the largest ones first."""
    places = np.argwhere(problem.differs)
    worth = [-abs(int(problem.target[tuple(place)])) for place in places]
    chosen = list[Probe]()
    for at in np.argsort(worth, kind="stable").tolist():
        g, oc, pixel = (int(part) for part in places[at])
        if len(chosen) < PROBES and all(pixel != p or oc != o for _, o, p in chosen):
            chosen.append((g, oc, pixel))
    return chosen


def _with_sums(
    problem: Problem, causes: Sequence[Cause], early: list[OpenCause]
) -> Iterator[OpenPair]:
    """With a change of how products are added, of the whole layer."""
    sums = general([cause for cause in causes if cause.stage == "sum"])[:MOST_SUMS]
    for one in early:
        ignored = one.free(problem) | ~problem.known
        for cause in sums:
            numbers = predict(problem, (one.cause, cause))
            if ((numbers == problem.target) | ignored).all():
                yield one, cause


def _moved(problem: Problem, rows: Rows, moved: list[OpenCause]) -> Iterator[OpenPair]:
    """Finished numbers that come late, of every other cause."""
    after = rows.after.reshape(len(rows.causes), -1)
    target, known = problem.target.reshape(-1), problem.known.reshape(-1)
    for one in moved:
        source: Ints = one.cause.apply(problem, None).reshape(-1)
        ignored = (source < 0) | ~known
        agrees = ((after[:, np.maximum(source, 0)] == target) | ignored).all(axis=1)
        for row in np.flatnonzero(agrees).tolist():
            if rows.causes[row].key != one.cause.key:
                yield one, rows.causes[row]

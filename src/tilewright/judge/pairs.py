"""Pairs of causes that may explain a dump: pruned by a few numbers each, then held against all of them.

A psum is bilinear in weights and codes. So under a change of the weights and one of the codes, one number
under all such pairs is one matrix product; changes that add up are paired by a linear hash; and what
happens to finished sums is applied to the sums of all early causes at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from tilewright.judge.cause import Cause, Signal, early_numbers, late_numbers, put_out, signal
from tilewright.judge.composed import (
    Pair,
    Probe,
    columns_at,
    general,
    is_right,
    pairs_of_codes,
    pairs_of_weights,
    rows_at,
)
from tilewright.judge.dump import Known
from tilewright.judge.families.values import plus
from tilewright.judge.pairs_in_part import with_finished, with_pe
from tilewright.judge.problem import Problem
from tilewright.judge.rows import Rows
from tilewright.spec import Ints

PROBES = 4
"""Numbers that prune pairs of early causes."""
PIXELS = 3
"""Pixels that prune pairs with a late cause."""
LARGE = 256
"""Products of a number beyond which changes of one PE or pixel are paired only where they add up."""
MOST_SUMMED = 250
"""Changes of operands, at most, that are tried with every change of how they are added."""
MOST_MAPS = 400
"""Causes of one kind, at most, of which all pairs are formed."""


def candidate_pairs(problem: Problem, rows: Rows, causes: Sequence[Cause]) -> list[Pair]:
    """Pairs that reproduce the numbers that were looked at, each once."""
    found: dict[tuple[str, str], Pair] = {}
    for first, second in _candidates(problem, rows, causes):
        keys = sorted((first.key, second.key))
        found.setdefault((keys[0], keys[1]), (first, second))
    return list(found.values())


def _candidates(problem: Problem, rows: Rows, causes: Sequence[Cause]) -> Iterator[Pair]:
    yield from _added(rows)
    yield from _with_late(rows, causes)
    yield from _with_columns(rows, causes)
    yield from _with_constant(rows)
    yield from _with_place(problem, rows, causes)
    yield from with_finished(rows, causes)
    yield from with_pe(rows)
    probes = _probes(rows.problem)
    if problem.weight[0].size > LARGE:
        causes = [cause for cause in causes if _is_broad(cause)]
    weights = [c for c in causes if c.stage == "weight"]
    planes = [c for c in causes if c.stage == "plane"]
    windows = [c for c in causes if c.stage == "window"]
    yield from _bilinear(rows.problem, weights, [*planes, *windows], probes)
    yield from _windowed(rows.problem, planes, windows, probes)
    yield from pairs_of_weights(rows.problem, weights, probes)
    yield from pairs_of_codes(rows.problem, planes, probes)
    yield from _summed(rows.problem, causes, probes)


def _is_broad(cause: Cause) -> bool:
    """Whether it concerns more than a PE, a pixel, or a tap of a row or column."""
    places = {part.partition("=")[0] for part in cause.key.split()[1:]} & {
        "row",
        "col",
        "kij",
        "nij",
    }
    return len(places) < 2 and "nij" not in places


def _probes(problem: Problem) -> list[Probe]:
    """Known numbers ``(group, oc, pixel)`` that say much: large ones that differ, of different channels."""
    differs = problem.differs
    places = np.argwhere(differs)
    worth = np.abs(problem.target[differs])
    chosen = list[Probe]()
    for at in np.argsort(-worth, kind="stable").tolist():
        g, oc, pixel = (int(part) for part in places[at])
        if len(chosen) < PROBES and all(oc != o and pixel != p for _, o, p in chosen):
            chosen.append((g, oc, pixel))
    calm = np.argwhere(problem.known & ~differs)
    for at in np.random.default_rng(1).permutation(len(calm))[:1].tolist():
        g, oc, pixel = (int(part) for part in calm[at])
        chosen.append((g, oc, pixel))
    return chosen


def _added(rows: Rows) -> Iterator[Pair]:
    """Pairs whose effects on the sums add up to the difference: found by a linear hash modulo 2**64."""
    problem, causes = rows.problem, rows.first
    base = early_numbers(problem, ())
    counts = problem.known & ((problem.target > 0) | (problem.function.function == "signed"))
    factors = np.random.default_rng(2).integers(-(1 << 62), 1 << 62, int(counts.sum()))
    hashes = (rows.before - base)[:, counts] @ factors  # wraps, as it should
    wanted = (problem.target - base)[counts] @ factors
    order = np.argsort(hashes, kind="stable")
    with np.errstate(over="ignore"):
        others = wanted - hashes
    low = np.searchsorted(hashes[order], others, "left")
    high = np.searchsorted(hashes[order], others, "right")
    for first in np.flatnonzero(high > low).tolist():
        for at in range(low[first], high[first]):
            second = int(order[at])
            if first < second:
                yield _in_order(causes[first], causes[second])


def _in_order(first: Cause, second: Cause) -> Pair:
    return (first, second) if first.order <= second.order else (second, first)


def _with_late(rows: Rows, causes: Sequence[Cause]) -> Iterator[Pair]:
    """Pairs with a cause of the stages value, function and output."""
    whole = rows.problem
    differs = whole.differs.sum(axis=(0, 1))
    pixels = np.argsort(-differs, kind="stable")[:PIXELS]
    problem = whole.at(pixels)
    before, after = rows.before[..., pixels], rows.after[..., pixels]
    for cause in causes:
        if cause.columns:
            continue
        if cause.stage in ("value", "function"):
            numbers, firsts = late_numbers(problem, before, (cause,)), rows.first
        elif cause.stage == "output":
            numbers, firsts = cause.apply(problem, after), rows.causes
        else:
            continue
        agrees = ((numbers == problem.target) | ~problem.known).reshape(len(firsts), -1).all(axis=1)
        for row in np.flatnonzero(agrees).tolist():
            if firsts[row].key != cause.key and _fits_late(rows, row, cause):
                yield _in_order(firsts[row], cause)


def _with_constant(rows: Rows) -> Iterator[Pair]:
    """Pairs with one constant that is added to every number."""
    problem = rows.problem
    is_plain = problem.function.function == "signed"
    counts = problem.known if is_plain else problem.known & (problem.target > 0)
    if not counts.any():
        return
    rest = (problem.target - rows.before)[:, counts]  # cause number
    same = np.all(rest == rest[:, :1], axis=1, keepdims=True)[:, 0]
    for row in np.flatnonzero(same).tolist():
        yield rows.first[row], plus(int(rest[row, 0]), "value")


def _with_columns(rows: Rows, causes: Sequence[Cause]) -> Iterator[Pair]:
    """Pairs with a late cause that changes some channels alone: the other cause must explain the rest."""
    agrees = np.all(rows.reproduced(), axis=(1, 3), keepdims=True)[:, 0, :, 0]  # cause oc
    count = agrees.shape[1]
    for cause in causes:
        if cause.columns:
            others = np.setdiff1d(np.arange(count), cause.columns)
            for row in np.flatnonzero(agrees[:, others].all(axis=1)).tolist():
                if rows.causes[row].key != cause.key and _fits_late(rows, row, cause):
                    yield _in_order(rows.causes[row], cause)


def _fits_late(rows: Rows, row: int, cause: Cause) -> bool:
    problem = rows.problem
    if cause.stage == "output":
        numbers = cause.apply(problem, rows.after[row])
    else:
        numbers = late_numbers(problem, rows.before[row], (cause,))
    return bool(((numbers == problem.target) | ~problem.known).all())


def _with_place(problem: Problem, rows: Rows, causes: Sequence[Cause]) -> Iterator[Pair]:
    """Pairs with a cause that moves finished numbers; such causes with one another, too."""
    places = [cause for cause in causes if cause.stage == "place"]
    if not places:
        return
    if not rows.problem.is_whole:
        ordinary = [c for c in causes if c.stage in ("value", "function", "output")]
        ordinary += general([c for c in causes if c.order < 3])[: MOST_MAPS // 2]
        rows = Rows.of(problem, ordinary)
    sources = [cause.apply(problem, None).reshape(-1) for cause in places]
    base = put_out(problem, early_numbers(problem, ())).reshape(-1)
    after = rows.after.reshape(len(rows.causes), -1)
    firsts = (*rows.causes, *places)
    target, known = problem.target.reshape(-1), problem.known.reshape(-1)
    probes = _flat_probes(problem)
    wanted = target[probes][:, None]
    looked, at = np.unique([source[probes] for source in sources], return_inverse=True)
    moved = np.stack([_from(base[None], source[looked])[0] for source in sources])
    moved *= looked >= 0
    seen = np.ascontiguousarray(np.concatenate([_from(after, looked), moved]).T)  # number first
    for cause, source, there in zip(places, sources, at.reshape(len(places), -1), strict=True):
        for row in np.flatnonzero((seen[there] == wanted).all(axis=0)).tolist():
            whole = (
                after[row] if row < len(after) else _from(base[None], sources[row - len(after)])[0]
            )
            fits = ((_from(whole[None], source)[0] == target) | ~known).all()
            if firsts[row].key != cause.key and fits:
                yield firsts[row], cause


def _from(numbers: Ints, source: Ints) -> Ints:
    """Numbers ``row number`` at the flat indices `source`; 0 where it is -1."""
    found: Ints = np.where(source < 0, 0, numbers[:, np.maximum(source, 0)])
    return found


def _flat_probes(problem: Problem) -> Ints:
    """Flat places of known numbers that differ, and of two that do not."""
    differs = problem.differs.reshape(-1)
    random = np.random.default_rng(3)
    wrong = random.permutation(np.flatnonzero(differs))[:8]
    right = random.permutation(np.flatnonzero(problem.known.reshape(-1) & ~differs))[:2]
    return np.concatenate([wrong, right])


def _bilinear(
    problem: Problem, weights: list[Cause], others: list[Cause], probes: list[Probe]
) -> Iterator[Pair]:
    """A change of weights and one of codes or addresses."""
    changed = [cause.apply(problem, problem.weight) for cause in weights]
    seen = [signal(problem, (cause,)) for cause in others]
    alive = np.ones((len(weights), len(others)), bool)
    for probe in probes:
        left = np.stack([rows_at(problem, weight, probe) for weight in changed]).astype(float)
        right = np.stack([columns_at(s.plane, s.window, probe[2]) for s in seen]).astype(float)
        alive &= is_right(problem, left @ right.T, probe)
    for first, second in np.argwhere(alive).tolist():
        yield weights[first], others[second]


def _windowed(
    problem: Problem, planes: list[Cause], windows: list[Cause], probes: list[Probe]
) -> Iterator[Pair]:
    """A change of codes and one of addresses."""
    if not planes:
        return
    rows = np.stack([rows_at(problem, problem.weight, probe) for probe in probes])
    taps = rows.reshape(len(probes), -1, problem.window.shape[0]).swapaxes(1, 2).astype(float)
    changed = [cause.apply(problem, problem.plane) for cause in planes]
    sums = np.stack([taps @ plane for plane in changed], axis=-1)  # probe kij nij plane
    sums = np.pad(sums, ((0, 0), (0, 0), (0, 1), (0, 0)))  # nothing is at -1
    kij = np.arange(len(problem.window))
    for cause in windows:
        window = cause.apply(problem, problem.window)
        alive = np.ones(len(planes), bool)
        for at, probe in enumerate(probes):
            alive &= is_right(problem, sums[at][kij, window[:, probe[2]]].sum(axis=0), probe)
        for first in np.flatnonzero(alive).tolist():
            yield planes[first], cause


def _summed(problem: Problem, causes: Sequence[Cause], probes: list[Probe]) -> Iterator[Pair]:
    """A general change of operands, and one of how they are added: the former side by side in one sum.

    One pixel of the channels of the probes is looked at.
    """
    channels = np.unique([probe[1] for probe in probes])
    small = problem.at(np.array([probes[0][2]]))
    target, known = small.target[:, channels], small.known[:, channels]
    weights = [c for c in causes if c.stage == "weight" and "row=" not in c.key][:MOST_SUMMED]
    others = [c for c in causes if c.stage in ("plane", "window") and "nij=" not in c.key]
    others = others[:MOST_MAPS]
    by_weight = _weight_stack(small, weights, channels)
    by_plane = _plane_stack(small, others, channels)
    for cause in causes:
        if cause.stage != "sum" or cause.is_everywhere or cause.form == "part":
            continue
        numbers = put_out(small, cause.apply(small, by_weight))  # group (first oc) 1
        rows = numbers.reshape(len(numbers), len(weights), -1, 1).swapaxes(0, 1)
        for row in _agreeing(rows, target, known):
            yield weights[row], cause
        numbers = put_out(small, cause.apply(small, by_plane))  # group oc first
        for row in _agreeing(numbers.transpose(2, 0, 1)[..., None], target, known):
            yield others[row], cause


def _agreeing(rows: Ints, target: Ints, known: Known) -> list[int]:
    agrees = np.all(((rows == target) | ~known).reshape(len(rows), -1), axis=1)
    found: list[int] = np.flatnonzero(agrees).tolist()
    return found


def _weight_stack(problem: Problem, causes: list[Cause], channels: Ints) -> Signal:
    weights = [cause.apply(problem, problem.weight)[channels] for cause in causes]
    return Signal(np.concatenate(weights), problem.plane, problem.window)


def _plane_stack(problem: Problem, causes: list[Cause], channels: Ints) -> Signal:
    signals = [signal(problem, (cause,)) for cause in causes]
    nij = problem.plane.shape[1]
    windows = [np.where(s.window < 0, -1, s.window + at * nij) for at, s in enumerate(signals)]
    planes = np.concatenate([s.plane for s in signals], axis=1)
    return Signal(problem.weight[channels], planes, np.concatenate(windows, axis=1))

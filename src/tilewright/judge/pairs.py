"""Pairs of causes that may explain a dump: pruned by a few numbers each, then held against all of them.

A psum is bilinear in weights and codes. So under a change of the weights and one of the codes, one number
under all such pairs is one matrix product; changes that add up are paired by a linear hash; and what
happens to finished sums is applied to the sums of all early causes at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.judge.cause import Cause, Signal, early_numbers, late_numbers, put_out, signal
from tilewright.judge.dump import Known
from tilewright.judge.problem import Problem
from tilewright.judge.rows import Rows
from tilewright.spec import Ints

Pair = tuple[Cause, Cause]
PROBES = 4
"""Numbers that prune pairs of early causes."""
PIXELS = 3
"""Pixels that prune pairs with a late cause."""
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
    yield from _with_place(problem, rows, causes)
    probes = _probes(rows.problem)
    weights = [c for c in causes if c.stage == "weight"]
    planes = [c for c in causes if c.stage == "plane"]
    windows = [c for c in causes if c.stage == "window"]
    yield from _bilinear(rows.problem, weights, [*planes, *windows], probes)
    yield from _windowed(rows.problem, planes, windows, probes)
    yield from _weighted(rows.problem, weights, probes)
    yield from _composed(rows.problem, _maps(planes), probes)
    yield from _summed(rows.problem, causes, probes)


def _probes(problem: Problem) -> list[tuple[int, int, int]]:
    """Known numbers ``(group, oc, pixel)`` that say much: large ones that differ, of different channels."""
    differs = problem.known & (problem.target != problem.expected)
    places = np.argwhere(differs)
    worth = np.abs(problem.target[differs])
    chosen = list[tuple[int, int, int]]()
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
    differs = (whole.known & (whole.target != whole.expected)).sum(axis=(0, 1))
    pixels = np.argsort(-differs, kind="stable")[:PIXELS]
    problem = whole.at(pixels)
    before, after = rows.before[..., pixels], rows.after[..., pixels]
    for cause in causes:
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
        ordinary += _maps([c for c in causes if c.order < 3])[: MOST_MAPS // 2]
        rows = Rows.of(problem, ordinary)
    sources = [cause.apply(problem, None).reshape(-1) for cause in places]
    base = put_out(problem, early_numbers(problem, ())).reshape(-1)
    moved = np.stack([np.where(source < 0, 0, base[source]) for source in sources])
    flat = np.concatenate([rows.after.reshape(len(rows.causes), -1), moved])
    firsts = (*rows.causes, *places)
    target, known = problem.target.reshape(-1), problem.known.reshape(-1)
    probes = _flat_probes(problem)
    for cause, source in zip(places, sources, strict=True):
        there = source[probes]
        numbers = np.where(there < 0, 0, flat[:, there])
        for row in np.flatnonzero((numbers == target[probes]).all(axis=1)).tolist():
            whole = np.where(source < 0, 0, flat[row, source])
            if firsts[row].key != cause.key and ((whole == target) | ~known).all():
                yield firsts[row], cause


def _flat_probes(problem: Problem) -> Ints:
    """Flat places of known numbers that differ, and of two that do not."""
    differs = (problem.known & (problem.target != problem.expected)).reshape(-1)
    random = np.random.default_rng(3)
    wrong = random.permutation(np.flatnonzero(differs))[:8]
    right = random.permutation(np.flatnonzero(problem.known.reshape(-1) & ~differs))[:2]
    return np.concatenate([wrong, right])


def _rows_at(problem: Problem, weight: Ints, probe: tuple[int, int, int]) -> Ints:
    """The weights ``(ic kij)`` that a number of the dump multiplies."""
    group, oc, _ = probe
    flat: Ints = weight[oc].reshape(weight.shape[1], -1)
    if problem.groups == 1:
        return flat.reshape(-1)
    kept = np.zeros_like(flat)
    tile, tap = divmod(group, problem.shape.taps)
    lanes = problem.array.lanes if problem.kind == "tile_psum" else flat.shape[0]
    kept[tile * lanes : (tile + 1) * lanes, tap] = flat[tile * lanes : (tile + 1) * lanes, tap]
    return kept.reshape(-1)


def _columns_at(plane: Ints, window: Ints, pixel: int) -> Ints:
    """The codes ``(ic kij)`` that a pixel sees; planes may stand side by side on leading axes."""
    taps = window[:, pixel]
    found: Ints = np.where(taps < 0, 0, plane[..., np.maximum(taps, 0)])
    return found.reshape(*plane.shape[:-2], plane.shape[-2] * len(taps))


def _right(problem: Problem, sums: npt.NDArray[Any], probe: tuple[int, int, int]) -> Known:
    """Where sums of a probe come out as the dump has it."""
    right: Known = put_out(problem, sums.astype(np.int64)) == problem.target[probe]
    return right


def _bilinear(
    problem: Problem, weights: list[Cause], others: list[Cause], probes: list[tuple[int, int, int]]
) -> Iterator[Pair]:
    """A change of weights and one of codes or addresses."""
    changed = [cause.apply(problem, problem.weight) for cause in weights]
    seen = [signal(problem, (cause,)) for cause in others]
    alive = np.ones((len(weights), len(others)), bool)
    for probe in probes:
        left = np.stack([_rows_at(problem, weight, probe) for weight in changed]).astype(float)
        right = np.stack([_columns_at(s.plane, s.window, probe[2]) for s in seen]).astype(float)
        alive &= _right(problem, left @ right.T, probe)
    for first, second in np.argwhere(alive).tolist():
        yield weights[first], others[second]


def _windowed(
    problem: Problem, planes: list[Cause], windows: list[Cause], probes: list[tuple[int, int, int]]
) -> Iterator[Pair]:
    """A change of codes and one of addresses."""
    if not planes:
        return
    stack = np.stack([cause.apply(problem, problem.plane) for cause in planes])
    left = [_rows_at(problem, problem.weight, probe) for probe in probes]
    for cause in windows:
        window = cause.apply(problem, problem.window)
        alive = np.arange(len(planes))
        for row, probe in zip(left, probes, strict=True):
            sums = _columns_at(stack[alive], window, probe[2]) @ row
            alive = alive[_right(problem, sums, probe)]
        for first in alive.tolist():
            yield planes[first], cause


def _maps(causes: list[Cause]) -> list[Cause]:
    """Causes that concern the whole layer: their keys name no row, column, tap, channel or pixel."""
    local = ("row=", "col=", "kij=", "ic=", "oc=", "nij=", "itile=", "onij=")
    return [cause for cause in causes if not any(word in cause.key for word in local)]


def _weighted(
    problem: Problem, weights: list[Cause], probes: list[tuple[int, int, int]]
) -> Iterator[Pair]:
    """Two changes of weights: a general one, then a general one or one that scales some."""
    general = _maps(weights)[:MOST_MAPS]
    scaling = [cause for cause in weights if cause.is_scaling]
    ones = np.ones_like(problem.weight)
    factors = [
        np.stack([_rows_at(problem, cause.apply(problem, ones), probe) for cause in scaling])
        for probe in probes
    ]
    columns = [_columns_at(problem.plane, problem.window, probe[2]) for probe in probes]
    yield from _scaled_twice(problem, scaling, factors, columns, probes)
    for first in general:
        weight = first.apply(problem, problem.weight)
        alive = np.arange(len(scaling))
        for at, probe in enumerate(probes):
            sums = factors[at][alive] @ (_rows_at(problem, weight, probe) * columns[at])
            alive = alive[_right(problem, sums, probe)]
        for second in alive.tolist():
            yield first, scaling[second]
        for other in general:
            if other is not first:
                both = other.apply(problem, weight)
                if _agree(problem, both, columns, probes):
                    yield first, other


def _scaled_twice(
    problem: Problem,
    scaling: list[Cause],
    factors: list[Ints],
    columns: list[Ints],
    probes: list[tuple[int, int, int]],
) -> Iterator[Pair]:
    """Two changes that scale weights: a number is bilinear in their factors."""
    alive = np.ones((len(scaling), len(scaling)), bool)
    for factor, column, probe in zip(factors, columns, probes, strict=True):
        products = _rows_at(problem, problem.weight, probe) * column
        sums = (factor * products).astype(float) @ factor.T.astype(float)
        alive &= _right(problem, sums, probe)
    for first, second in np.argwhere(np.triu(alive, 1)).tolist():
        yield scaling[first], scaling[second]


def _agree(
    problem: Problem, weight: Ints, columns: list[Ints], probes: list[tuple[int, int, int]]
) -> bool:
    for column, probe in zip(columns, probes, strict=True):
        if not _right(problem, np.asarray(_rows_at(problem, weight, probe) @ column), probe):
            return False
    return True


def _composed(
    problem: Problem, planes: list[Cause], probes: list[tuple[int, int, int]]
) -> Iterator[Pair]:
    """Two general changes of codes: how numbers or lanes are read, then where they go."""
    numbers = [c for c in planes if c.key.startswith("codes-")]
    left = [_rows_at(problem, problem.weight, probe) for probe in probes]
    for first in numbers:
        plane = first.apply(problem, problem.plane)
        for second in planes:
            if second is first:
                continue
            both = second.apply(problem, plane)
            for row, probe in zip(left, probes, strict=True):
                column = _columns_at(both, problem.window, probe[2])
                if not _right(problem, np.asarray(column @ row), probe):
                    break
            else:
                yield first, second


def _summed(
    problem: Problem, causes: Sequence[Cause], probes: list[tuple[int, int, int]]
) -> Iterator[Pair]:
    """A general change of operands, and one of how they are added: the former side by side in one sum."""
    sums = [cause for cause in causes if cause.stage == "sum" and not cause.is_everywhere]
    pixel = np.array([probes[0][2]])
    small = problem.at(pixel)
    weights = _maps([c for c in causes if c.stage == "weight"])[:MOST_MAPS]
    others = _maps([c for c in causes if c.stage in ("plane", "window")])[:MOST_MAPS]
    stacks = [_weight_stack(small, weights), _plane_stack(small, others)]
    for cause in sums:
        for firsts, stack in zip((weights, others), stacks, strict=True):
            numbers = put_out(
                small, cause.apply(small, stack)
            )  # group (first oc) 1 or group oc first
            if stack.weight.shape[0] == small.shape.oc:
                rows = numbers.transpose(2, 0, 1)[..., None]
            else:
                rows = numbers.reshape(len(numbers), len(firsts), -1, 1).swapaxes(0, 1)
            agrees = ((rows == small.target) | ~small.known).reshape(len(firsts), -1).all(axis=1)
            for row in np.flatnonzero(agrees).tolist():
                yield firsts[row], cause


def _weight_stack(problem: Problem, causes: list[Cause]) -> Signal:
    weights = [cause.apply(problem, problem.weight) for cause in causes]
    return Signal(np.concatenate(weights), problem.plane, problem.window)


def _plane_stack(problem: Problem, causes: list[Cause]) -> Signal:
    signals = [signal(problem, (cause,)) for cause in causes]
    nij = problem.plane.shape[1]
    windows = [np.where(s.window < 0, -1, s.window + at * nij) for at, s in enumerate(signals)]
    planes = np.concatenate([s.plane for s in signals], axis=1)
    return Signal(problem.weight, planes, np.concatenate(windows, axis=1))

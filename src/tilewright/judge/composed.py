"""Two changes of weights, or two of codes, one after the other: a few numbers under all such pairs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from tilewright.judge.cause import Cause, put_out
from tilewright.judge.dump import Known
from tilewright.judge.problem import Problem
from tilewright.spec import Ints

MOST_TABLED = 25_000
"""Values of all maps, at most, of which tables are made."""
Pair = tuple[Cause, Cause]
Probe = tuple[int, int, int]
"""Group, output channel and pixel of a number that is looked at."""


def rows_at(problem: Problem, weight: Ints, probe: Probe) -> Ints:
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


def columns_at(plane: Ints, window: Ints, pixel: int) -> Ints:
    """The codes ``(ic kij)`` that a pixel sees; planes may stand side by side on leading axes."""
    taps = window[:, pixel]
    found: Ints = np.where(taps < 0, 0, plane[..., np.maximum(taps, 0)])
    return found.reshape(*plane.shape[:-2], plane.shape[-2] * len(taps))


def is_right(problem: Problem, sums: npt.NDArray[Any], probe: Probe) -> Known:
    """Where sums of a probe come out as the dump has it."""
    right: Known = put_out(problem, sums.astype(np.int64)) == problem.target[probe]
    return right


def general(causes: list[Cause]) -> list[Cause]:
    """Causes that concern the whole layer: their keys name no row, column, tap, channel or pixel."""
    local = ("row=", "col=", "kij=", "ic=", "oc=", "nij=", "itile=", "onij=")
    return [cause for cause in causes if not any(word in cause.key for word in local)]


def pairs_of_weights(problem: Problem, weights: list[Cause], probes: list[Probe]) -> Iterator[Pair]:
    """Two changes of weights: moved, then mapped or scaled; moved twice; mapped twice; scaled twice."""
    scaling, moving, mapping = (
        [cause for cause in weights if cause.form == form] for form in ("scale", "move", "map")
    )
    ones = np.ones_like(problem.weight)
    scales = [cause.apply(problem, ones) for cause in scaling]
    factors = [np.stack([rows_at(problem, scale, probe) for scale in scales]) for probe in probes]
    columns = [columns_at(problem.plane, problem.window, probe[2]) for probe in probes]
    yield from _scaled_twice(problem, scaling, factors, columns, probes)
    for first in (*moving, *mapping):
        weight = first.apply(problem, problem.weight)
        alive = np.arange(len(scaling))
        for factor, column, probe in zip(factors, columns, probes, strict=True):
            sums = factor[alive] @ (rows_at(problem, weight, probe) * column)
            alive = alive[is_right(problem, sums, probe)]
        for second in alive.tolist():
            yield first, scaling[second]
    places = [_group_at(problem, probe) for probe in probes]
    seen = [column[kept] for column, (_, kept) in zip(columns, places, strict=True)]
    yield from _moved_twice(
        problem, problem.weight, moving, mapping, probes, [p for p, _ in places], seen
    )


def pairs_of_codes(problem: Problem, planes: list[Cause], probes: list[Probe]) -> Iterator[Pair]:
    """Two changes of codes: moved, then mapped; moved twice; mapped twice."""
    moving, mapping = (
        [cause for cause in planes if cause.form == form] for form in ("move", "map")
    )
    nij = problem.plane.shape[1]
    channel = np.arange(problem.plane.shape[0])[:, None] * nij
    places, factors = [], []
    for probe in probes:
        window = problem.window[:, probe[2]]
        places.append((channel + window).ravel())
        factors.append(rows_at(problem, problem.weight, probe))
    yield from _moved_twice(problem, problem.plane, moving, mapping, probes, places, factors)


def _group_at(problem: Problem, probe: Probe) -> tuple[Ints, Known]:
    """Flat places of the weights that a number multiplies, and which of ``(ic kij)`` they are."""
    flat = np.arange(problem.weight.size).reshape(problem.weight.shape)
    kept = rows_at(problem, np.ones_like(problem.weight), probe) != 0
    return flat[probe[1]].ravel()[kept], kept


def _moved_twice(
    problem: Problem,
    operand: Ints,
    moving: list[Cause],
    mapping: list[Cause],
    probes: list[Probe],
    places: list[Ints],
    factors: list[Ints],
) -> Iterator[Pair]:
    """Pairs of changes of `operand`; each probe is the sum of the operand at `places` times `factors`."""
    index = np.arange(1, operand.size + 1).reshape(operand.shape)
    flat = np.append(operand.ravel(), 0)
    moves = np.empty((len(moving), operand.size + 1), np.int64)
    for at, cause in enumerate(moving):
        moves[at] = np.append(cause.apply(problem, index).ravel() - 1, -1)
    weights = [factor.astype(float) for factor in factors]
    looks = list(zip(probes, weights, [moves[:, place] for place in places], strict=True))
    maps = _Maps.of(problem, operand, mapping, probes, places, weights)
    for at, first in enumerate(moving):
        once = flat[moves[at]]
        twice = np.arange(len(moving))
        for probe, factor, source in looks:
            sums = once[source[twice] if len(twice) < len(moving) else source] @ factor
            twice = twice[is_right(problem, sums, probe)]
        yield from ((first, moving[second]) for second in twice.tolist())
        yield from ((first, second) for second in maps.after(once[:-1], has_local=True))
    wide = {cause.key for cause in general(mapping)}
    for first in mapping:
        once = first.apply(problem, operand).ravel()
        for second in maps.after(once, has_local=first.key in wide):
            if second is not first:
                yield first, second


@dataclass(frozen=True, slots=True, eq=False)
class _Maps:
    """Maps of `operand`, to be applied to what another change has left.

    tabled: maps with what they make of every value, in `tables`, one for each probe. local: maps of a part
    of the layer, where tables of all of them would take longer than the maps themselves.
    """

    problem: Problem
    operand: Ints
    tabled: list[Cause]
    local: list[Cause]
    looks: list[tuple[Probe, Ints, npt.NDArray[Any]]]
    tables: list[npt.NDArray[Any]]

    @classmethod
    def of(
        cls,
        problem: Problem,
        operand: Ints,
        mapping: list[Cause],
        probes: list[Probe],
        places: list[Ints],
        factors: list[npt.NDArray[Any]],
    ) -> Self:
        """The maps, each to be looked up in a table unless there are too many of many values."""
        bits = max(problem.array.act_bits, problem.array.weight_bits)
        is_small = len(mapping) << bits <= MOST_TABLED
        tabled = mapping if is_small else general(mapping)
        keys = {cause.key for cause in tabled}
        return cls(
            problem,
            operand,
            tabled,
            [cause for cause in mapping if cause.key not in keys],
            list(zip(probes, places, factors, strict=True)),
            _tables(problem, operand, tabled, places, factors),
        )

    def after(self, once: Ints, *, has_local: bool) -> Iterator[Cause]:
        """Maps of `once`, the changed operand, flat, that leave every probe right."""
        alive = np.arange(len(self.tabled))
        for (probe, place, _), table in zip(self.looks, self.tables, strict=True):
            alive = alive[is_right(self.problem, _looked_up(table, alive, once[place]), probe)]
        yield from (self.tabled[at] for at in alive.tolist())
        operand = once.reshape(self.operand.shape)
        for cause in self.local if has_local else ():
            changed = cause.apply(self.problem, operand).ravel()
            if all(
                is_right(self.problem, np.asarray(changed[place] @ factor), probe)
                for probe, place, factor in self.looks
            ):
                yield cause


def _tables(
    problem: Problem,
    operand: Ints,
    mapping: list[Cause],
    places: list[Ints],
    factors: list[npt.NDArray[Any]],
) -> list[npt.NDArray[Any]]:
    """For each probe, what each map makes of each value at each place, times its factor: ``value place map``.

    The values are those of a code or weight, signed and unsigned: from ``-2**(bits-1)``.
    """
    bits = max(problem.array.act_bits, problem.array.weight_bits)
    values = range(-(1 << (bits - 1)), 1 << bits)
    where = np.concatenate(places)
    whole = np.empty((len(values), len(mapping), len(where)))
    for row, value in enumerate(values):
        everywhere = np.full(operand.shape, value)
        for at, cause in enumerate(mapping):
            whole[row, at] = cause.apply(problem, everywhere).ravel()[where]
    parts = np.split(whole, np.cumsum([len(place) for place in places])[:-1], axis=2)
    return [
        np.ascontiguousarray((part * factor).swapaxes(1, 2))
        for part, factor in zip(parts, factors, strict=True)
    ]


def _looked_up(table: npt.NDArray[Any], chosen: Ints, values: Ints) -> npt.NDArray[Any]:
    """The sum of what the chosen maps make of `values`, one for each place: ``map``."""
    lowest = -(table.shape[0] // 3)
    inside = np.clip(values - lowest, 0, table.shape[0] - 1)
    place = np.arange(len(values))
    is_part = len(chosen) < table.shape[2]
    found = table[inside[:, None], place[:, None], chosen] if is_part else table[inside, place]
    sums: npt.NDArray[Any] = found.sum(axis=0)
    return sums


def _scaled_twice(
    problem: Problem,
    scaling: list[Cause],
    factors: list[Ints],
    columns: list[Ints],
    probes: list[Probe],
) -> Iterator[Pair]:
    """Two changes that scale weights: a number is bilinear in their factors."""
    alive = np.ones((len(scaling), len(scaling)), bool)
    for factor, column, probe in zip(factors, columns, probes, strict=True):
        products = rows_at(problem, problem.weight, probe) * column
        sums = (factor * products).astype(float) @ factor.T.astype(float)
        alive &= is_right(problem, sums, probe)
    for first, second in np.argwhere(np.triu(alive, 1)).tolist():
        yield scaling[first], scaling[second]

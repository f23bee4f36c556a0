"""Products missing, doubled or made with another weight: of a tap, a channel, a row, a column, a PE."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from tilewright.judge.cause import Cause
from tilewright.judge.families.lane_maps import moved
from tilewright.judge.families.number_maps import bit_maps, filled, low_bits
from tilewright.judge.problem import Problem
from tilewright.spec import Ints

Where = tuple[Any, ...]
"""An index into weights ``oc ic tap``."""

FEW = 2
"""Columns that differ, at most, for trying each PE of them with each weight that could be stuck in it."""

TAP = "look at the counter of taps and at what clears the accumulator"
PE = "look at this PE, and at what enables it"


def causes(problem: Problem) -> Iterator[Cause]:
    """All causes of this family."""
    yield from _taps(problem)
    yield from _channels(problem)
    yield from _pes(problem)


def _scaling(key: str, text: str, where: Where, factor: int, hint: str) -> Cause:
    return Cause(key, text, "weight", scaled(where, factor), hint, form="scale")


def scaled(where: Where, factor: int) -> Callable[[Problem, Ints], Ints]:
    """The weights there times `factor`: 0 loses the products, 2 doubles them."""

    def apply(_: Problem, weight: Ints) -> Ints:
        changed = weight.reshape(*weight.shape[:2], -1).copy()
        changed[where] *= factor
        return changed.reshape(weight.shape)

    return apply


def mapped(where: Where, function: Callable[[Ints], Ints]) -> Callable[[Problem, Ints], Ints]:
    """The weights there changed by `function`."""

    def apply(_: Problem, weight: Ints) -> Ints:
        changed = weight.reshape(*weight.shape[:2], -1).copy()
        changed[where] = function(changed[where])
        return changed.reshape(weight.shape)

    return apply


_FACTORS = (
    (0, "lost", "are lost"),
    (2, "doubled", "count twice"),
    (-1, "negated", "are subtracted"),
)


def _scaled(name: str, at: str, words: str, where: Where, hint: str) -> Iterator[Cause]:
    for factor, key, verb in _FACTORS:
        yield _scaling(f"{name}-{key} {at}", f"the products of {words} {verb}", where, factor, hint)


def _taps(problem: Problem) -> Iterator[Cause]:
    every = slice(None)
    for tap in range(problem.shape.taps):
        yield from _scaled("tap", f"kij={tap}", f"tap {tap}", (every, every, tap), TAP)
        if tap:
            yield _scaling(
                f"taps-from kij={tap}",
                f"the taps before {tap} are lost (overwritten or cleared late)",
                (every, every, slice(0, tap)),
                0,
                TAP,
            )
            yield _scaling(
                f"taps-until kij={tap}",
                f"tap {tap} and those after it are lost (it stops early)",
                (every, every, slice(tap, None)),
                0,
                TAP,
            )
    last = np.arange(problem.shape.ic)[:, None] // problem.array.lanes == problem.itiles - 1
    for tap in range(problem.shape.taps if problem.itiles > 1 else 0):
        lost = ~last | (np.arange(problem.shape.taps) < tap)  # ic tap
        text = f"the accumulator is cleared at tap {tap} of every input tile"
        yield _scaling(f"restarts kij={tap}", text, (every, lost), 0, TAP)


def _channels(problem: Problem) -> Iterator[Cause]:
    shape, array, every = problem.shape, problem.array, slice(None)
    row = np.arange(shape.ic) % array.lanes // array.per_pe
    lane, itile = np.arange(shape.ic) % array.per_pe, np.arange(shape.ic) // array.lanes
    for ic in range(shape.ic):
        yield from _scaled(
            "input",
            f"ic={ic}",
            f"input channel {ic}",
            (every, ic),
            "look at this lane of the words",
        )
    for r in range(array.rows):
        yield from _scaled(
            "row", f"row={r}", f"PE row {r}", (every, row == r), "look at this row of the array"
        )
        for other in (r - 1, r + 1):
            if 0 <= other < array.rows:
                yield _row_copied(problem, r, other)
        if r:
            words = f"the products of the PE rows from {r} on are lost"
            yield _scaling(f"rows-lost from={r}", words, (every, row >= r), 0, PE)
        for tap in range(shape.taps):
            at = np.ix_(np.arange(shape.oc), np.flatnonzero(row == r), np.array([tap]))
            yield from _scaled("row-tap", f"row={r} kij={tap}", f"PE row {r} in tap {tap}", at, PE)
    for half in range(array.per_pe if array.per_pe > 1 else 0):
        yield from _scaled(
            "half", f"half={half}", f"activation {half} of each PE", (every, lane == half), PE
        )
    for tile in range(problem.itiles if problem.itiles > 1 else 0):
        yield from _scaled(
            "itile",
            f"itile={tile}",
            f"input tile {tile}",
            (every, itile == tile),
            "look at how input tiles are accumulated",
        )
        yield _scaling(
            f"itile-only itile={tile}",
            f"input tile {tile} alone is accumulated",
            (every, itile != tile),
            0,
            "look at how input tiles are accumulated",
        )


def _pes(problem: Problem) -> Iterator[Cause]:
    """Of the PEs in columns that differ."""
    shape, array = problem.shape, problem.array
    col, row = np.arange(shape.oc) % array.cols, np.arange(shape.ic) % array.lanes // array.per_pe
    concerned = problem.wrong_columns
    is_few = len(concerned) <= FEW
    for c in concerned:
        mine = np.flatnonzero(col == c)
        yield from _column(problem, c, mine)
        for r in range(array.rows):
            yield from _pe(problem, r, c, np.ix_(mine, np.flatnonzero(row == r)), is_few=is_few)
            at, above = f"row={r} col={c}", np.ix_(mine, np.flatnonzero(row < r))
            text = f"PE ({r}, {c}) does not take the psum from above"
            yield _scaling(f"psum-cut {at}", text, above, 0, PE)
            east = np.ix_(np.flatnonzero(col >= c), np.flatnonzero(row == r))
            text = f"row {r} gets no activations from PE column {c} on"
            yield _scaling(f"east-cut {at}", text, east, 0, PE)


def pes_of_column(problem: Problem, c: int) -> Iterator[Cause]:
    """All causes of single PEs of a column, with each weight that could be stuck in them."""
    shape, array = problem.shape, problem.array
    mine = np.flatnonzero(np.arange(shape.oc) % array.cols == c)
    row = np.arange(shape.ic) % array.lanes // array.per_pe
    for r in range(array.rows):
        yield from _pe(problem, r, c, np.ix_(mine, np.flatnonzero(row == r)), is_few=True)


def _column(problem: Problem, c: int, mine: Ints) -> Iterator[Cause]:
    """mine: the output channels of PE column `c`."""
    array, name = problem.array, f"PE column {c}"
    yield from _scaled("column", f"col={c}", name, (mine,), "look at this column of the array")
    yield Cause(
        f"column-unsigned col={c}",
        f"{name} takes weights as unsigned",
        "weight",
        mapped((mine,), partial(low_bits, bits=array.weight_bits)),
        PE,
        form="map",
    )
    for tap in range(problem.shape.taps):
        where = (mine, slice(None), tap)
        yield from _scaled("column-tap", f"col={c} kij={tap}", f"{name} in tap {tap}", where, PE)
    for other in (c - 1, c + 1):
        if 0 <= other < array.cols:
            yield Cause(
                f"column-copied col={c} from={other}",
                f"{name} has the weights of column {other}",
                "weight",
                _copied(mine, other - c),
                "look at how weights are shifted in",
            )


def _row_copied(problem: Problem, r: int, other: int) -> Cause:
    array = problem.array
    source = np.arange(problem.shape.ic)
    source = np.where(
        source % array.lanes // array.per_pe == r, source + (other - r) * array.per_pe, source
    )
    source = np.where(source < problem.shape.ic, source, -1)
    return Cause(
        f"row-weights-copied row={r} from={other}",
        f"PE row {r} has the weights of row {other}",
        "weight",
        lambda _, weight: moved(weight, source, 1),
        "look at how weights are shifted in",
    )


def _copied(mine: Ints, step: int) -> Callable[[Problem, Ints], Ints]:
    def apply(_: Problem, weight: Ints) -> Ints:
        changed = weight.copy()
        source = mine + step
        inside = (source >= 0) & (source < len(weight))
        changed[mine] = 0
        changed[mine[inside]] = weight[source[inside]]
        return changed

    return apply


def _pe(problem: Problem, r: int, c: int, where: Where, *, is_few: bool) -> Iterator[Cause]:
    array, at, name = problem.array, f"row={r} col={c}", f"PE ({r}, {c})"
    yield from _scaled("pe", at, name, where, PE)
    yield Cause(
        f"pe-unsigned {at}",
        f"{name} takes its weight as unsigned",
        "weight",
        mapped(where, lambda w: low_bits(w, array.weight_bits)),
        PE,
        form="map",
    )
    if not is_few:
        return
    half = 1 << (array.weight_bits - 1)
    for value in range(-half, half):
        if value:
            yield Cause(
                f"pe-stuck {at} value={value}",
                f"the weight of {name} is always {value}",
                "weight",
                mapped(where, partial(filled, value=value)),
                PE,
                form="map",
            )
    for key, words, function in bit_maps(array.weight_bits, is_signed=True):
        yield Cause(
            f"pe-weight-{key} {at}",
            f"{name} reads its weight {words}",
            "weight",
            mapped(where, function),
            PE,
            form="map",
        )

"""Functions that fall and then rise, of the sums of a layer, behind which there is a quantizer.

Thresholds state what only falls or only rises. The codes of a function with a valley (HardSwish, Gelu, Mish,
SiLU, which have one near 0) are the sum of two such: what is left of the valley, and what is right of it.
Behind a max-pool, what falls with the largest sum is counted downwards, so that its largest code is that of
this sum.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tilewright.interchange.assembly import Assembly
from tilewright.interchange.grid import Grid
from tilewright.interchange.moves import on_codes
from tilewright.interchange.onnx_graph import Operator
from tilewright.interchange.read_layers import unique
from tilewright.interchange.values import NOWHERE, TURNS, Affine, Step, Value
from tilewright.interchange.wiring import name_sum
from tilewright.spec import Ints, MaxPool, NumberFormat, Plane, ResidualAdd
from tilewright.spec.step_search import Floats

PER_OCTAVE = 32
"""Sums looked at between a distance from 0 and its double: each is 2 percent beyond the last."""

PARTS = 256
"""Into so many an interval with a valley is divided, again and again."""


def quantized(op: Operator, value: Value, grid: Grid, step: Step, assembly: Assembly) -> Value:
    """The value after a quantizer, `step`, also of what falls and then rises with the sums of a node.

    Refuses what rises and then falls, or turns more than once, or is no function of one node's sums alone.
    """
    if not value.turns or value.origin is None:
        return value.on_grid(op, grid, step)
    if value.by_channel is not None:
        op.refuse(TURNS)
    node = assembly.nodes[value.origin]
    whole = replace(value, steps=(*value.steps, step), grid=grid)
    channels, bound = node.output_shape[0], node.sum_bound()
    rise = np.ones(channels, np.int64) if value.rise is None else value.rise
    rise = np.broadcast_to(rise, (channels,))
    sums = np.sort(around_zero(value, channels, bound) * rise, axis=0)  # as the pools see them
    codes = whole.codes(_as_floats(rise * sums))
    steps = np.diff(codes, axis=0)
    rises, drops = (steps >= 0).all(axis=0), (steps <= 0).all(axis=0)
    if (rises if value.pools else rises | drops).all():
        falls = bool((rise * steps < 0).any())
        plain = tuple(replace(one, turns=False, falls=falls or one.falls) for one in value.steps)
        return replace(value, steps=plain).on_grid(op, grid, step)
    lowest = _lowest(value, sums, rise).astype(np.float64)
    least = whole.codes(_as_floats(rise * lowest)[None])

    def left(values: Floats) -> Floats:
        seen = np.minimum(rise * values, lowest)
        found: Floats = (whole.codes(_as_floats(rise * seen)) - least).astype(np.float64)
        return found

    def right(values: Floats) -> Floats:
        return _as_floats(whole.codes(_as_floats(rise * np.maximum(rise * values, lowest))))

    halves = [half(_as_floats(rise * sums)) for half in (left, right)]
    are_steps = (np.diff(halves[0], axis=0) <= 0).all() and (np.diff(halves[1], axis=0) >= 0).all()
    if not are_steps or (halves[0] + halves[1] != codes).any():
        op.refuse(f"{TURNS}; it must fall and then rise, and not turn again")
    return _both(op, value, (left, right), grid, assembly)


def _as_floats(values: Ints | Floats) -> Floats:
    return values.astype(np.float64)


def _both(
    op: Operator,
    value: Value,
    halves: tuple[Callable[[Floats], Floats], Callable[[Floats], Floats]],
    grid: Grid,
    assembly: Assembly,
) -> Value:
    """The sum of the codes of two functions, counted from the lowest code of the grid."""
    node = assembly.nodes[str(value.origin)]
    counted = Grid(NumberFormat(grid.number_format.bits, is_signed=False), 1.0)
    is_flat = value.is_flat and not value.is_flattened
    plane, levels = _pooled(node.output_shape, value.pools), counted.number_format.max_code
    left, right = halves
    signs = (1, -1) if value.pools else (1, 1)

    def turned(values: Floats) -> Floats:  # it rises, so that the largest sum has the largest code
        return levels - left(values)

    steps = (right, turned) if value.pools else halves
    bare = Value(NOWHERE, value.origin, plane, is_flat, pools=value.pools, grid=counted)
    operands = [replace(bare, steps=(Step(half),), slack=value.slack) for half in steps]
    name, codes = unique(name_sum(op), set(assembly.nodes)), counted.number_format
    both = ResidualAdd(name, plane, codes, grid.scale, gains=signs)
    lowest = grid.low + (levels if value.pools else 0)
    real = Affine(np.array([grid.scale]), np.array([lowest * grid.scale]))
    found = on_codes(grid, assembly.add_integers(op, both, operands, real))
    found = replace(
        found, plane=value.plane, is_flat=value.is_flat, is_flattened=value.is_flattened
    )
    return replace(found, tensor=op.output, last=value.last, places=value.places)


def _pooled(plane: Plane, pools: tuple[MaxPool, ...]) -> Plane:
    """Of a node's output, what max-pools leave."""
    for pool in pools:
        plane = (plane[0], *pool.output_size(*plane[1:]))
    return plane


def _real(value: Value, sums: Floats) -> Floats:
    for step in value.steps:
        sums = step.apply(sums)
    return sums


def around_zero(value: Value, channels: int, bound: int) -> Ints:
    """Sums ``n c`` in rising order, the denser the nearer to where what turns reads 0."""
    first = next(number for number, step in enumerate(value.steps) if step.turns)
    before = replace(value, steps=value.steps[:first])
    low, high = np.full(channels, -bound, np.int64), np.full(channels, bound, np.int64)
    ends = _real(before, np.array([[-bound], [bound]], np.float64).repeat(channels, axis=1))
    direction = np.where(ends[1] >= ends[0], 1.0, -1.0)
    while (low < high).any():
        middle = (low + high) // 2
        is_there = direction * _real(before, middle[None].astype(np.float64))[0] >= 0
        low, high = (
            np.where(is_there, low, np.minimum(middle + 1, high)),
            np.where(is_there, middle, high),
        )
    octaves = int(2 * bound).bit_length()
    steps = np.unique(
        np.rint(2 ** (np.arange(octaves * PER_OCTAVE + 1) / PER_OCTAVE)).astype(np.int64)
    )
    steps = np.concatenate([-steps[::-1], [0], steps])
    return (high + steps[:, None]).clip(-bound, bound)


def _lowest(value: Value, sums: Ints, rise: Ints) -> Ints:
    """The sum of each channel where the value is least; `sums`, which rise, show one valley of it. They, and
    what is found, are times `rise`.
    """
    while True:
        at = _real(value, _as_floats(rise * sums)).argmin(axis=0)
        places = np.arange(sums.shape[1])
        low, high = sums[(at - 1).clip(0), places], sums[(at + 1).clip(None, len(sums) - 1), places]
        if (high - low <= 2).all():
            least: Ints = sums[at, places]
            return least
        parts = np.linspace(low, high, PARTS + 1)
        sums = np.rint(parts).astype(np.int64)

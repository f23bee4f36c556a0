"""Quantizers that a file spells out: a factor, Round and Clip, in any order, as hand-written training has.

Whole numbers between two bounds are codes, wherever they come from. What multiplies them, or is added to
them, behind that gives their grid another scale and zero-point, as behind any quantizer.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from tilewright.interchange.assembly import Assembly
from tilewright.interchange.casts import is_to_integers
from tilewright.interchange.functions import EXACT
from tilewright.interchange.grid import Grid
from tilewright.interchange.onnx_graph import Array, Operator
from tilewright.interchange.ramps import reach as reach_of
from tilewright.interchange.ramps import real_of
from tilewright.interchange.reach import Reach
from tilewright.interchange.turning import around_zero, quantized
from tilewright.interchange.values import Affine, ByChannel, ByCode, Step, Value
from tilewright.interchange.weight_grids import rows_on_grids
from tilewright.spec import BIPOLAR, NumberFormat

ORDERS = ("Greater", "GreaterOrEqual", "Less", "LessOrEqual")
"""Comparisons, whose results are 0 and 1."""
LOOKED_AT = 4097
"""Sums of a channel, evenly spread, of which the results of a rounding are looked at."""
FOLLOWED = (*EXACT, "Add", "Cast", "Clip", "Div", "Max", "Min", "Mul", "Relu", "Sub")
"""Operations behind which it is known what numbers there may be."""


def settled(
    op: Operator, before: Value, after: Value, constants: dict[str, Array], assembly: Assembly
) -> Value:
    """`after`, the value of an operation, on a grid if its numbers are whole, and few enough for codes."""
    if after.grid is not None or after.by_code is not None or after.by_channel is not None:
        return after
    if op.kind in ORDERS:
        return replace(after, reach=Reach(0.0, 1.0, is_whole=True))
    if op.kind == "Where":
        return _of_two(op, after, constants, assembly)
    if op.kind not in FOLLOWED or not after.steps or after.tensor == before.tensor:
        return after
    step = after.steps[-1]
    if step.turns:
        return after
    is_cut = op.kind in EXACT or (op.kind == "Div" and before.reach.is_integer)
    reach = after.reach  # of a Cast that changes no number
    if len(after.steps) > len(before.steps):
        reach = before.reach.after(step.apply, makes_whole=is_cut or is_to_integers(op))
    reach = replace(reach, is_integer=reach.is_integer or is_to_integers(op))
    if not reach.is_held:
        op.refuse(
            "its integers may pass those that its type holds: compute with wider ones (int64)"
        )
    if op.kind in EXACT and after.origin is not None and not math.isfinite(reach.high - reach.low):
        reach = found = _reached(after, assembly)
        held = Step(lambda values: np.clip(values, found.low, found.high))
        after = replace(after, steps=(*after.steps[:-1], step.then(held)))  # beyond the sums, too
    after = replace(after, reach=reach)
    grid = reach.grid() if op.kind not in ("Add", "Div", "Mul", "Sub") else None
    return after if grid is None else _on(op, after, grid, assembly)


def _reached(value: Value, assembly: Assembly) -> Reach:
    """Between which whole numbers a value lies of all sums that its node may have."""
    node = assembly.nodes[str(value.origin)]
    sums = np.linspace(*reach_of(node), LOOKED_AT).round()
    if value.turns:
        bound = node.sum_bound()
        sums = np.concatenate([sums, around_zero(value, node.output_shape[0], bound)])
    reals = real_of(value, sums.astype(np.float64))
    return Reach(float(reals.min()), float(reals.max()), is_whole=True)


def _on(op: Operator, after: Value, grid: Grid, assembly: Assembly) -> Value:
    """A value that is codes times the scale of a grid."""
    if after.origin is None:
        after = replace(after, steps=_as_quantizer(after.steps))
    if not after.turns or after.origin is None:
        return replace(after, grid=grid, is_positive=grid.low >= 0, kernel=None)
    *steps, last = after.steps
    return quantized(op, replace(after, steps=tuple(steps)), grid, last, assembly)


def _as_quantizer(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The steps of the network's input, those from the first one that is no factor on as one."""
    first = next((at for at, step in enumerate(steps) if not isinstance(step.apply, Affine)), 0)
    one = steps[first]
    for step in steps[first + 1 :]:
        one = one.then(step)
    return (*steps[:first], one)


def _of_two(op: Operator, after: Value, constants: dict[str, Array], assembly: Assembly) -> Value:
    """A choice between two constants, as -1 and 1."""
    ends = [constants.get(name) for name in op.inputs[1:]]
    found = [float(one.reshape(-1)[0]) for one in ends if one is not None and one.size == 1]
    if len(found) < 2 or not after.steps:
        return after
    low, high = sorted(found)
    if -low == high > 0:
        return _on(op, after, Grid(BIPOLAR, high), assembly)
    if low == 0 < high:
        return _on(op, after, Grid(NumberFormat(1, is_signed=False), high), assembly)
    return after


def with_grid(op: Operator, value: Value, assembly: Assembly) -> Value:
    """A value that a layer or an addition reads, on the grid of the whole numbers that it is of, if it is.

    What operations have made of codes may be codes of another scale: twice of them, their squares, or those
    that a quantizer which is spelled out leaves; and those of a scale for each channel.
    """
    if value.grid is not None or value.by_channel is not None or value.is_code:
        return value
    if value.by_code is None:
        grid = value.reach.grid()
        return (
            value if grid is None or value.origin is None else _as_codes(op, value, grid, assembly)
        )
    known = ByCode.of(value)
    found = rows_on_grids(known.values)
    if found is None or (found[1] != found[1][:1]).any():
        return value
    scales, (codes, *_) = found
    grid = Reach(float(codes.min()), float(codes.max()), is_whole=True).grid()
    if grid is None:
        return value
    is_sign = bool((np.abs(codes) == 1).all())
    grid = Grid(BIPOLAR, scales[0]) if is_sign else replace(grid, scale=float(scales[0]))
    if (scales == scales[0]).all():
        return _as_codes(op, replace(value, by_code=None), grid, assembly)
    if value.turns:
        return value
    steps = (*known.source.steps, replace(known, values=known.values[:1]).step())
    by_channel = ByChannel(grid, scales)
    return replace(value, steps=steps, by_code=None, by_channel=by_channel)


def _as_codes(op: Operator, value: Value, grid: Grid, assembly: Assembly) -> Value:
    """A value whose numbers are all on a grid."""
    if not value.turns:
        return replace(value, grid=grid, is_positive=grid.low >= 0)
    made, same = replace(op, outputs=(value.tensor,)), Step(lambda values: values, is_exact=True)
    return quantized(made, value, grid, same, assembly)

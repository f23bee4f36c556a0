"""Means and additions of values that nobody has quantized: layers that sum parts of 8 bits of them.

The source adds floats there. Here the values are counted in whole units (`float_parts`), fine enough that the
quantizer behind makes the same codes of their sums, but where a sum lies nearer to a step than what the units
miss: there the codes are open.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tilewright.interchange.assembly import Assembly
from tilewright.interchange.float_additions import as_layer
from tilewright.interchange.float_codes import (
    follows_codes,
    is_table,
    least_unit,
    of_codes,
    step_of_codes,
)
from tilewright.interchange.float_layers import of_sums, step_of_sums
from tilewright.interchange.float_parts import (
    COUNTED,
    LARGEST,
    LARGEST_WEIGHT,
    MOST_PARTS,
    UNQUANTIZED,
    WEIGHTS,
    Parts,
    Reals,
    side_by_side,
)
from tilewright.interchange.onnx_graph import Operator
from tilewright.interchange.read_layers import check_sums, unique
from tilewright.interchange.values import Affine, Value
from tilewright.interchange.wiring import name_sum
from tilewright.spec import ConvShape, IntegerLayer

UNITS = 127
"""At least so many of them are one step of the quantizer behind, where weights of 8 bits can say so."""
MOST_UNITS = 1024
"""So many are enough, and are taken where they cost few parts."""
PARTS_OF_VALLEYS, VALLEYS = 64, 1.5
"""About so many parts count what HardSwish is beside a ramp, which falls and rises by so much."""
MOST_WEIGHTS = 64
"""With which each block of a layer's sums may be counted for the sake of finer units."""
MOST_CODES = 2**23
"""Of one sample, that a sum of parts reads."""

Pair = tuple[int, int]


def read_float_sum(
    op: Operator,
    values: list[Value],
    assembly: Assembly,
    *,
    ahead: float | None,
    signs: tuple[int, ...] = (1, 1),
    window: tuple[Pair, Pair] = ((1, 1), (1, 1)),
    area: int = 1,
) -> Value:
    """The sum of values, or of the windows of one, divided by an area.

    ahead: the scale of the quantizer that follows; None if none does, and then the operation is refused.
    """
    first = values[0]
    if ahead is None or any(one.origin is None and one.grid is None for one in values):
        op.refuse(UNQUANTIZED)
    if any(one.by_channel or one.last is not None or (one.turns and one.pools) for one in values):
        op.refuse(UNQUANTIZED)
    if any((one.plane, one.is_flat) != (first.plane, first.is_flat) for one in values):
        op.refuse(f"{UNQUANTIZED}; its planes must be of one size")
    values, signs = _unfolded(values, signs, assembly)
    values = [as_layer(op, assembly.entered(one), assembly) for one in values]
    unit = _unit(op, values, ahead, assembly)
    found = [
        (of_codes if follows_codes(value) else of_sums)(op, value, unit, assembly)
        for value in values
    ]
    added = _summed(op, first, found, signs, unit, (window, area), assembly)
    if len(values) > 1:
        assembly.added[str(added.origin)] = (tuple(values), signs)
    return added


def _unfolded(
    values: list[Value], signs: tuple[int, ...], assembly: Assembly
) -> tuple[list[Value], tuple[int, ...]]:
    """The terms of values that are such sums themselves, and nothing more, in place of these."""
    terms: list[tuple[Value, int]] = []
    for value, sign in zip(values, signs, strict=False):
        inner = assembly.added.get(str(value.origin))
        if inner is None or len(value.steps) != 1 or value.pools or value.is_flattened:
            terms.append((value, sign))
            continue
        assembly.replaced.add(str(value.origin))
        terms.extend((one, sign * of) for one, of in zip(*inner, strict=True))
    return [one for one, _ in terms], tuple(sign for _, sign in terms)


def _unit(op: Operator, values: list[Value], ahead: float, assembly: Assembly) -> Reals:
    """How much one of what is counted is worth, by channel."""
    channels = values[0].plane[0]
    gains = [_step(op, value, assembly) for value in values]
    known = [gain for gain in gains if gain is not None]
    if not known and all(is_table(value) for value in values):
        return np.full(channels, max(ahead / MOST_UNITS, *(least_unit(value) for value in values)))
    if not known:
        return np.full(channels, ahead / UNITS)
    each = np.stack([np.broadcast_to(gain, (channels,)) for gain, _ in known])
    finest = MOST_WEIGHTS // max(taken for _, taken in known)
    least = np.where(each > 0, each, np.inf).min(axis=0)
    least = np.where(np.isfinite(least), least, ahead)
    turning = PARTS_OF_VALLEYS * LARGEST * ahead / VALLEYS
    is_even = not any(one.turns for one in values)
    most = MOST_UNITS if is_even else int(np.clip(turning, UNITS, MOST_UNITS))
    wanted, needed = (np.ceil(least * units / ahead) for units in (most, UNITS))
    factor = np.maximum(np.minimum(wanted, finest), needed).clip(1, LARGEST_WEIGHT)
    unit: Reals = np.maximum(least / factor, ahead / (2 * most))
    return unit


def _step(op: Operator, value: Value, assembly: Assembly) -> tuple[Reals, int] | None:
    """By how much a value rises from one sum or code to the next, and with how many weights."""
    if not follows_codes(value):
        return step_of_sums(value, assembly)
    step = step_of_codes(op, value)
    return None if step is None else (step, 1)


def _summed(
    op: Operator,
    first: Value,
    found: list[Parts],
    signs: tuple[int, ...],
    unit: Reals,
    window: tuple[tuple[Pair, Pair], int],
    assembly: Assembly,
) -> Value:
    """The layer that adds all parts."""
    ((kernel, stride), area), channels = window, first.plane[0]
    taps = [
        (tap.value, tap.weights * sign)
        for parts, sign in zip(found, signs, strict=False)
        for tap in parts.taps
    ]
    numbers = int(np.prod(first.plane))
    if not taps:
        op.refuse("it reads what is the same for all inputs: leave it out")
    if len(taps) > MOST_PARTS or len(taps) * numbers > MOST_CODES:
        op.refuse(f"{UNQUANTIZED}, for it would need {len(taps):,} parts of 8 bits")
    operands = {id(value): value for value, _ in taps}
    at = {key: place for place, key in enumerate(operands)}
    order = [at[id(value)] for value, _ in taps]
    name = f"{name_sum(op)}.parts"
    moved = side_by_side(op, name, [*operands.values()], order, COUNTED, assembly)
    weight = np.stack([weights for _, weights in taps], axis=1).astype(np.int8)[:, :, None, None]
    layer = IntegerLayer(
        name=unique(name_sum(op), set(assembly.nodes)),
        shape=ConvShape(*moved.plane, channels, *kernel, stride, groups=channels),
        weight=np.ascontiguousarray(np.broadcast_to(weight, (*weight.shape[:2], *kernel))),
        weight_format=WEIGHTS,
        act_format=COUNTED.number_format,
        weight_scale=unit / area,
        act_scale=1.0,
    )
    check_sums(op, layer, None)
    pixels = kernel[0] * kernel[1]
    offset = np.zeros(channels)
    for parts, sign in zip(found, signs, strict=False):
        offset = offset + sign * parts.offset
    real = Affine(unit / area, offset * (pixels / area))
    moved = replace(moved, is_flat=first.is_flat)
    added = assembly.add_integers(op, layer, [moved], real)
    assembly.notes.append(
        f"{op.label}: the source adds floats, which are counted here in {len(taps)} parts of 8 bits, so "
        "that its sums are not compared"
    )
    return replace(added, slack=pixels * sum(parts.missed for parts in found))

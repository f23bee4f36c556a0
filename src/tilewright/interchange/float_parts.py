"""Values that nobody has quantized, as parts of 8 bits: what each counts, times whole weights, is the value.

A value of a layer's sums, behind BatchNormalization and Relu, rises from a first sum to a last one. Where these
are few, parts of 255 sums each count them. Where they are many, one part counts blocks of sums, and a copy of
the layer, from whose sums the blocks are taken away, counts the sums within a block (`float_digits`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tilewright.interchange.assembly import Assembly
from tilewright.interchange.float_digits import MOST_BLOCKS, low_digits
from tilewright.interchange.grid import Grid
from tilewright.interchange.moves import add_move, on_codes
from tilewright.interchange.onnx_graph import Operator
from tilewright.interchange.ramps import Ramp, find_ramp, real_of
from tilewright.interchange.read_layers import unique
from tilewright.interchange.values import NOWHERE, Affine, ByCode, Step, Value
from tilewright.interchange.wiring import name_sum
from tilewright.spec import CodeTable, IntegerLayer, Ints, NumberFormat
from tilewright.spec.step_search import Floats

COUNTED = Grid(NumberFormat(8, is_signed=False), 1.0)
LARGEST = 255
"""That a part counts."""
LARGEST_WEIGHT = 127
MOST_COUNTS = 8
"""Parts that count the sums of a layer one by one; a copy of the layer costs less than more of them."""
MOST_PARTS = 512
NEAR = 1e-6
"""A part of a unit that counts as none."""
FLOAT32_ROUNDING = 2.0**-22
"""Of a value, as the source computes it: four halves of its last digit."""

Reals = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Tap:
    """Counts 0..255 of a plane, and how many units each is worth, by channel: int64 ``c``, at most 127."""

    value: Value
    weights: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """A value in units: its taps, what it is where all of these count 0, float64 ``c``, and by how many units
    the sum of the taps may miss it.
    """

    taps: tuple[Tap, ...]
    offset: Reals
    missed: float


def gain_of(op: Operator, value: Value, assembly: Assembly) -> tuple[Reals, int] | None:
    """The real size of one step of what a value follows from, by channel, 0 where it is constant, and how many
    weights take a block of it away; None if it has no such steps.
    """
    if value.grid is not None or value.by_code is not None:
        table = _table(op, value)
        steps = np.abs(np.diff(table, axis=1))
        return (steps.max(axis=1, initial=0.0), 1) if _is_linear(table) else None
    ramp = find_ramp(value, assembly.nodes[str(value.origin)])
    return None if ramp is None else (ramp.gain, _taken(ramp))


def _taken(ramp: Ramp) -> int:
    """Weights of 127 that make a block, of which a part counts up to 255."""
    return -(-int((ramp.last - ramp.first).max() + 1) // ((LARGEST + 1) * LARGEST_WEIGHT))


def parts_of(op: Operator, value: Value, unit: Reals, assembly: Assembly) -> Parts:
    """A value in units of these sizes, float64 ``c``."""
    if value.by_channel is not None or value.turns:
        op.refuse(UNQUANTIZED)
    if value.grid is not None or value.by_code is not None:
        return _of_codes(op, value, unit, assembly)
    node = assembly.nodes[str(value.origin)]
    if value.is_flattened and node.output_shape[1:] != (1, 1):
        op.refuse(UNQUANTIZED)
    ramp = find_ramp(value, node)
    if value.slack and ramp is None:
        op.refuse(UNQUANTIZED)
    if ramp is not None and (ramp.last - ramp.first).max() < LARGEST * MOST_COUNTS:
        return _counted(op, value, ramp, unit)
    if ramp is not None and isinstance(node, IntegerLayer) and not value.pools:
        return _in_digits(op, value, ramp, unit, node, assembly)
    ends = np.array([[-node.sum_bound()], [node.sum_bound()]], np.float64)
    values = real_of(value, ends.repeat(node.output_shape[0], axis=1))
    least, largest = values.min(axis=0), values.max(axis=0)
    taps = unary(op, value, lambda sums: (real_of(value, sums) - least) / unit, largest - least, unit)
    return Parts(taps, least, 0.5 + _rounding(np.maximum(np.abs(least), np.abs(largest)), unit))


UNQUANTIZED = "it reads values that are not quantized: put a quantizer before it"


def _rounding(largest: Reals, unit: Reals) -> float:
    return float((largest / unit).max()) * FLOAT32_ROUNDING


def counted(value: Value, apply: Callable[[Floats], Floats]) -> Value:
    """Counts 0..255 of what a value follows from."""
    kept = Value(NOWHERE, value.origin, value.plane, value.is_flat, pools=value.pools)
    step = Step(apply, is_own=True)
    return replace(kept, steps=(step,), grid=COUNTED, is_flattened=value.is_flattened)


def unary(
    op: Operator,
    value: Value,
    levels: Callable[[Floats], Floats],
    span: Reals,
    unit: Reals,
) -> tuple[Tap, ...]:
    """Parts that together count so many units, of 255 each. span: of the real value."""
    count = -(-int(np.ceil((span / unit).max(initial=0.0))) // LARGEST)
    if count > MOST_PARTS:
        op.refuse(f"{UNQUANTIZED}, for it would need {count:,} parts of 8 bits")

    def part(number: int) -> Callable[[Floats], Floats]:
        def apply(sums: Floats) -> Floats:
            return np.clip(np.rint(levels(sums)) - LARGEST * number, 0, LARGEST)

        return apply

    weights = np.ones(len(unit), np.int64)
    return tuple(Tap(counted(value, part(number)), weights) for number in range(count))


def counts(
    op: Operator,
    value: Value,
    count: Callable[[Floats], Floats],
    span: Ints,
    factor: Reals,
) -> tuple[tuple[Tap, ...], float]:
    """Counts from 0 to `span`, each worth so many units, by channel; and by how many their sum may miss.

    Of each part, the whole part of the factor is weights, and what its rest makes of the count is counted anew.
    """
    if factor.max(initial=0.0) < 1:
        units = np.ones(len(factor))
        return unary(op, value, lambda sums: factor * count(sums), factor * span, units), 0.5
    taps: list[Tap] = []
    missed = 0.0
    for number in range(-(-int(span.max()) // LARGEST)):
        top = (span - LARGEST * number).clip(0, LARGEST)

        def part(sums: Floats, number: int = number, top: Ints = top) -> Floats:
            return np.clip(count(sums) - LARGEST * number, 0, top)

        more, miss = _scaled(op, value, part, top, factor)
        taps.extend(more)
        missed += miss
    return tuple(taps), missed


def _scaled(
    op: Operator,
    value: Value,
    count: Callable[[Floats], Floats],
    top: Ints,
    factor: Reals,
) -> tuple[tuple[Tap, ...], float]:
    """The same of counts of at most 255."""
    whole = np.floor(factor + NEAR)
    rest = np.where(factor - whole > NEAR, factor - whole, 0.0)
    itself, taps = counted(value, count), []
    for number in range(-(-int(whole.max()) // LARGEST_WEIGHT)):
        weights = (whole - LARGEST_WEIGHT * number).clip(0, LARGEST_WEIGHT).astype(np.int64)
        taps.append(Tap(itself, weights))
    if not rest.any():
        return tuple(taps), 0.0
    units = np.ones(len(rest))
    more = unary(op, value, lambda sums: rest * count(sums), rest * top, units)
    return (*taps, *more), 0.5


def _counted(op: Operator, value: Value, ramp: Ramp, unit: Reals) -> Parts:
    """The sums of a ramp, one by one; the jumps to its first one and behind its last one count apart."""
    factor, span = ramp.gain / unit, ramp.last - ramp.first

    def count(sums: Floats) -> Floats:
        return np.clip(ramp.direction * sums - ramp.first, 0, span)

    taps, missed = counts(op, value, count, span, factor)
    jumps, jumped = _jumps(op, value, ramp, unit)
    missed += jumped + value.slack * float(factor.max()) + _rounding(_largest(ramp), unit)
    return Parts((*taps, *jumps), ramp.base, missed)


def _largest(ramp: Ramp) -> Reals:
    found: Reals = np.maximum(np.abs(ramp.base), np.abs(ramp.top))
    return found


def _jumps(op: Operator, value: Value, ramp: Ramp, unit: Reals) -> tuple[tuple[Tap, ...], float]:
    """What a value has at its first sum more than before, and behind its last one more than there."""
    taps: list[Tap] = []
    missed = 0.0
    for height, at in ((ramp.jump, ramp.first), (ramp.rest, ramp.last + 1)):
        units = np.rint(height / unit)
        missed += float(np.abs(height / unit - units).max())

        def count(sums: Floats, at: Ints = at) -> Floats:
            found: Floats = (ramp.direction * sums >= at).astype(np.float64)
            return found

        if units.any():
            more, _ = counts(op, value, count, np.ones(len(units), np.int64), units)
            taps.extend(more)
    return tuple(taps), missed


def _in_digits(
    op: Operator,
    value: Value,
    ramp: Ramp,
    unit: Reals,
    node: IntegerLayer,
    assembly: Assembly,
) -> Parts:
    """The sums of a ramp in blocks, and those of a copy of the layer within each block."""
    span = ramp.last - ramp.first  # sums behind the first one
    taken = _taken(ramp)
    if taken > MOST_BLOCKS:
        op.refuse(f"{UNQUANTIZED}, for its layer's sums have too many digits")
    block = taken * LARGEST_WEIGHT
    highest = span // block

    def blocks(sums: Floats) -> Floats:
        return np.clip(np.floor((ramp.direction * sums - ramp.first) / block), 0, highest)

    factor = ramp.gain / unit
    high, missed = counts(op, value, blocks, highest, factor * block)
    copy, shift = low_digits(op, node, counted(value, blocks), ramp.direction, taken, assembly)
    copy = replace(copy, plane=value.plane, is_flat=value.is_flat)
    more = np.where(ramp.is_held, block - 1 - span % block, 0)  # behind the last sum

    def within(sums: Floats) -> Floats:
        return np.clip(ramp.direction * sums - shift - ramp.first, 0, block - 1)

    def beyond(sums: Floats) -> Floats:
        return np.clip(ramp.direction * sums - ramp.last, 0, more)

    low, miss = counts(op, copy, within, np.full(len(span), block - 1), factor)
    over, miss_behind = counts(op, value, beyond, more, factor) if more.any() else ((), 0.0)
    over = tuple(replace(tap, weights=-tap.weights) for tap in over)
    jumps, jumped = _jumps(op, value, ramp, unit)
    missed += miss + miss_behind + jumped + value.slack * float(factor.max())
    taps = (*high, *low, *over, *jumps)
    return Parts(taps, ramp.base, missed + _rounding(_largest(ramp), unit))


def _table(op: Operator, value: Value) -> Reals:
    """What a value is for each code that it follows from: float64 ``c code``."""
    known = ByCode.of(value)
    if (known.source.pools, known.source.is_flattened) != (value.pools, value.is_flattened):
        op.refuse(UNQUANTIZED)
    table = known.values.astype(np.float64)
    channels = value.plane[0] if not value.is_flattened else 1
    if value.is_flattened and len(table) > 1:
        op.refuse(UNQUANTIZED)
    return np.broadcast_to(table, (max(channels, len(table)), table.shape[1]))


def is_table(value: Value) -> bool:
    """Whether a value is the same function of codes in all channels, and more than a factor."""
    known = value.by_code
    return known is not None and len(known.values) == 1 and not _is_linear(known.values)


def least_unit(value: Value) -> float:
    """The least unit in which two digits hold what a value is of codes."""
    values = ByCode.of(value).values.astype(np.float64)
    return float(np.ptp(values)) / (LARGEST * LARGEST_WEIGHT)


def _is_linear(table: Reals) -> bool:
    steps = np.diff(table, axis=1)
    return bool(np.abs(steps - steps[:, :1]).max(initial=0) <= NEAR * np.abs(table).max())


def _of_codes(op: Operator, value: Value, unit: Reals, assembly: Assembly) -> Parts:
    """A value that follows from codes: these, times a factor, or a table of its units."""
    known = ByCode.of(value)
    table = np.broadcast_to(_table(op, value), (len(unit), known.values.shape[1]))
    source = assembly.entered(known.source)
    least = table.min(axis=1)
    rounding = _rounding(np.abs(table).max(axis=1), unit)
    numbers = np.arange(int(np.prod(source.plane)), dtype=np.int32).reshape(source.plane)
    if is_table(value) and (unit == unit[0]).all():
        return _looked_up(op, source, table[0], unit, assembly, rounding)
    moved = add_move(op, source, numbers, assembly, tensor=None)
    moved = replace(moved, is_flat=value.is_flat)
    grid, codes = source.grid, table.shape[1]
    assert grid is not None, "codes"  # noqa: S101
    lowest = grid.number_format.min_code
    if not _is_linear(table):
        steps = np.diff(table, axis=1)
        if ((steps < 0).any(axis=1) & (steps > 0).any(axis=1)).any():
            op.refuse(UNQUANTIZED)
        rows = np.arange(len(table))

        def levels(sums: Floats) -> Floats:
            places = (sums - lowest).astype(np.int64).clip(0, codes - 1)
            found: Floats = (table[rows, places] - least) / unit
            return found

        taps = unary(op, moved, levels, table.max(axis=1) - least, unit)
        return Parts(taps, least, 0.5 + rounding)
    slope = (table[:, -1] - table[:, 0]) / max(1, codes - 1)

    def count(sums: Floats) -> Floats:
        places = (sums - lowest).clip(0, codes - 1)
        return np.where(slope < 0, codes - 1 - places, places)

    span = np.full(len(unit), codes - 1, np.int64)
    taps, missed = counts(op, moved, count, span, np.abs(slope) / unit)
    return Parts(taps, least, missed + rounding)


def _looked_up(
    op: Operator, source: Value, table: Reals, unit: Reals, assembly: Assembly, rounding: float
) -> Parts:
    """Tables of the digits of the units of each code, the same for all channels."""
    grid, least = source.grid, float(table.min())
    assert grid is not None, "codes"  # noqa: S101
    units = np.rint((table - least) / unit[0]).astype(np.int64)
    if units.max() > LARGEST * LARGEST_WEIGHT:
        op.refuse(UNQUANTIZED)
    taps = []
    for digits, weight in zip(divmod(units, LARGEST_WEIGHT), (LARGEST_WEIGHT, 1), strict=True):
        node = CodeTable(
            unique(name_sum(op), set(assembly.nodes)),
            (source.plane,),
            digits.astype(np.int32),
            grid.number_format,
            grid.scale,
            1 / grid.scale,
        )
        real = Affine(np.ones(1), np.zeros(1))
        looked = on_codes(COUNTED, assembly.add_integers(op, node, [source], real))
        looked = replace(looked, tensor=NOWHERE, is_flat=source.is_flat)
        taps.append(Tap(looked, np.full(source.plane[0], weight, np.int64)))
    return Parts(tuple(taps), np.full(source.plane[0], least), 0.5 + rounding)

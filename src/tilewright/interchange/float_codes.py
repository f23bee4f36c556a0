"""Values that follow from codes, and that nobody has quantized again, as parts of 8 bits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tilewright.interchange.assembly import Assembly
from tilewright.interchange.float_parts import (
    COUNTED,
    LARGEST,
    LARGEST_WEIGHT,
    NEAR,
    UNQUANTIZED,
    Parts,
    Reals,
    Tap,
    counts,
    rounding_of,
    unary,
)
from tilewright.interchange.moves import add_move, on_codes
from tilewright.interchange.onnx_graph import Operator
from tilewright.interchange.read_layers import unique
from tilewright.interchange.values import NOWHERE, Affine, ByCode, Value
from tilewright.interchange.wiring import name_sum
from tilewright.spec import CodeTable
from tilewright.spec.step_search import Floats


def follows_codes(value: Value) -> bool:
    """Whether a value is known for each code of an earlier quantizer."""
    return value.grid is not None or value.by_code is not None


def step_of_codes(op: Operator, value: Value) -> Reals | None:
    """By how much a value rises or falls from code to code, by channel or of all; None if not evenly."""
    table = _table(op, value)
    steps = np.abs(np.diff(table, axis=1))
    return steps.max(axis=1, initial=0.0) if _is_linear(table) else None


def _table(op: Operator, value: Value) -> Reals:
    """What a value is for each code that it follows from: float64 ``c code``, or one row for all."""
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
    return (
        known is not None
        and len(known.values) == 1
        and not _is_linear(known.values.astype(np.float64))
    )


def least_unit(value: Value) -> float:
    """The least unit in which two digits hold what a value is of codes."""
    values = ByCode.of(value).values.astype(np.float64)
    return float(np.ptp(values)) / (LARGEST * LARGEST_WEIGHT)


def _is_linear(table: Reals) -> bool:
    steps = np.diff(table, axis=1)
    return bool(np.abs(steps - steps[:, :1]).max(initial=0) <= NEAR * np.abs(table).max())


def of_codes(op: Operator, value: Value, unit: Reals, assembly: Assembly) -> Parts:
    """A value that follows from codes: these, times a factor, or a table of its units."""
    known = ByCode.of(value)
    table = np.broadcast_to(_table(op, value), (len(unit), known.values.shape[1]))
    source = assembly.entered(known.source)
    least = table.min(axis=1)
    rounding = rounding_of(np.abs(table).max(axis=1), unit)
    numbers = np.arange(int(np.prod(source.plane)), dtype=np.int32).reshape(source.plane)
    if is_table(value) and (unit == unit[0]).all():
        return _looked_up(op, source, table[0], unit, assembly, rounding)
    named = replace(op, scope=f"{name_sum(op)}.codes")
    moved = add_move(named, source, numbers, assembly, tensor=None)
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
            unique(f"{name_sum(op)}.digits", set(assembly.nodes)),
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

"""Operations on the values of codes: what ONNX Runtime makes of each code, so that no rounding is open."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tilewright.interchange.assembly import Assembly
from tilewright.interchange.folding import run_alone
from tilewright.interchange.functions import has_numbers
from tilewright.interchange.grid import Grid
from tilewright.interchange.kernels import Singles
from tilewright.interchange.moves import on_codes
from tilewright.interchange.onnx_graph import Array, Operator
from tilewright.interchange.read_layers import unique
from tilewright.interchange.values import NOWHERE, Affine, ByCode, Value
from tilewright.interchange.wiring import name_sum
from tilewright.spec import CodeTable, NumberFormat

RANKS = Grid(NumberFormat(8, is_signed=False), 1.0)
"""What a table of ranks gives: at most as many as there are codes."""


def on_codes_of(
    op: Operator,
    value: Value,
    constants: dict[str, Array],
    assembly: Assembly,
    *,
    opset: int,
    others: tuple[Value, ...] = (),
) -> Value:
    """The value after an operation of each number by itself, by the code that the number was made of.

    others: what it reads besides, that follows from the same codes. What neither rises nor falls with the
    code follows from a node, the table of the ranks of its results.
    """
    known = ByCode.of(value)
    numbers = {one.tensor: ByCode.of(one).values for one in (value, *others)}
    found = _computed(op, value, numbers, constants, opset)
    steps = np.diff(found.astype(np.float64), axis=1)
    falls = bool((steps < 0).any())
    if ((steps < 0).any(axis=1) & (steps > 0).any(axis=1)).any():
        return _ranked(op, value, known, found, assembly)
    after = replace(known, values=found)
    kept = replace(value, steps=known.source.steps)
    return replace(kept.through(op, after.step(falls=falls)), by_code=after)


def _computed(
    op: Operator,
    value: Value,
    numbers: dict[str, Singles],
    constants: dict[str, Array],
    opset: int,
) -> Singles:
    """Results ``channels codes``, or those of all channels as one row; numbers: by tensor, of its plane."""
    read = {name: constants[name] for name in op.inputs if name and name not in numbers}
    read = {
        name: one.astype(np.float32) if one.dtype.kind == "f" or value.reach.is_integer else one
        for name, one in read.items()
    }
    rows = max(len(values) for values in numbers.values())
    if any(one.size > 1 for one in read.values()) and not value.is_flattened:
        rows = value.plane[0]
    laid = {name: _laid(values, rows, value) for name, values in numbers.items()}
    if op.kind == "Where" and op.inputs[0] in laid:
        laid[op.inputs[0]] = laid[op.inputs[0]] != 0
    made = run_alone(op, {**laid, **read}, opset)[op.output].astype(np.float32)
    found: Singles = made.T if value.is_flat else made[0, :, :, 0]
    is_number = has_numbers(op, found)
    if not is_number.all():
        values = np.broadcast_to(next(iter(numbers.values())), found.shape)
        worst = float(values[~is_number][0])
        op.refuse(f"it gives no number for {worst:g}, which is a code of its input")
    return np.ascontiguousarray(found)


def _laid(values: Singles, rows: int, value: Value) -> Array:
    """Numbers by code, in so many rows, as a tensor with the codes as samples, or as rows of a plane."""
    wide = np.broadcast_to(values, (rows, values.shape[1]))
    return np.ascontiguousarray(wide.T if value.is_flat else wide[None, :, :, None])


def _ranked(op: Operator, value: Value, known: ByCode, found: Singles, assembly: Assembly) -> Value:
    source = known.source
    if len(found) > 1:
        op.refuse(
            "it rises and falls, and not alike in all channels, so that it is no table of codes: let it do "
            "one of both, or the same for all channels"
        )
    if (source.pools, source.is_flattened) != (value.pools, value.is_flattened):
        op.refuse("it rises and falls, so that it must stand before the pool or flatten it follows")
    results, ranks = np.unique(found[0], return_inverse=True)
    codes, name = source.grid, unique(name_sum(op), set(assembly.nodes))
    assert codes is not None, "the source has codes"  # noqa: S101
    table = ranks.reshape(-1).astype(np.int32)
    operand, unit = (source.plane,), 1 / codes.scale
    node = CodeTable(name, operand, table, codes.number_format, codes.scale, unit)
    real = Affine(np.ones(1), np.zeros(1))
    ranked = on_codes(RANKS, assembly.add_integers(op, node, [source], real))
    more = RANKS.number_format.max_code + 1 - len(results)
    values = np.append(results, np.repeat(results[-1:], more))[None]
    after = ByCode(replace(ranked, tensor=NOWHERE, is_flat=source.is_flat), values)
    return replace(ranked.through(op, after.step()), by_code=after)

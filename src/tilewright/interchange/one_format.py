"""Operands of several formats as codes of one: a wider one, or with the codes counted from another zero."""

from __future__ import annotations

from dataclasses import replace

from tilewright.interchange.assembly import Assembly
from tilewright.interchange.grid import Grid
from tilewright.interchange.onnx_graph import Operator
from tilewright.interchange.quant_node import MAX_BITS
from tilewright.interchange.values import Value
from tilewright.spec import BIPOLAR, NumberFormat
from tilewright.spec.number_format import signed_bits_needed


def on_one_format(op: Operator, values: list[Value], assembly: Assembly) -> list[Value]:
    """The values with grids of one format, which holds the codes of all; the values stay what they are."""
    grids = [value.grid for value in values if value.grid is not None]
    formats = {grid.number_format for grid in grids}
    if len(formats) < 2 or len(grids) < len(values):
        return values
    low, high = min(one.min_code for one in formats), max(one.max_code for one in formats)
    bits = signed_bits_needed(low, high) if low < 0 else high.bit_length()
    wide = NumberFormat(min(bits, MAX_BITS), is_signed=low < 0)
    moved = [_moved(grid, wide) for grid in grids]
    if BIPOLAR in formats or any(one is None for one in moved):
        op.refuse(
            f"it reads codes of different formats, {grids[0].number_format} and {grids[-1].number_format}, "
            f"which no format of {MAX_BITS} bits holds: let both quantizers share one"
        )
    entered = [assembly.entered(value) for value in values]
    return [
        replace(value, grid=grid, shift=grid.zero_point - before.zero_point)
        for value, grid, before in zip(entered, moved, grids, strict=True)
        if grid is not None
    ]


def _moved(grid: Grid, wide: NumberFormat) -> Grid | None:
    """The grid with codes of another format: the same ones, or less half the range if they are too high."""
    codes = grid.number_format
    shift = 0 if codes.max_code <= wide.max_code else wide.min_code
    fits = codes.min_code + shift >= wide.min_code and codes.max_code + shift <= wide.max_code
    return replace(grid, number_format=wide, zero_point=grid.zero_point + shift) if fits else None

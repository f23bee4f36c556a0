"""Additions and differences of two tensors of codes in a foreign graph."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tilewright.interchange.assembly import Assembly
from tilewright.interchange.grid import Grid
from tilewright.interchange.kernels import Addition, exact_gains, whole_gains
from tilewright.interchange.moves import add_move, broadcast
from tilewright.interchange.one_format import on_one_format
from tilewright.interchange.onnx_graph import Operator
from tilewright.interchange.read_layers import unique
from tilewright.interchange.values import Affine, Value
from tilewright.interchange.wiring import name_sum
from tilewright.spec import ResidualAdd

FLOAT32_ROUNDING = 2.0**-23
"""Of each operand, and of their sum: twice half a step of float32."""


def read_addition(
    op: Operator, values: list[Value], assembly: Assembly, *, is_kernel: bool
) -> Value:
    """The sum, or the difference, of two values on grids, whose formats and scales may differ.

    is_kernel: ONNX Runtime makes codes of a sum at once, if both have one format. Otherwise, where no whole
    gains have the ratio of the scales, the nearest of 22 bits do, and sums near a step are open.
    """
    if len(values) != 2:
        op.refuse(f"it must add two values, or subtract one, not read {len(values)}")
    is_one = len({value.grid.number_format for value in values if value.grid}) == 1
    values = on_one_format(op, values, assembly)
    if any(value.grid is None for value in values):
        op.refuse("it adds values that are not quantized: put a quantizer before each")
    first, second = values = _of_one_plane(op, values, assembly)
    a, b = first.grid, second.grid
    assert a is not None and b is not None, "seen before"  # noqa: S101, PT018
    sign = -1 if op.kind == "Sub" else 1
    is_kernel = is_kernel and is_one and sign > 0
    exact = None if is_kernel else exact_gains(a, b)
    gain, other = exact or whole_gains(a, b)
    gains = gain, sign * other
    step = a.scale / gains[0]
    name = unique(name_sum(op), set(assembly.nodes))
    node = ResidualAdd(name, first.plane, a.number_format, step, gains=gains)
    zero = gains[0] * a.zero_point + gains[1] * b.zero_point
    real = Affine(np.array([step]), np.array([-zero * step]))
    if is_kernel:
        found = assembly.add_integers(op, node, values, real)
        return replace(found, kernel=Addition(a, b, gains))
    found = (assembly.add if exact else assembly.add_integers)(op, node, values, real)
    if gains == (1, 1):
        return found
    missed = 0.0 if exact else _missed(a, b, gains)
    return replace(found, slack=missed + FLOAT32_ROUNDING * node.term_bound())


def _of_one_plane(op: Operator, values: list[Value], assembly: Assembly) -> list[Value]:
    """The operands with as many rows, columns and channels, those of one of which are repeated if need be.

    ONNX Runtime adds an operand that has one number for each row, or plane, to the fixed part of its kernel,
    so that it counts as the second one.
    """
    planes = [value.plane for value in values]
    if planes[0] == planes[1]:
        return values
    if values[0].is_flat != values[1].is_flat:
        op.refuse(f"it must add tensors of as many axes, not {planes[0]} and {planes[1]}")
    starts = 0, int(np.prod(planes[0]))
    wide = [
        value
        if places.shape == value.plane
        else add_move(op, value, places - np.int32(start), assembly, tensor=None)
        for value, places, start in zip(values, broadcast(op, planes), starts, strict=True)
    ]
    sizes = zip(*(plane[::-1] for plane in planes), strict=True)
    last, other = next(pair for pair in sizes if max(pair) > 1)  # they differ, so that there is one
    return wide[::-1] if op.kind == "Add" and last < other else wide


def _missed(a: Grid, b: Grid, gains: tuple[int, int]) -> float:
    """By how much a sum with rounded gains may miss that of the values, in steps of the first one's gain."""
    wanted = b.scale / (a.scale / gains[0])
    return abs(abs(gains[1]) - wanted) * max(abs(b.low), abs(b.high))

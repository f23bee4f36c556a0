"""Additions of two tensors of codes in a foreign graph."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tilewright.interchange.assembly import Assembly
from tilewright.interchange.kernels import Addition, exact_gains, whole_gains
from tilewright.interchange.one_format import on_one_format
from tilewright.interchange.onnx_graph import Operator
from tilewright.interchange.read_layers import unique
from tilewright.interchange.values import Affine, Grid, Value
from tilewright.interchange.wiring import name_sum
from tilewright.spec import ResidualAdd

FLOAT32_ROUNDING = 2.0**-23
"""Of each operand, and of their sum: twice half a step of float32."""


def read_addition(op: Operator, values: list[Value], assembly: Assembly) -> Value:
    """The sum of two values on grids, whose formats and scales may differ."""
    if len(values) != 2:
        op.refuse(f"it must add two values, not {len(values)}")
    is_one = len({value.grid.number_format for value in values if value.grid}) == 1
    first, second = values = on_one_format(op, values, assembly)
    a, b = first.grid, second.grid
    if a is None or b is None:
        op.refuse("it adds values that are not quantized: put a quantizer before each")
    if first.plane != second.plane:
        op.refuse(f"it adds planes of different sizes, {first.plane} and {second.plane}")
    is_kernel = is_one and first.codes_at is not None and second.codes_at is not None
    gains = whole_gains(a, b) if is_kernel else _gains(op, a, b)
    step = a.scale / gains[0]
    name = unique(name_sum(op), set(assembly.nodes))
    node = ResidualAdd(name, first.plane, a.number_format, step, gains=gains)
    zero = gains[0] * a.zero_point + gains[1] * b.zero_point
    real = Affine(np.array([step]), np.array([-zero * step]))
    if is_kernel:
        found = assembly.add_integers(op, node, values, real)
        return replace(found, kernel=Addition(a, b, gains))
    found = assembly.add(op, node, values, real)
    if gains == (1, 1):
        return found
    return replace(found, slack=FLOAT32_ROUNDING * node.sum_bound())


def _gains(op: Operator, a: Grid, b: Grid) -> tuple[int, int]:
    """Whole numbers in the ratio of the scales."""
    gains = exact_gains(a, b)
    if gains is None:
        op.refuse(
            f"it adds codes of different scales, {a.scale:g} and {b.scale:g}, which are not in the ratio "
            "of whole numbers that keep sums within 32 bits: let both Quant nodes share one"
        )
    return gains

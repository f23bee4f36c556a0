"""RESIZE_BILINEAR of a TFLite file: sums of codes, each as often as it counts, and what is made of these."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from tilewright.interchange.blends import Counts, add_blend, in_parts
from tilewright.interchange.onnx_graph import Operator
from tilewright.interchange.tflite_context import Context, operand
from tilewright.interchange.tflite_places import Seen, settled
from tilewright.interchange.tflite_pools import Member, asked

EXACT_PARTS = (1, 2, 4, 8, 16)
"""Those that kernels of 10 or 11 bits hold exactly."""


def read_bilinear(context: Context, op: Operator, sources: list[Seen]) -> Seen:
    """RESIZE_BILINEAR, with its corners or the halves of its pixels in place, or neither."""
    value, out = settled(op, sources[0], context.assembly), context.out(op)
    wanted = context.file.constants.get(operand(op, 1))
    if value.is_flat or wanted is None or wanted.size != 2 or min(wanted.reshape(-1)) < 1:
        op.refuse("it must resize a plane (1, h, w, channels) to two constant sizes")
    if value.grid != out:
        op.refuse("its input and output must have one scale and zero-point")
    sizes = zip(value.plane[1:], wanted.reshape(-1).tolist(), strict=True)
    rows, columns = (_places(op, size, number) for size, number in sizes)
    node, moved = add_blend(op, value, (rows, columns), context.assembly)
    at, members = _asked_pixel(rows, columns)
    step = asked(context, op, size=value.plane[1:], members=members, at=at)
    return context.add(op, node, [moved], step)


def _places(op: Operator, size: int, wanted: int) -> Counts:
    """Places ``pixel part`` along an axis, as `in_parts` has them; refuses what the kernels round."""
    has_corners = op.attributes.get("alignCorners", False) and wanted > 1
    step = Fraction(size - 1, wanted - 1) if has_corners else Fraction(size, wanted)
    first = (step - 1) / 2 if op.attributes.get("halfPixelCenters", False) else Fraction(0)
    line = [
        min(max(first + number * step, Fraction(0)), Fraction(size - 1)) for number in range(wanted)
    ]
    if math.lcm(*(one.denominator for one in line)) not in EXACT_PARTS:
        op.refuse(
            f"from {size} to {wanted} pixels, its kernels round how much each neighbor counts: resize by a "
            "factor of 2, 4 or 8, or to the nearest pixel"
        )
    places = in_parts(np.array(line, np.float64), size)
    assert places is not None, "exact parts are large enough"  # noqa: S101
    return places


def _asked_pixel(rows: Counts, columns: Counts) -> tuple[tuple[int, int], list[Member]]:
    """The pixel whose sum goes in the smallest steps, and how often which codes count in it."""
    finest = []
    for places in (rows, columns):
        counts = [np.unique(line, return_counts=True) for line in places]
        at = min(range(len(counts)), key=lambda number: int(counts[number][1].min()))
        finest.append((at, list(zip(*(one.tolist() for one in counts[at]), strict=True))))
    (row, down), (column, across) = finest
    members = [(y, x, count * other) for y, count in down for x, other in across]
    return (row, column), members

"""Operations of two tensors of a TFLite file: the interpreter says what it makes of each pair of codes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tilewright.interchange.extremes import read_extreme
from tilewright.interchange.grid import Grid
from tilewright.interchange.kernels import LARGEST_GAIN, Attained, whole_gains
from tilewright.interchange.moves import add_move, broadcast
from tilewright.interchange.onnx_graph import Operator
from tilewright.interchange.tflite_context import Context
from tilewright.interchange.tflite_places import Seen, settled
from tilewright.interchange.values import Value
from tilewright.spec import CodeProduct, Ints, Node, ResidualAdd

EXTREMES = {"MAXIMUM": "Max", "MINIMUM": "Min"}
"""The larger or smaller of two tensors, and what ONNX calls it."""
PAIRS = ("ADD", "MUL", "SUB", *EXTREMES)
GAINS_TRIED = 64


def read_pair(context: Context, op: Operator, sources: list[Seen]) -> Seen:
    """ADD, SUB, MUL, MAXIMUM or MINIMUM of two tensors, one of which may have one row, column or channel."""
    first, second = values = [settled(op, one, context.assembly) for one in sources]
    a, b, out = first.grid, second.grid, context.out(op)
    assert a is not None and b is not None, "all tensors have codes"  # noqa: S101, PT018
    if a.number_format != b.number_format or first.is_flat != second.is_flat:
        op.refuse(
            f"it must read codes of one type and as many axes, not {first.plane}, {second.plane}"
        )
    pairs = _pairs(context, op, values)
    if op.kind in EXTREMES:
        return _extreme(context, op, values, pairs)
    left, right, made = pairs
    kinds, node = a.number_format, _product(context, op, values)
    if node is not None:
        known = Attained((left - a.zero_point) * (right - b.zero_point), made)
    else:
        values = _of_one_plane(context, op, values)
        gains, known = _gains(a, b, out, pairs, sign=-1 if op.kind == "SUB" else 1)
        step, plane = a.scale / gains[0], values[0].plane
        node = ResidualAdd(context.name(op), plane, kinds, step, gains=gains)
    return context.add(op, node, values, known.step(out))


def _pairs(context: Context, op: Operator, values: list[Value]) -> tuple[Ints, Ints, Ints]:
    """All pairs of codes, and what the interpreter makes of each.

    Where the operands differ in size, so do the tensors that it is given.
    """
    first, second = values
    assert first.grid is not None, "all tensors have codes"  # noqa: S101
    kinds = first.grid.number_format
    codes = np.arange(kinds.min_code, kinds.max_code + 1)
    left, right = np.meshgrid(codes, codes, indexing="ij")
    if first.plane == second.plane:
        made = context.run(op, left[None, ..., None], right[None, ..., None])
        return left.reshape(-1), right.reshape(-1), made.reshape(-1)
    small, large = codes[None, None, None], left[None, :, None]  # n h w c
    if np.prod(first.plane) < np.prod(second.plane):
        made = context.run(op, small, large)[0, :, 0].T
    else:
        made = context.run(op, large, small)[0, :, 0]
    return left.reshape(-1), right.reshape(-1), made.reshape(-1)


def _product(context: Context, op: Operator, values: list[Value]) -> Node | None:
    """The products of two tensors, if the operation is that."""
    a, b = (value.grid for value in values)
    if op.kind != "MUL" or a is None or b is None:
        return None
    planes = (values[0].plane, values[1].plane)
    zeros = (a.zero_point, b.zero_point)
    scales = a.scale, b.scale
    return CodeProduct(context.name(op), planes, a.number_format, *scales, zero_points=zeros)


def _of_one_plane(context: Context, op: Operator, values: list[Value]) -> list[Value]:
    """The operands with as many rows, columns and channels, repeated if need be."""
    start, found = 0, []
    for value, places in zip(values, broadcast(op, [one.plane for one in values]), strict=True):
        index = places - np.int32(start)
        is_kept = places.shape == value.plane
        found.append(
            value if is_kept else add_move(op, value, index, context.assembly, tensor=None)
        )
        start += int(np.prod(value.plane))
    return found


def _extreme(
    context: Context, op: Operator, values: list[Value], pairs: tuple[Ints, Ints, Ints]
) -> Seen:
    """MAXIMUM or MINIMUM of codes on one grid."""
    left, right, made = pairs
    larger = np.maximum if op.kind == "MAXIMUM" else np.minimum
    grids = {context.out(op), *(value.grid for value in values)}
    if len(grids) > 1 or (larger(left, right) != made).any():
        op.refuse("all it reads and gives must have one scale and zero-point")
    named = replace(op, kind=EXTREMES[op.kind], written_as=op.kind)
    found = read_extreme(named, values, context.assembly, ahead=None)
    return Seen.of(found, context.file.tensors[op.output])


def _gains(
    a: Grid, b: Grid, out: Grid, pairs: tuple[Ints, Ints, Ints], *, sign: int
) -> tuple[tuple[int, int], Attained]:
    """Whole gains in about the ratio of the scales, with which thresholds give the codes of all pairs.

    If none of those tried does, the last: some thresholds are doubtful then.
    """
    left, right, made = pairs
    gain, other = whole_gains(a, b)
    for number in range(GAINS_TRIED):
        gains = gain, sign * other
        known = Attained(gains[0] * left + gains[1] * right, made)
        if not known.thresholds(out)[1] or gain == other == 1:
            break
        unit = (LARGEST_GAIN - 4099 * number) / max(a.scale, b.scale)
        gain, other = round(a.scale * unit), round(b.scale * unit)
    return gains, known

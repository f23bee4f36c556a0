"""A copy of a layer whose sums have blocks of them taken away, so that what is left is small."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tilewright.interchange.assembly import Assembly
from tilewright.interchange.float_parts import COUNTED, LARGEST_WEIGHT, UNQUANTIZED, WEIGHTS
from tilewright.interchange.grid import Grid
from tilewright.interchange.moves import on_codes
from tilewright.interchange.onnx_graph import Operator
from tilewright.interchange.read_layers import unique
from tilewright.interchange.values import NOWHERE, Affine, Value
from tilewright.spec import CodeMove, ConvShape, IntegerLayer, Ints
from tilewright.spec.code_nodes import ZERO
from tilewright.spec.conv_shape import MAX_SIZE

MOST_BLOCKS = 256
"""Weights of -127 with which a copy of a layer takes a block away."""
TAKEN = -LARGEST_WEIGHT


def low_digits(
    op: Operator,
    node: IntegerLayer,
    blocks: Value,
    direction: Ints,
    taken: int,
    assembly: Assembly,
) -> tuple[Value, int]:
    """The sums of a copy of a layer, from each of which `taken` times 127 are taken for each block.

    blocks: counts of these, of the layer's pixels. direction: 1 or -1 by channel: where it is -1, blocks are
    added. Also what the sums, times their direction, have more than that.
    """
    read = assembly.entered(assembly.reads(node.name))
    grid, shape = read.grid, node.shape
    assert grid is not None, "a layer reads codes"  # noqa: S101
    lowest = grid.number_format.min_code
    zero = node.zero_point - lowest
    counted = Grid(COUNTED.number_format, grid.scale, zero)
    read = replace(read, grid=counted, shift=read.shift - lowest)
    row, column = _tap(op, shape, 0), _tap(op, shape, 1)
    index = _index(op, shape, (row, column), taken)
    name = unique(f"{node.name}.low.input", set(assembly.nodes))
    planes = (node.input_shape, node.output_shape)
    move = CodeMove(name, planes, index, COUNTED.number_format, node.act_scale, fill=zero)
    real = Affine(np.array([node.act_scale]), np.array([-zero * node.act_scale]))
    moved = on_codes(counted, assembly.add_integers(op, move, [read, blocks], real))
    layer = replace(
        node,
        name=unique(f"{node.name}.low", set(assembly.nodes)),
        shape=replace(shape, ic=len(index)),
        weight=_weight(node, direction, taken, (row, column)),
        weight_format=WEIGHTS,
        act_format=COUNTED.number_format,
        zero_point=zero,
        requantizations=(),
        bias=None,
    )
    moved = replace(moved, tensor=NOWHERE, is_flat=read.is_flat)
    found = assembly.add_integers(op, layer, [moved], Affine(np.ones(1), np.zeros(1)))
    return found, -TAKEN * taken * zero


def _tap(op: Operator, shape: ConvShape, axis: int) -> int:
    """The row or column of the kernel at which all outputs read a pixel that is there."""
    size, kernel = (shape.ih, shape.iw)[axis], (shape.kh, shape.kw)[axis]
    before, step = shape.padding[axis], shape.stride[axis]
    count = (shape.oh, shape.ow)[axis]
    if before >= kernel or (count - 1) * step >= size:
        op.refuse(UNQUANTIZED)
    return before


def _index(op: Operator, shape: ConvShape, tap: tuple[int, int], taken: int) -> np.ndarray:
    """Places of what the copy reads, by group: the layer's channels, then blocks where outputs read them."""
    groups, pixels = shape.groups, shape.ih * shape.iw
    channels = np.arange(shape.ic * pixels, dtype=np.int32).reshape(groups, -1, shape.ih, shape.iw)
    outputs = np.arange(shape.oc * shape.oh * shape.ow, dtype=np.int32) + shape.ic * pixels
    wide = np.full((shape.oc, shape.ih, shape.iw), ZERO, np.int32)
    rows = np.arange(shape.oh) * shape.stride[0] + tap[0] - shape.padding[0]
    columns = np.arange(shape.ow) * shape.stride[1] + tap[1] - shape.padding[1]
    wide[:, rows[:, None], columns] = outputs.reshape(shape.oc, shape.oh, shape.ow)
    wide = np.tile(wide.reshape(groups, -1, shape.ih, shape.iw), (1, taken, 1, 1))
    index = np.concatenate([channels, wide], axis=1).reshape(-1, shape.ih, shape.iw)
    if len(index) > MAX_SIZE:
        op.refuse(UNQUANTIZED)
    return np.ascontiguousarray(index)


def _weight(node: IntegerLayer, direction: Ints, taken: int, tap: tuple[int, int]) -> np.ndarray:
    """The layer's weights, and those that take blocks away."""
    shape, width = node.shape, node.weight.shape[1]
    each = shape.oc // shape.groups
    weight = np.zeros((shape.oc, width + taken * each, shape.kh, shape.kw), np.int8)
    weight[:, :width] = node.weight
    channels = np.arange(shape.oc)
    for number in range(taken):
        places = width + number * each + channels % each
        weight[channels, places, tap[0], tap[1]] = TAKEN * direction
    return weight

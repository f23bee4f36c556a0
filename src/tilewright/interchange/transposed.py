"""Transposed convolutions as plain ones: codes with zeros between and around them, and the turned kernel."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from tilewright.interchange.assembly import Assembly
from tilewright.interchange.moves import add_move, code_of
from tilewright.interchange.onnx_graph import Operator
from tilewright.interchange.read_layers import Weight
from tilewright.interchange.values import Value
from tilewright.interchange.windows import LARGEST_EXTENT
from tilewright.spec.code_nodes import ZERO


def as_convolution(
    op: Operator, value: Value, weight: Weight, assembly: Assembly
) -> tuple[Operator, Value, Weight]:
    """The convolution, of what it reads, that a ConvTranspose is. weight: ``ic oc kh kw``, oc of a group."""
    op.expect(auto_pad="NOTSET", output_shape=[])
    if value.grid is None:
        op.refuse(f"its input {op.inputs[0]} is not quantized: put a quantizer before it")
    if weight.codes.ndim != 4 or value.is_flat:
        op.refuse("only convolutions of planes (n, channels, h, w) are supported")
    fill = code_of(op, value, 0.0)
    index = _spread(op, value, weight.codes.shape[2:])
    moved = add_move(op, value, index, assembly, tensor=None, fill=fill)
    kept: dict[str, Any] = {
        key: op.attributes[key] for key in ("dilations", "group") if key in op.attributes
    }
    return replace(op, kind="Conv", attributes=kept), moved, _turned(op, weight)


def _spread(op: Operator, value: Value, kernel: tuple[int, ...]) -> np.ndarray:
    """Places of the plane that the turned kernel passes over."""
    strides, dilations = op.sizes("strides", [1, 1]), op.sizes("dilations", [1, 1])
    pads = op.sizes("pads", [0, 0, 0, 0], least=0)
    extra = op.sizes("output_padding", [0, 0], least=0)
    channels, *size = value.plane
    numbers = np.arange(int(np.prod(value.plane)), dtype=np.int32).reshape(value.plane)
    edges, places = [], []
    for axis in (0, 1):
        reach = (kernel[axis] - 1) * dilations[axis]
        before, after = reach - pads[axis], reach - pads[axis + 2] + extra[axis]
        last = (size[axis] - 1) * strides[axis]
        if min(before, after) < 0 or before + last + after >= LARGEST_EXTENT:
            op.refuse(
                f"its padding {pads} must be less than its kernel {tuple(kernel)}, and its output at most "
                f"{LARGEST_EXTENT} pixels wide"
            )
        edges.append(before + last + 1 + after)
        places.append(slice(before, before + last + 1, strides[axis]))
    index = np.full((channels, *edges), ZERO, np.int32)
    index[:, places[0], places[1]] = numbers
    return index


def _turned(op: Operator, weight: Weight) -> Weight:
    """A weight ``ic oc kh kw`` as ``oc ic kh kw``, group by group, rows and columns the other way round."""
    groups = int(op.number("group", 1))
    ic, oc, *kernel = weight.codes.shape
    if groups < 1 or ic % groups:
        op.refuse(f"its weight {weight.codes.shape} does not fit {groups} groups")
    scale = np.broadcast_to(weight.quantizer.scale, weight.codes.shape)
    codes, scales = (
        values.reshape(groups, ic // groups, oc, *kernel)
        .swapaxes(1, 2)
        .reshape(groups * oc, ic // groups, *kernel)[:, :, ::-1, ::-1]
        for values in (weight.codes, scale)
    )
    return replace(weight, codes=codes, quantizer=replace(weight.quantizer, scale=scales))

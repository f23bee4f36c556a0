"""Layers that read means of codes which nobody has quantized again: one layer of the codes themselves.

A linear layer, or a convolution of 1x1, of the means of windows is a convolution whose kernel is the window,
with the same weight at each of its places. Nothing is rounded between them, so that the psums are exact.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tilewright.interchange.assembly import Assembly
from tilewright.interchange.onnx_graph import Operator
from tilewright.interchange.read_layers import Weight
from tilewright.interchange.values import Affine, Value
from tilewright.spec import SumPool


def of_codes_before(
    op: Operator, value: Value, weight: Weight, assembly: Assembly
) -> tuple[Operator, Value, Weight]:
    """A layer, what it reads and its weight ``oc ic ...``; where it reads means, of the codes before."""
    node = assembly.nodes.get(str(value.origin))
    if not isinstance(node, SumPool) or value.grid is not None or not _is_bare(value):
        return op, value, weight
    if not _is_of_pixels(op, value, weight):
        return op, value, weight
    source = assembly.reads(node.name)
    real = value.steps[0].apply
    assert isinstance(real, Affine) and source.grid is not None  # noqa: S101, PT018
    scale = weight.scale(op) * float(real.gain[0]) / source.grid.scale
    oc, ic = weight.codes.shape[:2]
    codes = np.broadcast_to(weight.codes.reshape(oc, ic, 1, 1), (oc, ic, *node.kernel))
    quantizer = replace(weight.quantizer, scale=scale.reshape(-1, 1, 1, 1))
    attributes = {"kernel_shape": list(node.kernel), "strides": list(node.stride)}
    made = replace(op, kind="Conv", attributes=attributes, written_as=op.written_as or op.kind)
    assembly.replaced.add(node.name)
    spread = replace(weight, codes=codes, quantizer=quantizer, is_integer=False)
    return made, replace(source, is_flat=False), spread


def _is_bare(value: Value) -> bool:
    """Whether a value is a mean, or a sum, and nothing more."""
    if len(value.steps) != 1 or value.pools or value.by_code or value.by_channel or value.last:
        return False
    real = value.steps[0].apply
    is_flat = not value.is_flattened or value.plane[1:] == (1, 1)
    return is_flat and isinstance(real, Affine) and real.gain.size == 1


def _is_of_pixels(op: Operator, value: Value, weight: Weight) -> bool:
    """Whether a layer reads each pixel by itself."""
    if op.kind != "Conv":
        is_scaled = op.number("alpha", 1.0) != 1 or op.number("beta", 1.0) != 1
        is_whole = value.plane[1:] == (1, 1) and weight.codes.shape[1:] == value.plane[:1]
        return is_whole and value.is_flat and not is_scaled
    plain = {"group": 1, "auto_pad": "NOTSET", "strides": [1, 1], "pads": [0, 0, 0, 0]}
    is_plain = all(op.attributes.get(key, found) == found for key, found in plain.items())
    return is_plain and weight.codes.shape[1:] == (value.plane[0], 1, 1)

"""Weights that less their zero-point leave 8 bits: their input channels are read more than once.

A weight of 9 bits is the sum of two or three of 8, so that a layer reads the codes of such a channel as
often, each time with a part of the weight. The sums are those of the file.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tilewright.interchange.assembly import Assembly
from tilewright.interchange.moves import Places, add_move
from tilewright.interchange.onnx_graph import Operator
from tilewright.interchange.read_layers import Weight
from tilewright.interchange.values import Value
from tilewright.spec import NumberFormat

CODES = NumberFormat(8, is_signed=True)
REMEDY = "weights that are quantized symmetrically, and inputs with one scale, cost less"

Reals = npt.NDArray[np.float64]


def narrowed(
    op: Operator, value: Value, weight: Weight, assembly: Assembly, *, name: str
) -> tuple[Value, Weight]:
    """What the layer `name` reads, and its weight ``oc ic ...``: channels are repeated where weights are
    too large.
    """
    codes, groups = weight.codes, int(op.number("group", 1))
    if (
        CODES.allowed(codes.astype(np.int64)).all()
        or value.grid is None
        or groups < 1
        or len(codes) % groups
    ):
        return value, weight  # what does not fit is refused as the layer is read
    parts = [_split(part) for part in np.split(codes, groups)]
    each = max(len(places) for places, _ in parts)
    width, pixels = codes.shape[1], value.plane[1] * value.plane[2]
    channels = [
        group * width + np.append(places, np.zeros(each - len(places), np.int64))
        for group, (places, _) in enumerate(parts)
    ]
    filled = [
        np.pad(part, [(0, 0), (0, each - part.shape[1]), *[(0, 0)] * (part.ndim - 2)])
        for _, part in parts
    ]
    places = np.concatenate(channels)
    if len(places) // each * width != value.plane[0] or value.last is not None:
        return value, weight
    found = places[:, None] * pixels + np.arange(pixels)
    index: Places = found.reshape(-1, *value.plane[1:]).astype(np.int32)
    named = replace(op, scope=f"{name}.channels")
    moved = add_move(named, value, index, assembly, tensor=None)
    assembly.notes.append(
        f"{op.label}: its whole weights need more than 8 bits, so it reads {len(places):,} channels "
        f"instead of {value.plane[0]:,}: {REMEDY}"
    )
    scale = weight.scale(op).reshape(-1, *(1,) * (codes.ndim - 1))
    quantizer = replace(weight.quantizer, number_format=CODES, scale=scale)
    moved = replace(moved, is_flat=value.is_flat, by_channel=value.by_channel)
    return moved, replace(weight, codes=np.concatenate(filled), quantizer=quantizer)


def _split(codes: Reals) -> tuple[npt.NDArray[np.int64], Reals]:
    """Input channels, the first of them all in order, and for each its part of the weights ``oc ic ...``."""
    places, parts, rest = [], [], codes
    wanted = np.arange(codes.shape[1])
    while len(wanted):
        part = rest.clip(CODES.min_code, CODES.max_code)
        places.append(wanted)
        parts.append(part)
        rest = rest - part
        is_left = rest.any(axis=(0, *range(2, rest.ndim)))
        wanted, rest = wanted[is_left], rest[:, is_left]
    return np.concatenate(places), np.concatenate(parts, axis=1)

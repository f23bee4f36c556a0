"""Planes resized so that pixels lie at many parts of the way: a layer with a weight for each neighbor.

Align the corners of planes of 12 and 24 rows, and each row lies at some 23rd between two. A pixel is then
four neighbors, each times a whole number; its output channel has these as weights, and the channels of the
plane stand one below the other.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np
import numpy.typing as npt

from tilewright.interchange.assembly import Assembly
from tilewright.interchange.moves import Places, add_move
from tilewright.interchange.onnx_graph import Operator
from tilewright.interchange.read_layers import unique
from tilewright.interchange.values import NOWHERE, Affine, Value
from tilewright.interchange.wiring import name_sum
from tilewright.spec import ConvShape, IntegerLayer, NumberFormat

MOST_PARTS = 1024
"""Into how many equal parts the way from a pixel to the next may be divided."""
MOST_PIXELS = 4096
"""Each is an output channel."""
LARGEST_INDEX = 2**26
NEAR = 0.05
"""How far a place that ONNX Runtime finds in float32 may be from the nearest part, in parts."""
FLOAT32_ROUNDING = 2.0**-21
WEIGHT = NumberFormat(8, is_signed=True)

Counts = npt.NDArray[np.int64]


def add_uneven(
    op: Operator, value: Value, lines: list[npt.NDArray[np.float64]], assembly: Assembly
) -> tuple[Value, Places]:
    """The sums of a bilinear resize, and where those of each pixel ``c oh ow`` stand among them.

    lines: where each row lies between those of the plane, and each column. ONNX Runtime finds these places in
    float32: sums so near to a step that this matters are open.
    """
    grid = value.grid
    assert grid is not None, "seen before"  # noqa: S101
    (rows, far, misses), (columns, right, drifts) = (
        _neighbors(op, line, size) for line, size in zip(lines, value.plane[1:], strict=True)
    )
    weights = (far[:, None, :, None] * right[None, :, None, :]).reshape(-1, 4)  # pixel neighbor
    weights //= np.gcd.reduce(weights, axis=None)
    total, count, channels = int(weights[0].sum()), len(weights), value.plane[0]
    which, parts = _parted(weights)
    if count > MOST_PIXELS or parts.size * channels > LARGEST_INDEX:
        op.refuse(
            "its pixels lie at smaller parts of the way than a 16th, which is read of planes of at most "
            f"{MOST_PIXELS:,} pixels, not {count:,}: resize by 2, 4 or 8 without aligned corners, or to the "
            "nearest pixel"
        )
    pixels = rows[:, None, :, None] * value.plane[2] + columns[None, :, None, :]
    each = np.take_along_axis(pixels.reshape(count, 4), which, axis=1)[:, None]  # pixel 1 part
    first = np.arange(channels)[:, None] * prod(value.plane[1:])
    moved = add_move(op, value, (each + first).astype(np.int32), assembly, tensor=None)
    window = 1, parts.shape[1]
    layer = IntegerLayer(
        name=unique(name_sum(op), set(assembly.nodes)),
        shape=ConvShape(*moved.plane, count, *window, window, groups=count),
        weight=parts.astype(np.int8)[:, None, None],
        weight_format=WEIGHT,
        act_format=grid.number_format,
        weight_scale=np.ones(1) / total,
        act_scale=grid.scale,
        zero_point=grid.zero_point,
    )
    found = assembly.add_integers(
        op, layer, [moved], Affine(np.array([grid.scale / total]), np.zeros(1))
    )
    span = float(grid.high - grid.low) * total
    slack = span * (misses / far[0].sum() + drifts / right[0].sum() + FLOAT32_ROUNDING)
    places = np.arange(count * channels, dtype=np.int32).reshape(count, channels).T
    standing = np.ascontiguousarray(places).reshape(channels, len(rows), -1)  # channel oh ow
    assembly.notes.append(
        f"{op.label}: the source finds in float32 where its pixels lie, so that its sums are not compared"
    )
    return replace(found, tensor=NOWHERE, slack=slack), standing


def _neighbors(
    op: Operator, line: npt.NDArray[np.float64], size: int
) -> tuple[Counts, Counts, float]:
    """Of pixels along an axis of `size`: the two neighbors ``pixel 2``, how often each counts, and by how
    many parts of the way the engine misses that.
    """
    known = range(1, MOST_PARTS + 1)
    parts = next((n for n in known if np.abs(line * n - np.rint(line * n)).max() < NEAR), 0)
    if not parts:
        op.refuse(
            f"its pixels must lie between those there are at parts of at least 1/{MOST_PARTS} of the way: "
            "resize by a whole factor, or with mode nearest"
        )
    whole = np.rint(line * parts).astype(np.int64)
    first, behind = np.divmod(whole, parts)
    places = np.stack([first, np.minimum(first + 1, size - 1)], axis=1)
    return (
        places,
        np.stack([parts - behind, behind], axis=1),
        float(np.abs(line * parts - whole).max()),
    )


def _parted(weights: Counts) -> tuple[Counts, Counts]:
    """Which neighbor each part of a pixel is, and how often it counts, at most 127 times ``pixel part``."""
    counts = -(-weights // WEIGHT.max_code)  # pixel neighbor
    ends = counts.cumsum(axis=1)
    numbers = np.arange(ends[:, -1].max())
    which = (numbers[:, None] >= ends[:, None]).sum(axis=2).clip(max=3)  # pixel part
    behind = numbers - np.take_along_axis(ends - counts, which, axis=1)
    rest = np.take_along_axis(weights, which, axis=1) - behind * WEIGHT.max_code
    return which, rest.clip(0, WEIGHT.max_code)

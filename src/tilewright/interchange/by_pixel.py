"""Constants with a number for each pixel: the codes of a plane as channels of one pixel each."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tilewright.interchange.assembly import Assembly
from tilewright.interchange.moves import add_move
from tilewright.interchange.onnx_graph import Array, Operator
from tilewright.interchange.read_pools import MOST_PIXELS
from tilewright.interchange.read_steps import ARITHMETIC
from tilewright.interchange.values import Value

BY_PIXEL = (*ARITHMETIC, "Max", "Min", "PRelu")
"""Operations of each number by itself, of which a constant may have a number for each."""


def by_pixel(
    op: Operator, value: Value, constants: dict[str, Array], assembly: Assembly
) -> tuple[Operator, Value] | None:
    """An operation of a plane and a constant by pixel as one of channels; None if it is no such one.

    The constant is added to `constants` as one by channel. Each channel has thresholds of its own, so that
    there may be as many as `MOST_PIXELS`.
    """
    name = next((one for one in op.inputs if one in constants and constants[one].size > 1), None)
    if op.kind not in BY_PIXEL or value.is_flat or name is None or value.grid is None:
        return None
    try:
        wide = np.broadcast_to(constants[name], (1, *value.plane))
    except ValueError:
        return None
    if (wide == wide[:, :, :1, :1]).all():
        return None
    if wide.size > MOST_PIXELS:
        op.refuse(
            f"its constant has a number for each pixel, which is read of at most {MOST_PIXELS:,} numbers, "
            f"not {wide.size:,}: let it have one for each channel"
        )
    index = np.arange(wide.size, dtype=np.int32).reshape(-1, 1, 1)
    moved = add_move(op, value, index, assembly, tensor=None)
    changed = f"{name}.by_pixel.of.{op.output}"
    constants[changed] = wide.reshape(1, -1, 1, 1)
    inputs = tuple(changed if one == name else one for one in op.inputs)
    return replace(op, inputs=inputs), moved

"""Planes resized to pixels between those there are: sums of codes, each as often as it counts."""

from __future__ import annotations

from math import prod

import numpy as np
import numpy.typing as npt

from tilewright.interchange.assembly import Assembly
from tilewright.interchange.folding import run_alone
from tilewright.interchange.moves import RESIZES, Places, add_move
from tilewright.interchange.onnx_graph import Array, Operator
from tilewright.interchange.read_layers import unique
from tilewright.interchange.uneven_blends import add_uneven
from tilewright.interchange.values import Affine, Value
from tilewright.interchange.wiring import name_sum
from tilewright.spec import SumPool

MOST_PARTS = 16
"""Into how many equal parts the way from a pixel to the next may be divided."""
NEAR = 0.01
"""How far a place that ONNX Runtime finds in float32 may be from the nearest part, in parts."""
LARGEST_INDEX = 2**26

Counts = npt.NDArray[np.int64]


def is_blend(op: Operator) -> bool:
    """Whether an operation computes values between those of neighbors."""
    return op.kind in RESIZES and op.attributes.get("mode", "nearest") in ("linear", "bilinear")


def read_blend(
    op: Operator,
    value: Value,
    constants: dict[str, Array],
    assembly: Assembly,
    *,
    batch: int,
    opset: int,
) -> tuple[Value, Places | None]:
    """The value after a bilinear resize, and where its numbers stand, if in other places than in the file.

    A pixel that lies a parts of d behind its left neighbor is (d - a) times that one and a times the right
    one, and the sum is d times its value; so also of rows. Where pixels lie is what the engine says.
    """
    grid = value.grid
    if grid is None:
        op.refuse("it blends values that are not quantized: put a quantizer before it")
    op.expect(antialias=0)
    if "crop" in op.attributes.get("coordinate_transformation_mode", ""):
        op.refuse("it must resize the whole plane, not crop it")
    lines = _lines(op, value, constants, max(1, batch), opset)
    rows, columns = (
        in_parts(line, size) for line, size in zip(lines, value.plane[1:], strict=True)
    )
    if rows is None or columns is None:
        return add_uneven(op, value, lines, assembly)
    node, moved = add_blend(op, value, (rows, columns), assembly)
    step = np.array([grid.scale / node.area])
    found = assembly.add(op, node, [moved], Affine(step, -grid.zero_point * node.area * step))
    return found, None


def add_blend(
    op: Operator, value: Value, places: tuple[Counts, Counts], assembly: Assembly
) -> tuple[SumPool, Value]:
    """The node that sums, for each pixel, codes of neighbors; and what it reads, of a `CodeMove`.

    places: of rows and columns, as `in_parts` has them.
    """
    rows, columns = places
    grid, parts = value.grid, rows.shape[1] * columns.shape[1]
    assert grid is not None, "seen before"  # noqa: S101
    channels, height, width = value.plane
    plane = (channels, len(rows), len(columns))
    if prod(plane) * parts > LARGEST_INDEX:
        op.refuse(
            f"its planes must have at most {LARGEST_INDEX // parts:,} numbers, not {prod(plane):,}"
        )
    pixels = rows[:, None, :, None] * width + columns[None, :, None, :]  # oh ow part part
    first = np.arange(channels)[:, None, None] * (height * width)
    index = first + pixels.reshape(1, len(rows), -1)  # channel oh (ow part)
    moved = add_move(op, value, index.astype(np.int32), assembly, tensor=None)
    name = unique(name_sum(op), set(assembly.nodes))
    codes = (grid.number_format, grid.scale)
    return SumPool(name, moved.plane, (1, parts), (1, parts), *codes), moved


def _lines(
    op: Operator, value: Value, constants: dict[str, Array], samples: int, opset: int
) -> list[npt.NDArray[np.float64]]:
    """Where each row and each column lies between those of the plane."""
    others = [name for name in op.inputs[1:] if name]
    if any(name not in constants for name in others):
        op.refuse("its sizes must be constant")
    found = []
    for axis, size in enumerate(value.plane[1:]):
        ramp = np.arange(size, dtype=np.float32).reshape((-1, 1) if axis == 0 else (1, -1))
        fed = np.broadcast_to(ramp, (samples, *value.plane)).copy()
        read = {op.inputs[0]: fed, **{name: constants[name] for name in others}}
        blended = run_alone(op, read, opset)[op.output]
        if blended.shape[:2] != fed.shape[:2] or not blended.size:
            op.refuse(f"it must keep samples and channels, but gives {blended.shape}")
        line = blended[0, 0, :, 0] if axis == 0 else blended[0, 0, 0, :]
        found.append(line.astype(np.float64))
    return found


def in_parts(line: npt.NDArray[np.float64], size: int) -> Counts | None:
    """Places ``pixel part`` along an axis, of so many pixels: which of them each part of a pixel is.

    None where they lie at smaller parts of the way than a `MOST_PARTS`-th.
    """
    known = range(1, MOST_PARTS + 1)
    parts = next((n for n in known if np.abs(line * n - np.rint(line * n)).max() < NEAR), 0)
    if not parts:
        return None
    first, behind = np.divmod(np.rint(line * parts).astype(np.int64), parts)
    is_second = np.arange(parts) >= (parts - behind)[:, None]  # pixel part
    places: Counts = np.minimum(first[:, None] + is_second, size - 1)
    return places

"""Pools of a TFLite file, and other functions of sums of codes, of which the interpreter is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tilewright.interchange.moves import Places
from tilewright.interchange.onnx_graph import Operator
from tilewright.interchange.read_pools import read_largest, window_by_window
from tilewright.interchange.tflite_context import Context, kept, operand, padding, stated
from tilewright.interchange.tflite_places import Seen, settled
from tilewright.interchange.values import Step, Value
from tilewright.interchange.windows import read_axes
from tilewright.spec import Ints, MaxPool, Plane, SumPool
from tilewright.spec.code_nodes import ZERO
from tilewright.spec.step_search import Floats

Pair = tuple[int, int]
Member = tuple[int, int, int]
"""Row and column of a pixel, and how often its code counts in a sum."""
REDUCED = ("MEAN", "SUM")
SEQUENCE = 3
"""Axes of a tensor of steps."""
LARGEST_STEP = 100
"""By how much one code of a sum that is asked may differ from the others."""
LARGEST_ASKED = 2**23
"""Codes that the interpreter is given at once."""


def codes_of_sums(
    context: Context, op: Operator, sums: Ints, *, size: Pair, members: Sequence[Member], at: Pair
) -> Ints:
    """The codes that an operation makes at the pixel `at` where the members' codes add up to sums ``n``.

    size: of the plane that it is given; each sum is a channel. Where no codes have it, one beside it is.
    """
    codes = context.file.tensors[op.inputs[0]].grid(op).number_format
    total = sum(count for _, _, count in members)
    wanted = np.clip(sums, total * codes.min_code, total * codes.max_code)
    found = []
    for part in np.array_split(wanted, -(-len(wanted) * size[0] * size[1] // LARGEST_ASKED)):
        base, rest = np.divmod(part, total)
        is_down = (base >= (codes.min_code + codes.max_code + 1) // 2) & (rest > 0)
        base, rest = base + is_down, np.where(is_down, total - rest, rest)
        plane = np.zeros((1, *size, len(part)), np.int64)
        for row, column, count in sorted(members, key=lambda one: -one[2]):
            steps = np.minimum(rest // count, LARGEST_STEP)
            plane[0, row, column] = base + np.where(is_down, -steps, steps)
            rest = rest - steps * count
        made = context.run(op, _as_read(context, op, plane))
        found.append(made.reshape(-1, len(part))[_place(context, op, at)])
    return np.concatenate(found)


def _as_read(context: Context, op: Operator, plane: Ints) -> Ints:
    """Planes ``1 h w n`` as a tensor of the axes that an operation reads, with n along one that it keeps."""
    rank = len(context.file.tensors[op.inputs[0]].sizes)
    axes = _axes(context, op, rank) if op.kind in REDUCED else []
    if not axes:
        return plane[:, 0] if rank == SEQUENCE else plane
    sizes = context.file.tensors[op.inputs[0]].sizes
    kept_axis = next((axis for axis in range(1, rank) if axis not in axes), 0)
    inner = plane.reshape(*(sizes[axis] for axis in axes), -1)
    others = tuple(axis for axis in range(rank) if axis not in (*axes, kept_axis))
    found: Ints = np.moveaxis(
        np.expand_dims(inner, tuple(range(len(others)))),
        tuple(range(rank)),
        (*others, *axes, kept_axis),
    )
    return found


def _place(context: Context, op: Operator, at: Pair) -> int:
    """Of a pixel in the planes that an operation makes; those of its own windows have one."""
    return at[0] * (context.file.tensors[op.output].sizes[2] if any(at) else 1) + at[1]


def asked(
    context: Context, op: Operator, *, size: Pair, members: Sequence[Member], at: Pair = (0, 0)
) -> Step:
    """From sums of codes to values on the grid of the operation's output, as the interpreter makes them."""
    out = context.out(op)

    def apply(sums: Floats) -> Floats:
        whole, places = np.unique(np.floor(sums).astype(np.int64), return_inverse=True)
        made = codes_of_sums(context, op, whole, size=size, members=members, at=at)
        values: Floats = (made[places].reshape(sums.shape) - out.zero_point).astype(np.float64)
        return values * out.scale

    return Step(apply, is_own=True)


def read_pool(context: Context, op: Operator, sources: list[Seen]) -> Seen:
    """AVERAGE_POOL_2D, or MEAN or SUM along axes: a function of the sum, which the interpreter says."""
    if op.kind == "SUM" and context.kernels == "reference":
        op.refuse(
            "the reference kernel rounds on the way, so that it is no function of the sum of codes: give "
            "--kernels xnnpack"
        )
    source = _reduced(context, op, sources[0]) if op.kind in REDUCED else sources[0]
    value = settled(op, source, context.assembly)
    grid, (_, height, width) = value.grid, value.plane
    assert grid is not None, "all tensors have codes"  # noqa: S101
    if value.is_flat:
        op.refuse("it must read planes (1, h, w, channels)")
    kernel = stride = (height, width)
    if op.kind not in REDUCED:
        kernel = stated(op, "filterHeight"), stated(op, "filterWidth")
        rows, columns = read_axes(_pool(op), value.plane, kernel)
        stride = rows.stride, columns.stride
        ends = (rows.before, rows.after), (columns.before, columns.after)
        if any(map(any, ends)):
            return _by_pixel(context, op, value, (kernel, stride, ends))
    node = SumPool(context.name(op), value.plane, kernel, stride, grid.number_format, grid.scale)
    members = [(row, column, 1) for row in range(kernel[0]) for column in range(kernel[1])]
    return context.add(op, node, [value], asked(context, op, size=kernel, members=members))


def _axes(context: Context, op: Operator, rank: int) -> list[int]:
    """The axes along which an operation reduces, in order."""
    axes = context.file.constants.get(operand(op, 1))
    if axes is None:
        op.refuse("the axes that it reduces must be constant")
    return sorted({int(axis) % rank for axis in axes.reshape(-1)})


def _reduced(context: Context, op: Operator, source: Seen) -> Seen:
    """What an operation reduces as planes ``h w channels``, whose channels are what it keeps."""
    places = source.places
    axes = [axis - 1 for axis in _axes(context, op, places.ndim + 1)]
    if not axes or axes[0] < 0:
        op.refuse("it must reduce axes of a sample, and leave the samples apart")
    others = [axis for axis in range(places.ndim) if axis not in axes]
    turned = places.transpose(*axes, *others)
    sizes = [places.shape[axis] for axis in axes]
    sizes = [1, *sizes] if len(sizes) == 1 else sizes
    tensor = source.tensor if axes == [*range(places.ndim - 1)] else ""
    return replace(
        source, tensor=tensor, places=turned.reshape(sizes[0], int(np.prod(sizes[1:])), -1)
    )


def _by_pixel(
    context: Context, op: Operator, value: Value, window: tuple[Pair, Pair, tuple[Pair, Pair]]
) -> Seen:
    """Means of windows with fewer codes at the border: each pixel is a channel, with steps of its own."""
    grid = value.grid
    assert grid is not None, "all tensors have codes"  # noqa: S101
    moved, places, plane = window_by_window(op, value, window, context.assembly)
    name, area = context.name(op), places.shape[2]
    node = SumPool(name, moved.plane, (1, area), (1, 1), grid.number_format, grid.scale)
    missing = (places == ZERO).sum(axis=(1, 2))
    steps = _steps_by_pixel(context, op, places[: plane[1] * plane[2], 0], value.plane)
    of_pixel = np.tile(np.arange(plane[1] * plane[2]), plane[0])

    def apply(sums: Floats) -> Floats:
        real = np.floor(sums) - grid.zero_point * missing
        found: Floats = np.empty(real.shape)
        for pixels, step in steps:
            at = np.isin(of_pixel, pixels)
            found[:, at] = step.apply(real[:, at])
        return found

    found = context.add(op, node, [moved], Step(apply, is_own=True)).value
    numbers = np.moveaxis(np.arange(int(np.prod(plane))).reshape(plane), 0, -1)
    return Seen.at(found, op.output, numbers)


def _steps_by_pixel(
    context: Context, op: Operator, windows: Places, plane: Plane
) -> list[tuple[Ints, Step]]:
    """Pixels whose windows ``pixel place`` hold as many codes, and the step of these, asked of the first."""
    counts, found = (windows != ZERO).sum(axis=1), []
    width = context.file.tensors[op.output].sizes[2]
    for count in np.unique(counts):
        pixels = np.flatnonzero(counts == count)
        window = windows[pixels[0]]  # of the first channel
        members = [(*divmod(int(one), plane[2]), 1) for one in window[window != ZERO]]
        at = int(pixels[0]) // width, int(pixels[0]) % width
        found.append((pixels, asked(context, op, size=plane[1:], members=members, at=at)))
    return found


def _pool(op: Operator) -> Operator:
    """A pool in ONNX's words."""
    attributes = {
        "kernel_shape": [stated(op, "filterHeight"), stated(op, "filterWidth")],
        "strides": [stated(op, "strideH"), stated(op, "strideW")],
        "auto_pad": padding(op),
    }
    return replace(op, kind="MaxPool", attributes=attributes, written_as=op.kind)


def read_max(context: Context, op: Operator, sources: list[Seen]) -> Seen:
    """MAX_POOL_2D, or REDUCE_MAX over the plane."""
    source = _reduced(context, op, sources[0]) if op.kind == "REDUCE_MAX" else sources[0]
    value = context.assembly.entered(settled(op, source, context.assembly))
    if op.kind == "REDUCE_MAX":
        found = value.pooled(op, MaxPool(value.plane[1:], value.plane[1:]))
    else:
        found, _ = read_largest(_pool(op), value, {}, context.assembly, ahead=None)
    grid = context.out(op)
    if grid != value.grid:
        op.refuse("its input and output must have one scale and zero-point")
    low, high = ((code - grid.zero_point) * grid.scale for code in kept(op, grid))
    step = Step(lambda values: np.clip(values, low, high), is_of_codes=True, is_exact=True)
    found = found.on_grid(op, grid, step)
    return Seen.of(found, context.file.tensors[op.output])

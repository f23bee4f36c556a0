"""Pools of a foreign graph: the largest codes, which follow on codes, and sums of windows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tilewright.interchange.assembly import Assembly
from tilewright.interchange.float_sums import read_float_sum
from tilewright.interchange.joins import Ahead
from tilewright.interchange.kernels import Average, Products
from tilewright.interchange.moves import Places, add_move, code_of
from tilewright.interchange.onnx_graph import Array, Operator
from tilewright.interchange.read_layers import unique
from tilewright.interchange.read_steps import constant_input
from tilewright.interchange.values import BY_CHANNEL, NOWHERE, Affine, Value
from tilewright.interchange.windows import NO_ENDS, Axis, Windows, pooled_ends, read_axes
from tilewright.interchange.wiring import name_sum
from tilewright.spec import MaxPool, Plane, SumPool
from tilewright.spec.code_nodes import ZERO

Constants = dict[str, Array]
Pair = tuple[int, int]
AVERAGES = ("AveragePool", "GlobalAveragePool", "ReduceMean", "ReduceSum")
LARGEST = ("GlobalMaxPool", "MaxPool", "ReduceMax")
WORDS = {"ReduceMax": "a maximum", "ReduceMean": "a mean", "ReduceSum": "a sum"}
POOLS = (*AVERAGES, *LARGEST)
DIVIDES_BY_ALL = (
    "its windows reach beyond the padding (ceil_mode), and ONNX Runtime's kernel for codes divides by all "
    "numbers of a window there (1.32.0), where ONNX says those within the padding: its codes are taken"
)
UNQUANTIZED = "it reads values that are not quantized: put a quantizer before it"
FLOATS = "it averages values that are not quantized: put a quantizer before it"
CHANNELS, ROWS, COLUMNS = 1, 2, 3
"""The axes of a plane."""
MOST_PIXELS = 4096
"""That may have divisors of their own: each has thresholds of its own, too."""


def read_largest(
    op: Operator, value: Value, constants: Constants, assembly: Assembly, *, ahead: Ahead | None
) -> tuple[Value, tuple[int, ...]]:
    """The value after a max-pool of windows, or a maximum along axes, and the sizes of the file's tensor.

    ahead: the quantizer that alone reads it. Of codes, the largest is that of the largest number, so that
    what falls and rises with sums is quantized before the pool.
    """
    if value.turns and ahead is not None:
        value = _quantized(op, value, ahead, assembly)
    if value.origin is None and value.grid is not None and not value.is_code:
        value = assembly.enter(value)
    if op.kind == "MaxPool":
        found = _read_pool(op, value, assembly, ahead=ahead)
        return found, found.plane
    axes = _reduced(op, value, constants)
    kernel = _along(axes, value.plane)
    if CHANNELS in axes:
        value = _channels_side_by_side(op, value, assembly)
    return _squeezed(op, value.pooled(op, MaxPool(kernel, kernel, (0, 0))), axes)


def _quantized(op: Operator, value: Value, ahead: Ahead, assembly: Assembly) -> Value:
    """The codes of a quantizer behind a pool, of what the pool reads; the file has no tensor of them."""
    return replace(ahead.codes_of(op, value, None, assembly), tensor=NOWHERE, codes_at=None)


def _read_pool(op: Operator, value: Value, assembly: Assembly, *, ahead: Ahead | None) -> Value:
    """The value after a max-pool of windows."""
    op.expect(storage_order=0)
    kernel = _window(op, value)
    axes = read_axes(op, value.plane, kernel)
    if any(axis.dilation > 1 for axis in axes):
        op.refuse("dilations must be [1, 1]")
    stride, before = (axes[0].stride, axes[1].stride), (axes[0].before, axes[1].before)
    if all(_is_plain(op, axis, size) for axis, size in zip(axes, value.plane[1:], strict=True)):
        return value.pooled(op, MaxPool(kernel, stride, before))
    if value.grid is None and value.origin is not None and ahead is not None:
        value = _quantized(op, value, ahead, assembly)
    if value.grid is None:
        op.refuse(
            "its windows must reach beyond both ends alike, or its input be quantized: put a quantizer "
            "before it"
        )
    index = _with_edges(op, value, axes)
    moved = add_move(op, value, index, assembly, tensor=None)
    return moved.pooled(op, MaxPool(kernel, stride, (0, 0)))


def _is_plain(op: Operator, axis: Axis, size: int) -> bool:
    """Whether a max-pool with the padding before the plane at both ends has the same windows."""
    count, before, _ = pooled_ends(op, axis, size)
    return count == (size + 2 * before - axis.extent) // axis.stride + 1


def _with_edges(op: Operator, value: Value, axes: tuple[Axis, Axis]) -> np.ndarray:
    """Places of a plane whose outer pixels are repeated where windows reach beyond it.

    A window that does also holds the outer pixel itself, so that the largest code stays.
    """
    numbers = np.arange(int(np.prod(value.plane)), dtype=np.int32).reshape(value.plane)
    rows, columns = (
        np.arange(-before, size + after).clip(0, size - 1)
        for size, (_, before, after) in (
            (size, pooled_ends(op, axis, size))
            for axis, size in zip(axes, value.plane[1:], strict=True)
        )
    )
    return np.ascontiguousarray(numbers[:, rows][:, :, columns])


def read_average(
    op: Operator,
    value: Value,
    constants: Constants,
    assembly: Assembly,
    *,
    is_kernel: bool,
    ahead: float | None = None,
) -> tuple[Value, tuple[int, ...]]:
    """The mean of each window, or along axes, or its sum, and the sizes of the file's tensor of it.

    is_kernel: ONNX Runtime makes codes of it at once, if it reads codes. ahead: the scale of the quantizer
    that follows. Where the sizes are not those of the value's plane, its numbers have the same order there.
    """
    known = value.by_channel
    grid = value.grid if known is None else known.grid
    if grid is None and ahead is None:
        op.refuse(FLOATS)
    axes = [] if op.kind == "AveragePool" else _reduced(op, value, constants)
    line = _along(axes, value.plane)
    window = Windows(line, line) if axes else _average_window(op, value)
    kernel, stride, ends = window.kernel, window.stride, window.ends
    has_ends = any(map(any, ends))
    if has_ends and (grid is None or known is not None):
        op.refuse(FLOATS if grid is None else BY_CHANNEL)
    if CHANNELS in axes and known is not None:
        op.refuse(BY_CHANNEL)
    value = _channels_side_by_side(op, value, assembly) if CHANNELS in axes else value
    if grid is None:
        area = 1 if op.kind == "ReduceSum" else kernel[0] * kernel[1]
        of = (kernel, stride)
        found = read_float_sum(op, [value], assembly, ahead=ahead, window=of, area=area)
        return _squeezed(op, found, axes)
    if known is not None:
        value = replace(value, grid=grid)
    is_kernel = is_kernel and value.codes_at is not None and not op.kind.startswith("Reduce")
    is_whole = is_kernel and bool(op.attributes.get("count_include_pad", 0))
    if ends != window.counted and is_whole:
        assembly.notes.append(f"{op.label}: {DIVIDES_BY_ALL}")
    elif ends != window.counted:
        return _by_pixel(op, value, window, assembly)
    if has_ends:
        value = _surrounded(op, value, ends, assembly)
    name = unique(name_sum(op), set(assembly.nodes))
    node = SumPool(name, value.plane, kernel, stride, grid.number_format, grid.scale)
    area = 1 if op.kind == "ReduceSum" else node.area
    offset = -grid.zero_point * node.area
    steps = (np.array([grid.scale]) if known is None else known.scales) / area
    real = Affine(steps, offset * steps)
    if known is not None or not is_kernel:
        found = assembly.add(op, node, [value], real)
    else:
        found = assembly.add_integers(op, node, [value], real)
        scale = np.array([grid.scale], np.float32)
        whole = Products(scale, np.array([offset]), grid.number_format, node.area)
        parts = Average(grid.scale, offset, node.area)
        found = replace(found, kernel=whole if op.kind == "GlobalAveragePool" else parts)
    return _squeezed(op, replace(found, is_positive=grid.low >= 0), axes)


def _reduced(op: Operator, value: Value, constants: Constants) -> list[int]:
    """The axes of a plane along which an operation reduces: rows, columns or both, or the channels."""
    if value.is_flat:
        op.refuse("it must read planes (n, channels, h, w)")
    if not op.kind.startswith("Reduce"):
        return [ROWS, COLUMNS]
    axes = op.attributes.get("axes")
    if axes is None:
        axes = constant_input(op, constants, 1).reshape(-1)
    known = sorted({int(axis) % 4 for axis in axes})
    is_single = CHANNELS in known and all(value.plane[axis - 1] == 1 for axis in known[1:])
    if not known or known[0] == 0 or (known[0] == CHANNELS and not is_single):
        op.refuse(
            f"only {WORDS[op.kind]} over the plane, axes 2 and 3 or one of them, or over the channels, axis "
            f"1, is supported, not {[int(axis) for axis in axes]}"
        )
    return known


def _along(axes: list[int], plane: Plane) -> Pair:
    """The window of an operation along axes; the channels stand side by side along the row."""
    if CHANNELS in axes:
        return 1, plane[0]
    return plane[1] if ROWS in axes else 1, plane[2] if COLUMNS in axes else 1


def _squeezed(op: Operator, found: Value, axes: list[int]) -> tuple[Value, tuple[int, ...]]:
    """What is left along axes, and its sizes in the file, where these axes may be gone."""
    if op.attributes.get("keepdims", 1) or not axes:
        return found, found.plane
    if axes == [ROWS, COLUMNS]:
        flat = found.flattened(op)
        return flat, flat.plane
    return found, tuple(size for axis, size in enumerate(found.plane, 1) if axis not in axes)


def _channels_side_by_side(op: Operator, value: Value, assembly: Assembly) -> Value:
    """The codes of each pixel one behind the other along the row, in one channel."""
    if value.grid is None:
        op.refuse(FLOATS if op.kind in AVERAGES else UNQUANTIZED)
    channels, height, _ = value.plane
    numbers = np.arange(int(np.prod(value.plane)), dtype=np.int32).reshape(channels, height, -1)
    index = np.ascontiguousarray(numbers.transpose(1, 2, 0)).reshape(1, height, -1)  # 1 h (w c)
    return add_move(op, value, index, assembly, tensor=None)


def _by_pixel(
    op: Operator, value: Value, window: Windows, assembly: Assembly
) -> tuple[Value, Plane]:
    """Means of windows with fewer codes at the border: each pixel is a channel, with a divisor of its own."""
    grid = value.grid
    assert grid is not None, "seen before"  # noqa: S101
    moved, places, plane = window_by_window(
        op, value, (window.kernel, window.stride, window.ends), assembly
    )
    name, area = unique(name_sum(op), set(assembly.nodes)), places.shape[2]
    codes = (grid.number_format, grid.scale)
    node = SumPool(name, moved.plane, (1, area), (1, 1), *codes)
    steps = np.tile(grid.scale / window.divisors(value.plane[1:]).reshape(-1), plane[0])
    found = assembly.add(op, node, [moved], Affine(steps, -grid.zero_point * area * steps))
    return replace(found, is_positive=grid.low >= 0), plane


def window_by_window(
    op: Operator, value: Value, window: tuple[Pair, Pair, tuple[Pair, Pair]], assembly: Assembly
) -> tuple[Value, Places, Plane]:
    """The codes of each window as a channel, the code of 0 where it reaches beyond the plane.

    window: kernel, stride and padding. Also the places ``(c oh ow) 1 (kh kw)`` of the codes, or `ZERO`, and
    the plane ``c oh ow`` of the windows.
    """
    kernel, stride, ends = window
    numbers = np.arange(int(np.prod(value.plane)), dtype=np.int32).reshape(value.plane)
    wide = np.pad(numbers, ((0, 0), *ends), constant_values=ZERO)
    windows = np.lib.stride_tricks.sliding_window_view(wide, kernel, axis=(1, 2))
    windows = windows[:, :: stride[0], :: stride[1]]
    places = np.ascontiguousarray(windows.reshape(-1, 1, kernel[0] * kernel[1]))
    if len(places) > MOST_PIXELS:
        op.refuse(
            "windows at the border average fewer codes than others, which is read of at most "
            f"{MOST_PIXELS:,} pixels of all channels, not {len(places):,}: average without padding"
        )
    fill = code_of(op, value, 0.0)
    moved = add_move(op, value, places, assembly, tensor=None, fill=fill)
    channels, rows, columns = windows.shape[:3]
    return moved, places, (channels, rows, columns)


def _surrounded(op: Operator, value: Value, ends: tuple[Pair, Pair], assembly: Assembly) -> Value:
    """A plane of codes with zeros around it, which the file has nowhere."""
    fill = code_of(op, value, 0.0)
    numbers = np.arange(int(np.prod(value.plane)), dtype=np.int32).reshape(value.plane)
    index = np.pad(numbers, ((0, 0), *ends), constant_values=ZERO)
    return add_move(op, value, index, assembly, tensor=None, fill=fill)


def _average_window(op: Operator, value: Value) -> Windows:
    """The windows of an average; with ceil_mode they may reach beyond the padding, where none counts."""
    kernel = _window(op, value)
    rows, columns = read_axes(op, value.plane, kernel)
    ends = ((rows.before, rows.after), (columns.before, columns.after))
    counted = ends if op.attributes.get("count_include_pad", 0) else NO_ENDS
    if op.attributes.get("ceil_mode", 0):
        _, top, bottom = pooled_ends(op, rows, value.plane[1])
        _, left, right = pooled_ends(op, columns, value.plane[2])
        ends = (top, max(bottom, rows.after)), (left, max(right, columns.after))
    if max(rows.dilation, columns.dilation) > 1:
        op.refuse("dilations must be [1, 1]")
    return Windows(kernel, (rows.stride, columns.stride), ends, counted)


def _window(op: Operator, value: Value) -> Pair:
    kernel = op.attributes.get("kernel_shape", [])
    if value.is_flat or not isinstance(kernel, list) or len(kernel) != 2:
        op.refuse(f"only pools in two dimensions are supported, not {kernel}")
    rows, columns = op.sizes("kernel_shape", [1, 1])
    return rows, columns

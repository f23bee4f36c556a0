"""The windows of convolutions and pools as ONNX states them: any padding, holes, sizes rounded up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tilewright.interchange.onnx_graph import Array, Operator
from tilewright.spec import Plane

Ends = tuple[tuple[int, int], tuple[int, int]]
NO_ENDS: Ends = ((0, 0), (0, 0))
LARGEST_EXTENT = 4096
"""Pixels that a dilated kernel may span, and padding at an end."""


@dataclass(frozen=True, slots=True)
class Axis:
    """Windows along rows or columns; before, after: pixels of padding at each end."""

    kernel: int
    stride: int
    dilation: int
    before: int
    after: int

    @property
    def extent(self) -> int:
        """Pixels from the first to the last."""
        return (self.kernel - 1) * self.dilation + 1


@dataclass(frozen=True, slots=True)
class Windows:
    """The windows of an average. ends: pixels above and below the plane, left and right of it, that they
    reach; counted: how many of these they count as numbers, which are 0.
    """

    kernel: tuple[int, int]
    stride: tuple[int, int]
    ends: Ends = NO_ENDS
    counted: Ends = NO_ENDS

    def divisors(self, plane: tuple[int, int]) -> Array:
        """How many numbers each window counts, ``oh ow``."""
        counts = np.pad(np.ones(plane, np.int64), self.counted, constant_values=1)
        rests = [
            tuple(end - own for end, own in zip(both, counted, strict=True))
            for both, counted in zip(self.ends, self.counted, strict=True)
        ]
        wide = np.lib.stride_tricks.sliding_window_view(np.pad(counts, rests), self.kernel)
        found: Array = wide[:: self.stride[0], :: self.stride[1]].sum(axis=(2, 3))
        return found


def read_axes(op: Operator, plane: Plane, kernel: tuple[int, int]) -> tuple[Axis, Axis]:
    """The windows along rows and columns of a plane; refuses what is no window."""
    strides, dilations = op.sizes("strides", [1, 1]), op.sizes("dilations", [1, 1])
    extents = [(edge - 1) * dilation + 1 for edge, dilation in zip(kernel, dilations, strict=True)]
    if max(extents) > LARGEST_EXTENT:
        op.refuse(f"its windows must span at most {LARGEST_EXTENT} pixels, not {max(extents)}")
    pads = _pads(op, plane, extents, strides)
    if max(pads) > LARGEST_EXTENT:
        op.refuse(f"its padding must be at most {LARGEST_EXTENT} pixels at an end, not {max(pads)}")
    axes = [
        Axis(kernel[axis], strides[axis], dilations[axis], pads[axis], pads[axis + 2])
        for axis in (0, 1)
    ]
    if any(
        axis.extent > size + axis.before + axis.after
        for axis, size in zip(axes, plane[1:], strict=True)
    ):
        op.refuse(f"the window {tuple(extents)} must fit the plane {plane[1:]}")
    return axes[0], axes[1]


def _pads(op: Operator, plane: Plane, extents: list[int], strides: list[int]) -> list[int]:
    """Padding before the rows and columns, then behind them."""
    kind = op.attributes.get("auto_pad", "NOTSET")
    if kind == "NOTSET":
        return op.sizes("pads", [0, 0, 0, 0], least=0)
    if kind not in ("VALID", "SAME_UPPER", "SAME_LOWER"):
        op.refuse(f"auto_pad must be NOTSET, VALID, SAME_UPPER or SAME_LOWER, not {kind}")
    if kind == "VALID":
        return [0, 0, 0, 0]
    before, behind = same_padding(plane[1:], extents, strides, has_rest_first=kind == "SAME_LOWER")
    return [*before, *behind]


def same_padding(
    plane: Sequence[int],
    kernel: Sequence[int],
    stride: Sequence[int],
    *,
    has_rest_first: bool = False,
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Zeros above and left, and below and right, with which a pixel comes of each step of the stride.

    Of an odd number, one more is below and right, or above and left if `has_rest_first`.

    >>> same_padding((8, 9), (3, 3), (2, 2))
    ((0, 1), (1, 1))
    """
    totals = [
        max((-(-size // step) - 1) * step + k - size, 0)
        for size, k, step in zip(plane, kernel, stride, strict=True)
    ]
    halves = [total // 2 for total in totals]
    rests = [total - half for total, half in zip(totals, halves, strict=True)]
    low, high = (rests, halves) if has_rest_first else (halves, rests)
    return (low[0], low[1]), (high[0], high[1])


def without_holes(codes: Array, axes: tuple[Axis, Axis]) -> Array:
    """A kernel ``oc ic kh kw`` whose holes are weights of 0: the sums are the same."""
    wide = np.zeros((*codes.shape[:2], axes[0].extent, axes[1].extent), codes.dtype)
    wide[:, :, :: axes[0].dilation, :: axes[1].dilation] = codes
    return wide


def pooled_ends(op: Operator, axis: Axis, size: int) -> tuple[int, int, int]:
    """How many windows a pool has along an axis, and how far they reach beyond its first and last pixel."""
    reach = size + axis.before + axis.after - axis.extent
    count = reach // axis.stride + 1
    if op.attributes.get("ceil_mode", 0):
        count = -(-reach // axis.stride) + 1
        if (count - 1) * axis.stride >= size + axis.before:  # it would begin behind the plane
            count -= 1
    after = (count - 1) * axis.stride + axis.extent - size - axis.before
    return count, axis.before, max(0, after)

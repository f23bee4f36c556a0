"""Layers with psums limited to a register after every addition, in the order in which an array adds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tilewright.engine.kernels import Array
from tilewright.loops.compiled import compiled
from tilewright.spec import IntArray, IntegerLayer, PsumRegister


class NarrowLayer:
    """One layer with saturating psums; `extremes` are the lowest and highest value of a register so far.

    register: None holds every sum, to see which values occur at `place` in tiles of `rows`.
    """

    dtype = np.dtype(np.int32)

    def __init__(
        self, layer: IntegerLayer, register: PsumRegister | None, *, place: str, rows: int
    ) -> None:
        self._shape = layer.shape
        self._weight = np.ascontiguousarray(
            layer.weight.transpose(1, 2, 3, 0), np.int32
        )  # ic kh kw oc
        limits = (-(2**31), 2**31 - 1) if register is None else (register.lowest, register.highest)
        self._limits = np.array(limits, np.int32)
        self._rows, self._place = rows, ("column", "tap", "tile").index(place)
        self.extremes = np.zeros(2, np.int32)

    def __call__(self, codes: Array) -> Array:
        """Psums int32 ``n oh ow oc`` of codes ``n ih iw ic``."""
        shape = self._shape
        (pad_h, pad_w) = shape.padding
        plane = np.zeros((len(codes), shape.padded_h, shape.padded_w, shape.ic), np.int32)
        plane[:, pad_h : pad_h + shape.ih, pad_w : pad_w + shape.iw] = codes
        psums = np.empty((len(codes), shape.oh, shape.ow, shape.oc), np.int32)
        extremes = np.zeros(2, np.int32)
        _saturate(
            plane,
            self._weight,
            shape.stride,
            self._limits,
            self._rows,
            self._place,
            psums,
            extremes,
        )
        self.extremes[0] = min(self.extremes[0], extremes[0])
        self.extremes[1] = max(self.extremes[1], extremes[1])
        return psums


def observe_layer(layer: IntegerLayer, codes: IntArray, *, place: str, rows: int) -> NarrowLayer:
    """The layer after it has seen codes ``n ic ih iw``, with registers that hold every sum."""
    seen = NarrowLayer(layer, None, place=place, rows=rows)
    seen(codes.transpose(0, 2, 3, 1))
    return seen


def wrap(psums: Array, bits: int) -> npt.NDArray[np.int32]:
    """Two's complement value of the low `bits` bits of each psum."""
    half = 1 << (bits - 1)
    wrapped: npt.NDArray[np.int32] = ((psums.astype(np.int64) + half) % (2 * half) - half).astype(
        np.int32
    )
    return wrapped


@compiled
def _limit(values: Array, limits: Array, seen: Array) -> None:
    """Saturate in place; seen: int32 ``2 c``, the least and the most before that."""
    for c in range(len(values)):
        seen[0, c] = min(seen[0, c], values[c])
        seen[1, c] = max(seen[1, c], values[c])
        values[c] = min(max(values[c], limits[0]), limits[1])


@compiled
def _saturate(
    plane: Array,
    weight: Array,
    stride: tuple[int, int],
    limits: Array,
    rows: int,
    place: int,
    psums: Array,
    extremes: Array,
) -> None:
    """place: 0 column, 1 tap, 2 tile. Zeros of the padding add nothing and are added all the same."""
    samples, height, width, channels = psums.shape
    ic, kh, kw, _ = weight.shape
    total, inner = np.empty(channels, np.int32), np.empty(channels, np.int32)
    seen = np.zeros((2, channels), np.int32)
    for place_out in range(samples * height * width):
        n, pixel = place_out // (height * width), place_out % (height * width)
        top, left = pixel // width * stride[0], pixel % width * stride[1]
        total[:] = 0
        for first in range(0, ic, rows):
            inner[:] = 0
            for tap in range(kh * kw):
                row, column = tap // kw, tap % kw
                for channel in range(first, min(first + rows, ic)):
                    code = plane[n, top + row, left + column, channel]
                    for oc in range(channels):
                        inner[oc] += code * weight[channel, row, column, oc]
                    if place == 0:
                        _limit(inner, limits, seen)
                if place != 2 or tap == kh * kw - 1:
                    _limit(inner, limits, seen)
                    for oc in range(channels):
                        total[oc] += inner[oc]
                        inner[oc] = 0
                    _limit(total, limits, seen)
        psums[n, pixel // width, pixel % width] = total
    extremes[0], extremes[1] = seen[0].min(), seen[1].max()

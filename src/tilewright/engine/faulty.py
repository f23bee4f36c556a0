"""A layer on a weight-stationary array with a fault in one psum register, in the array's order of sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tilewright.engine.kernels import Array
from tilewright.errors import ConfigError
from tilewright.loops.compiled import compiled
from tilewright.spec import ArrayShape, IntArray, IntegerLayer, PsumFault

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Flips:
    """When the bit is flipped, for each sample ``n``: in which fold of the layer, at which ofmap pixel.

    fold: ``otile itile kij`` as one number, in the order in which they run.
    """

    fold: Ints
    pixel: Ints

    @classmethod
    def draw(cls, layer: IntegerLayer, array: ArrayShape, *, samples: int, seed: int) -> Flips:
        """One moment for each sample, of those at which the register holds what an ofmap pixel needs."""
        generator = np.random.default_rng(seed)
        folds = -(-layer.shape.oc // array.cols) * _folds_per_otile(layer, array)
        return cls(
            generator.integers(0, folds, samples), generator.integers(0, layer.shape.onij, samples)
        )


class FaultyLayer:
    """A layer and samples, and what becomes of its psums under each fault.

    A fold sums down a column, a row at a time, and what the faulty PE stores has its bit forced; then the sum
    is added at PMEM, input tiles outer and taps inner. Registers have `array.psum_bits` bits; a sum that does
    not fit wraps, or saturates. Raises `ConfigError` for a fault beyond the array or its registers.
    """

    def __init__(
        self,
        layer: IntegerLayer,
        codes: IntArray,
        array: ArrayShape,
        *,
        is_saturating: bool = False,
    ) -> None:
        """codes: ``n ic ih iw``."""
        self.layer, self.array = layer.as_dense(), array
        shape = layer.shape
        (pad_h, pad_w) = shape.padding
        plane = np.zeros((len(codes), shape.padded_h, shape.padded_w, shape.ic), np.int64)
        plane[:, pad_h : pad_h + shape.ih, pad_w : pad_w + shape.iw] = codes.transpose(0, 2, 3, 1)
        self._plane, self._is_saturating = plane, is_saturating

    def channels(self, col: int) -> range:
        """The output channels that a column computes, one in each output tile."""
        return range(col, self.layer.shape.oc, self.array.cols)

    def psums(self, fault: PsumFault, flips: Flips | None = None) -> Ints:
        """Psums ``n channel oh ow`` of the faulty column's `channels`; flips: for a fault of that kind."""
        self._check(fault, flips)
        shape, channels = self.layer.shape, self.channels(fault.col)
        found = np.empty((len(self._plane), len(channels), shape.oh, shape.ow), np.int64)
        never = np.full(len(self._plane), -1)
        folds = _folds_per_otile(self.layer, self.array)
        for otile, channel in enumerate(channels):
            _faulty_channel(
                self._plane,
                self.layer.weight[channel].astype(np.int64),
                shape.stride,
                (self.array.rows, fault.row, fault.bit, _KINDS[fault.kind]),
                (self.array.psum_bits, self._is_saturating),
                never if flips is None else flips.fold - otile * folds,
                never if flips is None else flips.pixel,
                found[:, otile],
            )
        return found

    def _check(self, fault: PsumFault, flips: Flips | None) -> None:
        array = self.array
        if fault.row >= array.rows or fault.col >= array.cols or fault.bit >= array.psum_bits:
            raise ConfigError(
                f"a fault must lie in the array, {array.rows}x{array.cols} with {array.psum_bits}-bit "
                f"psums, but is {fault}"
            )
        if (flips is None) != (fault.kind != "flip"):
            raise ConfigError(f"a flip needs its moments, and no other fault does: {fault}")


_KINDS = {"stuck0": 0, "stuck1": 1, "flip": 2}


def _folds_per_otile(layer: IntegerLayer, array: ArrayShape) -> int:
    return -(-layer.shape.ic // array.rows) * layer.shape.taps


@compiled
def _fit(value: int, bits: int, is_saturating: bool) -> int:
    half = 1 << (bits - 1)
    if is_saturating:
        return min(max(value, -half), half - 1)
    return ((value + half) & (2 * half - 1)) - half


@compiled
def _force(value: int, bit: int, kind: int, bits: int) -> int:
    """`value` of `bits` bits with one bit forced or flipped."""
    mask = 1 << bit
    raw = value & ((1 << bits) - 1)
    if kind == 0:
        raw &= ~mask
    elif kind == 1:
        raw |= mask
    else:
        raw ^= mask
    half = 1 << (bits - 1)
    return ((raw + half) & (2 * half - 1)) - half


@compiled
def _faulty_channel(
    plane: Array,
    weight: Array,
    stride: tuple[int, int],
    fault: tuple[int, int, int, int],
    register: tuple[int, bool],
    flip_fold: Array,
    flip_pixel: Array,
    psums: Array,
) -> None:
    """plane ``n h w ic``, weight ``ic kh kw``, fault (rows, row, bit, kind), psums ``n oh ow``."""
    rows, faulty_row, bit, kind = fault
    bits, is_saturating = register
    samples, height, width = psums.shape
    ic, kh, kw = weight.shape
    for n in range(samples):
        for pixel in range(height * width):
            top, left = pixel // width * stride[0], pixel % width * stride[1]
            total = 0
            for first in range(0, ic, rows):
                for tap in range(kh * kw):
                    inner = 0
                    for row in range(rows):
                        channel = first + row
                        if channel < ic:
                            code = plane[n, top + tap // kw, left + tap % kw, channel]
                            inner += code * weight[channel, tap // kw, tap % kw]
                            inner = _fit(inner, bits, is_saturating)
                        if row == faulty_row:
                            fold = first // rows * kh * kw + tap
                            if kind != 2 or (flip_fold[n] == fold and flip_pixel[n] == pixel):
                                inner = _force(inner, bit, kind, bits)
                    total = _fit(total + inner, bits, is_saturating)
            psums[n, pixel // width, pixel % width] = total


def faults_of(array: ArrayShape, kinds: Sequence[str], bits: Sequence[int]) -> list[PsumFault]:
    """Every PE with every bit and kind; PE after PE."""
    return [
        PsumFault(row, col, bit, kind)  # type: ignore[arg-type]
        for row in range(array.rows)
        for col in range(array.cols)
        for bit in bits
        for kind in kinds
    ]

"""Convolution by matrix products in the narrowest type that holds every partial sum exactly."""

from __future__ import annotations

import numpy as np

from tilewright.engine.kernels import Array
from tilewright.spec import IntegerLayer

FLOAT32_EXACT, FLOAT64_EXACT = 2**24, 2**53
"""Sums of integers below these are exact, in any order."""

MATRIX_BYTES = 1 << 24
"""Windows are laid out in pieces of about this size."""


def exact_dtype(limit: int) -> np.dtype[np.generic]:
    """The fastest type in which sums of integers up to |limit| are exact."""
    if limit < FLOAT32_EXACT:
        return np.dtype(np.float32)
    return np.dtype(np.float64 if limit < FLOAT64_EXACT else np.int64)


class MatrixProduct:
    """One layer as a matrix product of its windows, in numpy.

    limit: largest |psum|, which every partial sum keeps too. dtype: of the psums; int64 is numpy's own
    loop, the others go to BLAS.
    """

    def __init__(self, layer: IntegerLayer, *, dtype: np.dtype[np.generic]) -> None:
        self._shape, self.dtype = layer.shape, dtype
        matrix = layer.weight.transpose(2, 3, 1, 0).reshape(-1, layer.shape.oc)  # (kh kw ic) oc
        self._matrix = np.ascontiguousarray(matrix, dtype)

    def __call__(self, codes: Array) -> Array:
        """Psums ``n oh ow oc`` of codes ``n ih iw ic``."""
        shape = self._shape
        psums = np.empty((len(codes), shape.oh, shape.ow, shape.oc), self.dtype)
        bytes_per_sample = shape.onij * self._matrix.shape[0] * self.dtype.itemsize
        step = max(1, MATRIX_BYTES // bytes_per_sample)
        for start in range(0, len(codes), step):
            windows = self._windows(codes[start : start + step])
            self._multiply(windows, psums[start : start + step].reshape(len(windows), -1))
        return psums

    def _multiply(self, windows: Array, psums: Array) -> None:
        """Write psums ``(n oh ow) oc`` of windows ``(n oh ow) (kh kw ic)``."""
        np.matmul(windows, self._matrix, out=psums)

    def _windows(self, codes: Array) -> Array:
        """The windows as rows: ``(n oh ow) (kh kw ic)``."""
        shape = self._shape
        (pad_h, pad_w), (step_h, step_w) = shape.padding, shape.stride
        plane = np.zeros((len(codes), shape.padded_h, shape.padded_w, shape.ic), codes.dtype)
        plane[:, pad_h : pad_h + shape.ih, pad_w : pad_w + shape.iw] = codes
        windows = np.empty(
            (len(codes), shape.oh, shape.ow, shape.taps, shape.ic), self._matrix.dtype
        )
        for kij in range(shape.taps):
            row, column = divmod(kij, shape.kw)
            windows[:, :, :, kij] = plane[
                :,
                row : row + step_h * (shape.oh - 1) + 1 : step_h,
                column : column + step_w * (shape.ow - 1) + 1 : step_w,
            ]
        return windows.reshape(-1, shape.taps * shape.ic)

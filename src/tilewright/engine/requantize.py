"""Requantization of whole batches: sums of a node to the codes of a reader."""

from __future__ import annotations

import numpy as np

from tilewright.engine.kernels import Array, count_thresholds, pool_codes, search_thresholds
from tilewright.spec import Requantization

MOST_COUNTED = 63
"""Up to this many levels, comparing with each is faster than bisection (measured)."""

LANES = 256
"""Few channels are taken together, several pixels at a time, until there are about so many."""


class Requantizer:
    """One `Requantization`, ready for sums of one type. limit: largest |sum|."""

    def __init__(self, link: Requantization, *, limit: int, dtype: np.dtype[np.generic]) -> None:
        self._link = link
        channels, levels = link.thresholds.shape
        thresholds = link.thresholds.clip(
            -limit, limit + 1
        )  # oc level; all of them exact in `dtype`
        self._is_counted = levels <= MOST_COUNTED
        if self._is_counted:
            table = thresholds.T  # level oc
        else:
            width = 1 << levels.bit_length()
            table = np.full((channels, width), limit + 1, np.int64)  # oc width
            table[:, :levels] = thresholds
        self._table = np.ascontiguousarray(table, dtype)
        self._direction = link.direction.astype(dtype)
        self._dtype = link.dtype

    def __call__(self, sums: Array) -> Array:
        """Codes ``n ih iw ic`` of the reader: sums ``n oh ow oc``."""
        return self.pool(self._count(sums))

    def pool(self, codes: Array) -> Array:
        """What the reader reads of codes ``n oh ow oc``: pooled and flattened as the link says."""
        for pool in self._link.pools:
            size = pool.output_size(codes.shape[1], codes.shape[2])
            pooled = np.empty((len(codes), *size, codes.shape[3]), self._dtype)
            pool_codes(codes, pool.kernel, pool.stride, pool.padding, pooled)
            codes = pooled
        if self._link.is_flattened:
            return codes.transpose(0, 3, 1, 2).reshape(len(codes), 1, 1, -1)  # n 1 1 (oc oh ow)
        return codes

    def _count(self, sums: Array) -> Array:
        codes: Array = np.empty(sums.shape, self._dtype)
        pixels, channels = sums.size // sums.shape[3], sums.shape[3]
        together = self._pixels_together(pixels, channels)
        counts = np.full((2, channels * together), self._link.min_code, np.int32)
        table = np.tile(self._table, (1, together) if self._is_counted else (together, 1))
        apply = count_thresholds if self._is_counted else search_thresholds
        apply(
            sums.reshape(-1, channels * together),
            np.tile(self._direction, together),
            table,
            counts,
            codes.reshape(-1, channels * together),
        )
        return codes

    @staticmethod
    def _pixels_together(pixels: int, channels: int) -> int:
        most = max(1, LANES // channels)
        return next(count for count in range(most, 0, -1) if pixels % count == 0)

"""Compiled loops over sums and codes ``n h w c``: channels are innermost, for vector registers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.loops.compiled import compiled

Array = npt.NDArray[Any]


@compiled
def count_thresholds(
    sums: Array, direction: Array, thresholds: Array, counts: npt.NDArray[np.int32], codes: Array
) -> None:
    """Write ``codes[m, c]`` = counts[0, c] + number of ``thresholds[level, c]`` that direction * sum reaches.

    sums ``m c`` and thresholds have one type. counts: int32 ``2 c``; its first row is the code of no
    threshold, its second is scratch. One comparison for each level: for few levels.
    """
    pixels, channels = sums.shape
    levels = len(thresholds)
    row = np.empty(channels, sums.dtype)
    for m in range(pixels):
        for c in range(channels):
            row[c] = sums[m, c] * direction[c]
            counts[1, c] = counts[0, c]
        for level in range(levels):
            for c in range(channels):
                counts[1, c] += row[c] >= thresholds[level, c]
        for c in range(channels):
            codes[m, c] = counts[1, c]


@compiled
def search_thresholds(
    sums: Array, direction: Array, thresholds: Array, counts: npt.NDArray[np.int32], codes: Array
) -> None:
    """Like `count_thresholds`, but by bisection, which is faster for many levels.

    thresholds ``c width``, width a power of two and the last one never reached.
    """
    pixels, channels = sums.shape
    width = thresholds.shape[1]
    flat = thresholds.reshape(-1)
    row = np.empty(channels, sums.dtype)
    place = np.empty(channels, np.int32)  # in `flat`
    for m in range(pixels):
        for c in range(channels):
            row[c] = sums[m, c] * direction[c]
            place[c] = c * width
        step = width // 2
        while step > 0:
            jump = np.int32(step)
            for c in range(channels):
                place[c] += jump * np.int32(row[c] >= flat[place[c] + jump - np.int32(1)])
            step //= 2
        for c in range(channels):
            codes[m, c] = place[c] - c * width + counts[0, c]


@compiled
def pool_codes(
    codes: Array,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
    pooled: Array,
) -> None:
    """Largest code of each window: codes ``n h w c`` to pooled ``n oh ow c``; padding never wins."""
    samples, height, width, channels = codes.shape
    for n in range(samples):
        for oh in range(pooled.shape[1]):
            for ow in range(pooled.shape[2]):
                is_first = True
                for kh in range(kernel[0]):
                    for kw in range(kernel[1]):
                        h = oh * stride[0] + kh - padding[0]
                        w = ow * stride[1] + kw - padding[1]
                        if h < 0 or h >= height or w < 0 or w >= width:
                            continue
                        if is_first:
                            for c in range(channels):
                                pooled[n, oh, ow, c] = codes[n, h, w, c]
                        else:
                            for c in range(channels):
                                pooled[n, oh, ow, c] = max(pooled[n, oh, ow, c], codes[n, h, w, c])
                        is_first = False

"""Compiled loops over weights, and over bytes that become bfloat16."""

from __future__ import annotations

from typing import Any

import numpy as np

from tilewright.loops.compiled import compiled
from tilewright.quant.bfloat16 import wide


@compiled
def _bfloat16(byte: Any) -> Any:
    """A byte as bfloat16, which holds each of them."""
    return np.uint16(np.uint32(np.float32(byte).view(np.uint32)) >> np.uint32(16))


@compiled
def quantize_weights(weights: Any, step: Any, top: Any, codes: Any, first: int, last: int) -> None:
    """Codes int8 of rows `first` to `last` of weights ``row place``: divided, clipped, rounded."""
    for row in range(first, last):
        w, found = weights[row], codes[row]
        for place in range(len(w)):
            value = w[place] / step
            value = value if value > -top else -top
            value = value if value < top else top
            found[place] = np.int8(np.int32(np.rint(value)))


@compiled
def weight_gradients(
    weights: Any, given: Any, step: Any, top: Any, found: Any, sums: Any, first: int, last: int
) -> None:
    """Gradients of weights ``row place``; float64 ``row lane``: sums of those in range times w / step."""
    zero = top - top
    lanes = sums.shape[1]
    for row in range(first, last):
        total = sums[row]
        total[:] = 0
        for begin in range(0, weights.shape[1], lanes):
            end = begin + lanes
            w, g, f = weights[row, begin:end], given[row, begin:end], found[row, begin:end]
            for lane in range(len(w)):
                ratio = w[lane] / step
                passed = zero if ratio <= -top or ratio >= top else wide(g[lane])
                total[lane] += np.float64(passed * ratio)
                f[lane] = passed / step


@compiled
def widen(codes: Any, found: Any, first: int, last: int) -> None:
    """Bytes ``part place`` as bfloat16."""
    for part in range(first, last):
        c, f = codes[part], found[part]
        for place in range(len(c)):
            f[place] = _bfloat16(c[place])


@compiled
def spread_taps(weights: Any, links: Any, matrix: Any, first: int, last: int) -> None:
    """Weights int8 ``oc kh kw ic`` of channels `first` to `last`, as bfloat16, to ``oh ow oc ih iw ic``."""
    for oc in range(first, last):
        matrix[:, :, oc] = 0
        for link in range(len(links)):
            oy, ox, ky, kx, y, x = links[link]
            w, found = weights[oc, ky, kx], matrix[oy, ox, oc, y, x]
            for c in range(len(w)):
                found[c] = _bfloat16(w[c])


@compiled
def sum_taps(pairs: Any, links: Any, sums: Any, first: int, last: int) -> None:
    """Sums of bfloat16 ``oh ow oc ih iw ic`` by tap, ``oc kh kw ic``, of channels `first` to `last`."""
    for oc in range(first, last):
        sums[oc] = 0
        for link in range(len(links)):
            oy, ox, ky, kx, y, x = links[link]
            given, found = pairs[oy, ox, oc, y, x], sums[oc, ky, kx]
            for c in range(len(given)):
                found[c] += wide(given[c])

"""Compiled loops from psums to codes, and from the gradients of codes to those of psums.

Maps are arrays ``n h w c`` or ``rows c``. Psums are float32 or float64; gradients are that, or bfloat16.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tilewright.loops.compiled import compiled
from tilewright.quant.bfloat16 import like, wide


@compiled
def _largest(a: Any, b: Any, c: Any, d: Any, slope: Any, offset: Any) -> tuple[Any, Any, int]:
    """The largest value of four psums' line, its psum, and its place: the first of equals."""
    psum, value, place = a, a * slope + offset, 0
    other = b * slope + offset
    psum, value, place = (b, other, 1) if other > value else (psum, value, place)
    other = c * slope + offset
    psum, value, place = (c, other, 2) if other > value else (psum, value, place)
    other = d * slope + offset
    psum, value, place = (d, other, 3) if other > value else (psum, value, place)
    return value, psum, place


@compiled
def _code(value: Any, top: Any, half: Any) -> Any:
    """A value clipped to 0..top and rounded, uint8."""
    zero = top - top
    value = value if value > zero else zero
    value = value if value < top else top
    return np.uint8(np.int32((value + half) - half))


@compiled
def _passed(value: Any, gradient: Any, top: Any) -> Any:
    """The gradient of a code whose value lies within the range, else 0."""
    zero = top - top
    return zero if value <= zero or value >= top else wide(gradient)


@compiled
def _common(psum: Any, lines: Any, c: int) -> Any:
    """What a psum's gradient has from the statistics of its channel: see `write_gradients`."""
    return (psum - lines[2, c]) * lines[3, c] + lines[4, c]


@compiled
def sum_channels(psums: Any, sums: Any, first: int, last: int) -> None:
    """Sums and sums of squares of each channel: ``rows c`` to float64 ``part 2 c``."""
    rows, channels = psums.shape
    size = (rows + len(sums) - 1) // len(sums)
    for part in range(first, last):
        plain, squares = sums[part, 0], sums[part, 1]
        plain[:] = 0
        squares[:] = 0
        begin, end = min(part * size, rows), min(part * size + size, rows)
        fours = begin + (end - begin) // 4 * 4
        for row in range(begin, fours, 4):
            row0, row1, row2, row3 = psums[row], psums[row + 1], psums[row + 2], psums[row + 3]
            for c in range(channels):
                a, b = np.float64(row0[c]), np.float64(row1[c])
                d, e = np.float64(row2[c]), np.float64(row3[c])
                plain[c] += (a + b) + (d + e)
                squares[c] += (a * a + b * b) + (d * d + e * e)
        for row in range(fours, end):
            row0 = psums[row]
            for c in range(channels):
                a = np.float64(row0[c])
                plain[c] += a
                squares[c] += a * a


@compiled
def quantize_rows(
    psums: Any, lines: Any, top: Any, half: Any, codes: Any, parts: int, first: int, last: int
) -> None:
    """Codes uint8 ``rows c`` of psums ``rows c``: their lines' values, clipped to 0..top and rounded.

    lines: of each channel the slope and the offset, ``2 c``. half: a number of the psums' dtype that leaves
    no fraction of what is added to it.
    """
    rows, channels = psums.shape
    size = (rows + parts - 1) // parts
    for row in range(min(first * size, rows), min(last * size, rows)):
        p, found = psums[row], codes[row]
        for c in range(channels):
            value = p[c] * lines[0, c] + lines[1, c]
            found[c] = _code(value, top, half)


@compiled
def quantize_windows(
    psums: Any, lines: Any, top: Any, half: Any, codes: Any, parts: int, first: int, last: int
) -> None:
    """`quantize_rows` of the largest value of each window of 2x2: ``n h w c`` to ``n h//2 w//2 c``."""
    samples, height, width, channels = codes.shape
    size = (samples + parts - 1) // parts
    for sample in range(min(first * size, samples), min(last * size, samples)):
        for y in range(height):
            above, below, found = psums[sample, 2 * y], psums[sample, 2 * y + 1], codes[sample, y]
            for x in range(width):
                p0, p1, p2, p3 = above[2 * x], above[2 * x + 1], below[2 * x], below[2 * x + 1]
                q = found[x]
                for c in range(channels):
                    value, _, _ = _largest(p0[c], p1[c], p2[c], p3[c], lines[0, c], lines[1, c])
                    q[c] = _code(value, top, half)


@compiled
def sum_gradients(
    psums: Any, given: Any, lines: Any, top: Any, sums: Any, first: int, last: int
) -> None:
    """Sums of the gradients within the range, and of them times what psums have above their mean.

    psums, given: ``rows c``. lines: slope, offset, mean. sums: float64 ``part 2 c``.
    """
    rows, channels = psums.shape
    size = (rows + len(sums) - 1) // len(sums)
    for part in range(first, last):
        plain, moments = sums[part, 0], sums[part, 1]
        plain[:] = 0
        moments[:] = 0
        begin, end = min(part * size, rows), min(part * size + size, rows)
        twos = begin + (end - begin) // 2 * 2
        for row in range(begin, twos, 2):
            p0, p1, g0, g1 = psums[row], psums[row + 1], given[row], given[row + 1]
            for c in range(channels):
                slope, offset, mean = lines[0, c], lines[1, c], lines[2, c]
                value0, value1 = p0[c] * slope + offset, p1[c] * slope + offset
                passed0 = _passed(value0, g0[c], top)
                passed1 = _passed(value1, g1[c], top)
                plain[c] += np.float64(passed0 + passed1)
                moments[c] += np.float64(passed0 * (p0[c] - mean) + passed1 * (p1[c] - mean))
        for row in range(twos, end):
            p0, g0 = psums[row], given[row]
            for c in range(channels):
                value0 = p0[c] * lines[0, c] + lines[1, c]
                passed0 = _passed(value0, g0[c], top)
                plain[c] += np.float64(passed0)
                moments[c] += np.float64(passed0 * (p0[c] - lines[2, c]))


@compiled
def sum_window_gradients(
    psums: Any, given: Any, lines: Any, top: Any, sums: Any, first: int, last: int
) -> None:
    """`sum_gradients` where each gradient ``n h//2 w//2 c`` is that of the largest value of a window."""
    samples, height, width, channels = given.shape
    size = (samples + len(sums) - 1) // len(sums)
    for part in range(first, last):
        plain, moments = sums[part, 0], sums[part, 1]
        plain[:] = 0
        moments[:] = 0
        for sample in range(min(part * size, samples), min(part * size + size, samples)):
            for y in range(height):
                above, below, got = (
                    psums[sample, 2 * y],
                    psums[sample, 2 * y + 1],
                    given[sample, y],
                )
                for x in range(width):
                    p0, p1, p2, p3 = above[2 * x], above[2 * x + 1], below[2 * x], below[2 * x + 1]
                    g = got[x]
                    for c in range(channels):
                        value, psum, _ = _largest(
                            p0[c], p1[c], p2[c], p3[c], lines[0, c], lines[1, c]
                        )
                        passed = _passed(value, g[c], top)
                        plain[c] += np.float64(passed)
                        moments[c] += np.float64(passed * (psum - lines[2, c]))


@compiled
def write_gradients(
    psums: Any,
    given: Any,
    lines: Any,
    top: Any,
    zero_of: Any,
    found: Any,
    parts: int,
    first: int,
    last: int,
) -> None:
    """Gradients of psums ``rows c``, stored such as `zero_of`.

    lines: slope, offset, mean, the factor of what the psum has above its mean, and what is added: ``5 c``.
    """
    rows, channels = psums.shape
    size = (rows + parts - 1) // parts
    for row in range(min(first * size, rows), min(last * size, rows)):
        p, g, f = psums[row], given[row], found[row]
        for c in range(channels):
            psum = p[c]
            value = psum * lines[0, c] + lines[1, c]
            passed = _passed(value, g[c], top)
            f[c] = like(zero_of, passed * lines[0, c] + _common(psum, lines, c))


@compiled
def _write_beyond_windows(psums: Any, lines: Any, zero_of: Any, found: Any) -> None:
    """Gradients of psums ``h w c`` in the last row and column where sizes are odd."""
    height, width, channels = psums.shape
    for y in range(height):
        for x in range(width):
            if y >= height // 2 * 2 or x >= width // 2 * 2:
                p, f = psums[y, x], found[y, x]
                for c in range(channels):
                    f[c] = like(zero_of, _common(p[c], lines, c))


@compiled
def write_window_gradients(
    psums: Any,
    given: Any,
    lines: Any,
    top: Any,
    zero_of: Any,
    found: Any,
    parts: int,
    first: int,
    last: int,
) -> None:
    """`write_gradients` where a gradient ``n h//2 w//2 c`` goes to the first of the largest in its window."""
    samples, channels = len(psums), psums.shape[3]
    size = (samples + parts - 1) // parts
    zero = top - top
    which, passed = np.empty(channels, np.int32), np.empty(channels, psums.dtype)
    for sample in range(min(first * size, samples), min(last * size, samples)):
        _write_beyond_windows(psums[sample], lines, zero_of, found[sample])
        for y in range(given.shape[1]):
            above, below = psums[sample, 2 * y], psums[sample, 2 * y + 1]
            for x in range(given.shape[2]):
                p0, p1, p2, p3 = above[2 * x], above[2 * x + 1], below[2 * x], below[2 * x + 1]
                g = given[sample, y, x]
                for c in range(channels):
                    value, _, place = _largest(p0[c], p1[c], p2[c], p3[c], lines[0, c], lines[1, c])
                    which[c] = place
                    passed[c] = _passed(value, g[c], top) * lines[0, c]
                for place in range(4):
                    p = psums[sample, 2 * y + place // 2, 2 * x + place % 2]
                    f = found[sample, 2 * y + place // 2, 2 * x + place % 2]
                    for c in range(channels):
                        own = passed[c] if which[c] == place else zero
                        f[c] = like(zero_of, own + _common(p[c], lines, c))

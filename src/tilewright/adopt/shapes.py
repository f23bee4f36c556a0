"""Sizes of planes, kernels and strides that so many numbers could belong to."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache
from math import isqrt

KERNELS: tuple[tuple[int, int], ...] = (
    *(
        (3, 3),
        (1, 1),
        (5, 5),
        (2, 2),
        (7, 7),
        (1, 3),
        (3, 1),
        (1, 2),
        (2, 1),
        (4, 4),
        (1, 5),
        (5, 1),
    ),
    *((2, 3), (3, 2), (6, 6)),
)
"""Sizes of kernels, the usual ones first."""
MOST_STRIDE, MOST_PADDING = 4, 3
Shape = tuple[tuple[int, int] | None, tuple[int, int], tuple[int, int], tuple[int, int], int, int]


@lru_cache(maxsize=10_000)
def shapes_of(
    kernel: tuple[int, int], per_channel: int, outputs: int, kind: str, is_usual: bool
) -> tuple[Shape, ...]:
    """Plane, padding, stride, ofmap, pixels of a channel in the file, and first pixels only."""
    found = list(_plane_shapes(kernel, per_channel, outputs, kind, is_usual))
    pixels, rest = divmod(per_channel, kernel[0] * kernel[1])
    if not rest and kernel != (1, 1) and kind != "streamed" and pixels >= outputs:
        found.append((None, (0, 0), (1, 1), next(factor_pairs(outputs)), pixels, 0))
    return tuple(found)


def _plane_shapes(
    kernel: tuple[int, int], per_channel: int, outputs: int, kind: str, is_usual: bool
) -> Iterator[Shape]:
    for plane in factor_pairs(per_channel):
        if is_usual and max(plane) > 2 * min(plane):
            continue
        for padding, stride in _steps(kernel, is_usual):
            out = out_size(plane, kernel, padding, stride)
            if out is None:
                continue
            if kind == "streamed":
                if outputs == per_channel and padding == (0, 0):
                    yield plane, padding, stride, out, per_channel, 0
            elif outputs == out[0] * out[1]:
                yield plane, padding, stride, out, per_channel, 0
            elif not is_usual and _may_be_first(outputs, out[0] * out[1], kernel, padding, stride):
                yield plane, padding, stride, out, per_channel, outputs


@cache
def _steps(
    kernel: tuple[int, int], is_usual: bool
) -> tuple[tuple[tuple[int, int], tuple[int, int]], ...]:
    """Paddings and strides that a layer of that kernel could have."""
    most = range(min(MOST_PADDING, max(kernel) - 1) + 1)
    found = []
    for padding in _pairs(most):
        for stride in _pairs(range(1, MOST_STRIDE + 1)):
            is_within = all(p < k for p, k in zip(padding, kernel, strict=True))
            ways = (padding[0] != padding[1] and kernel[0] == kernel[1]) + (stride[0] != stride[1])
            if is_within and ways < (1 if is_usual else 2):
                found.append((padding, stride))
    return tuple(found)


def _may_be_first(
    outputs: int,
    onij: int,
    kernel: tuple[int, int],
    padding: tuple[int, int],
    stride: tuple[int, int],
) -> bool:
    usual = padding in ((0, 0), (kernel[0] // 2, kernel[1] // 2)) and stride == (1, 1)
    return usual and 1 < outputs < onij and outputs in (4, 8, 16, 32)


def out_size(
    plane: tuple[int, int],
    kernel: tuple[int, int],
    padding: tuple[int, int],
    stride: tuple[int, int],
) -> tuple[int, int] | None:
    """Sizes of the ofmap; None if the kernel does not fit."""
    spare = [p + 2 * q - k for p, q, k in zip(plane, padding, kernel, strict=True)]
    if min(spare) < 0:
        return None
    return spare[0] // stride[0] + 1, spare[1] // stride[1] + 1


def _pairs(numbers: range) -> Iterator[tuple[int, int]]:
    for first in numbers:
        for second in numbers:
            yield first, second


def factor_pairs(number: int) -> Iterator[tuple[int, int]]:
    """Heights and widths with that product, squares first."""
    for small in range(isqrt(number), 0, -1):
        if number % small == 0:
            yield small, number // small
            if small * small != number:
                yield number // small, small


@cache
def divisors(number: int) -> tuple[int, ...]:
    """All divisors of a number, ascending."""
    return tuple(n for n in range(1, number + 1) if number % n == 0)

"""Sizes of planes, kernels and strides that so many numbers could belong to."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import chain
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
FIRST = (4, 8, 16, 32)
"""Ofmap pixels of which a file may hold the first ones only."""
Pair = tuple[int, int]
Shape = tuple[Pair | None, Pair, Pair, Pair, int, int, Pair | None]


@lru_cache(maxsize=10_000)
def shapes_of(
    kernel: tuple[int, int], per_channel: int, outputs: int, kind: str, is_usual: bool
) -> tuple[Shape, ...]:
    """Plane, padding, stride, ofmap, pixels of a channel in the file, first pixels only, and no tiles."""
    found = list(_plane_shapes(kernel, per_channel, outputs, kind, is_usual))
    pixels, rest = divmod(per_channel, kernel[0] * kernel[1])
    if not rest and kind != "streamed" and pixels >= outputs:
        found.append((None, (0, 0), (1, 1), next(factor_pairs(outputs)), pixels, 0, None))
    return tuple(found)


def _plane_shapes(
    kernel: Pair, per_channel: int, outputs: int, kind: str, is_usual: bool
) -> Iterator[Shape]:
    found = _outs(kernel, per_channel, is_usual)
    if kind == "streamed":
        if outputs == per_channel:
            for sizes in chain.from_iterable(found.values()):
                if sizes[1] == (0, 0):
                    yield *sizes, per_channel, 0, None
        return
    for sizes in found.get(outputs, ()):
        yield *sizes, per_channel, 0, None
    if is_usual or outputs not in FIRST:
        return
    for count, more in found.items():
        for sizes in more if count > outputs else ():
            if sizes[2] == (1, 1) and sizes[1] in ((0, 0), (kernel[0] // 2, kernel[1] // 2)):
                yield *sizes, per_channel, outputs, None


@lru_cache(maxsize=10_000)
def _outs(
    kernel: Pair, per_channel: int, is_usual: bool
) -> dict[int, list[tuple[Pair, Pair, Pair, Pair]]]:
    """Planes of so many pixels, with padding, stride and ofmap, by the number of pixels of the latter."""
    found: dict[int, list[tuple[Pair, Pair, Pair, Pair]]] = {}
    for plane in factor_pairs(per_channel):
        is_line = min(plane) == min(kernel) == 1 < max(kernel)
        if is_usual and max(plane) > 2 * min(plane) and not is_line:
            continue
        for padding, stride in _steps(kernel, is_usual):
            out = out_size(plane, kernel, padding, stride)
            if out is not None:
                found.setdefault(out[0] * out[1], []).append((plane, padding, stride, out))
    return found


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


def out_size(
    plane: tuple[int, int],
    kernel: tuple[int, int],
    padding: tuple[int, int],
    stride: tuple[int, int],
) -> tuple[int, int] | None:
    """Sizes of the ofmap; None if the kernel does not fit."""
    down = plane[0] + 2 * padding[0] - kernel[0]
    across = plane[1] + 2 * padding[1] - kernel[1]
    if down < 0 or across < 0:
        return None
    return down // stride[0] + 1, across // stride[1] + 1


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

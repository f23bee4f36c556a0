"""Windows of an output-stationary file: the planes in which each of them says the same code of a pixel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from tilewright.adopt.operands import Tensor, tap_order, tap_orders
from tilewright.adopt.shapes import factor_pairs

Pair = tuple[int, int]
FEWEST_TWICE = 6
"""Codes other than 0, at least, that windows say more than once: fewer may agree by chance."""


@dataclass(frozen=True, slots=True)
class Plane:
    """The ifmap of a layer: its sizes, and how the file has it.

    form: "padded", "unpadded", "windows" or "halo". tap_order: of windows. notes: what else it could be.
    """

    size: Pair
    padding: Pair
    stride: Pair
    out: Pair
    form: str
    tap_order: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class _Planes:
    """Planes that windows of so many pixels can be of, and where each code stands before.

    before: ``plane code``, for each code of a channel ``(kij onij)`` as the file has it the first one of the
    same pixel, or one after the last where a pixel is outside of the plane and the code 0.
    """

    planes: tuple[Plane, ...]
    before: npt.NDArray[np.int32]


def window_planes(
    codes: Tensor, kernel: Pair, onij: int, *, is_strict: bool = False
) -> Iterator[Plane]:
    """Planes that windows ``ic kij pixel`` can be of, the usual sizes first.

    is_strict: those alone in which windows have so many codes in common that they do not agree by chance.
    """
    known = _planes(kernel, onij, is_strict=is_strict)
    if not known.planes:
        return
    windows = codes[:, :, :onij].reshape(len(codes), -1)
    count = windows.shape[1]
    ended = np.concatenate([windows, np.zeros((len(windows), 1), windows.dtype)], axis=1)
    likely = (ended[0, known.before] == windows[0]).all(axis=1)
    for at in np.flatnonzero(likely).tolist():
        before = known.before[at]
        if (ended[:, before] != windows).any():
            continue
        is_told = (before != np.arange(count)) & (before < count)
        if not is_strict or np.count_nonzero(windows[:, is_told]) >= FEWEST_TWICE:
            yield known.planes[at]


@lru_cache(maxsize=64)
def _planes(kernel: Pair, onij: int, *, is_strict: bool) -> _Planes:
    planes, before = [], []
    for plane in _sizes(kernel, onij):
        first = _first(kernel, plane)
        if is_strict and not ((first != np.arange(first.size)) & (first < first.size)).any():
            continue
        for order in tap_orders(kernel):
            at = (tap_order(kernel, order)[:, None] * onij + np.arange(onij)).reshape(-1)
            moved = np.empty_like(first)
            moved[at] = np.where(
                first < first.size, at[np.minimum(first, first.size - 1)], first.size
            )
            planes.append(replace(plane, tap_order=order))
            before.append(moved)
    return _Planes(tuple(planes), np.array(before))


def _sizes(kernel: Pair, onij: int) -> Iterator[Plane]:
    kh, kw = kernel
    for out in factor_pairs(onij):
        for stride in (1, 2, 3):
            for padding in dict.fromkeys(((kh // 2, kw // 2), (0, 0), (1, 1))):
                size = tuple(
                    (o - 1) * stride + k - 2 * p
                    for o, k, p in zip(out, kernel, padding, strict=True)
                )
                if min(size) > 0:
                    yield Plane((size[0], size[1]), padding, (stride, stride), out, "windows")


def _first(kernel: Pair, plane: Plane) -> npt.NDArray[np.int32]:
    """For each code ``(kij onij)`` the first one of the same pixel; their number, outside of the plane."""
    (kh, kw), (oh, ow) = kernel, plane.out
    (step, _), (ph, pw), (height, width) = plane.stride, plane.padding, plane.size
    down = np.arange(kh)[:, None] + step * np.arange(oh) - ph
    across = np.arange(kw)[:, None] + step * np.arange(ow) - pw
    is_inside = (
        ((down >= 0) & (down < height))[:, None, :, None]
        & ((across >= 0) & (across < width))[None, :, None, :]
    ).reshape(-1)
    pixels = ((down + ph)[:, None, :, None] * (width + 2 * pw) + across[None, :, None, :]).reshape(
        -1
    )
    _, index, inverse = np.unique(pixels, return_index=True, return_inverse=True)
    return np.where(is_inside, index[inverse.reshape(-1)], pixels.size).astype(np.int32)

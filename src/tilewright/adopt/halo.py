"""Ifmap tiles with halo: which sizes so many numbers allow, and the plane that they were cut from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.adopt.shapes import Shape, divisors, factor_pairs

Pair = tuple[int, int]
STRIDES = (1, 2)
FEWEST_TWICE = 6
"""Codes other than 0, at least, that tiles say more than once: fewer may agree by chance."""
MOST_UNEQUAL = 2
"""How many times as high as wide, or the reverse, an ofmap or a tile may be."""
MOST_ACROSS = 16
"""Tiles across, and down, that are looked for."""


def halo_shapes(kernel: Pair, per_channel: int, outputs: int) -> Sequence[Shape]:
    """Sizes with which tiles of the ofmap see `per_channel` codes of a channel, halos in each tile."""
    return _all_shapes(kernel, outputs).get(per_channel, ())


@lru_cache(maxsize=10_000)
def _all_shapes(kernel: Pair, outputs: int) -> dict[int, list[Shape]]:
    """Sizes of tiles of so many ofmap pixels, by the number of codes of a channel."""
    found: dict[int, list[Shape]] = {}
    if not outputs:
        return {}
    outs = [out for out in factor_pairs(outputs) if max(out) <= MOST_UNEQUAL * min(out)]
    for out, stride in product(outs, STRIDES):
        if max(kernel) <= stride:
            continue  # nothing is in two tiles
        size = window_of(out, kernel, (stride, stride))
        for tile in _tiles(out):
            count = tiles_of(out, tile)
            down, across = window_of(tile, kernel, (stride, stride))
            codes = count[0] * count[1] * down * across
            sizes = (size, (0, 0), (stride, stride), out, codes, 0, tile)
            found.setdefault(codes, []).append(sizes)
    return found


def tilings(per_channel: int) -> Iterator[tuple[int, int, int]]:
    """Tiles down and across, and codes of each, that make so many codes of a channel."""
    for down in divisors(per_channel)[:MOST_ACROSS]:
        for across in divisors(per_channel // down)[:MOST_ACROSS]:
            if down * across > 1:
                yield down, across, per_channel // (down * across)


def _tiles(out: Pair) -> Iterator[Pair]:
    """Ofmap pixels that a tile can be for, two tiles or more."""
    for down in range(1, out[0] + 1):
        for across in range(1, out[1] + 1):
            count = tiles_of(out, (down, across))
            is_usual = max(count) <= MOST_ACROSS and max(down, across) <= MOST_UNEQUAL * min(
                down, across
            )
            if count[0] * count[1] > 1 and is_usual:
                yield down, across


def tiles_of(out: Pair, tile: Pair) -> Pair:
    """Tiles down and across."""
    return -(-out[0] // tile[0]), -(-out[1] // tile[1])


def window_of(pixels: Pair, kernel: Pair, stride: Pair) -> Pair:
    """Rows and columns that so many ofmap pixels see."""
    down, across = ((p - 1) * s + k for p, s, k in zip(pixels, stride, kernel, strict=True))
    return down, across


def merged(
    codes: npt.NDArray[Any], tile: Pair, stride: Pair, plane: Pair
) -> npt.NDArray[Any] | None:
    """Codes ``ic th tw h w`` of tiles as the plane ``ic h w``; None where tiles contradict one another.

    None as well where they have nothing in common that could.
    """
    _, down_tiles, across_tiles, height, width = codes.shape
    rows = np.arange(down_tiles)[:, None] * (tile[0] * stride[0]) + np.arange(height)  # th h
    columns = np.arange(across_tiles)[:, None] * (tile[1] * stride[1]) + np.arange(width)  # tw w
    shape = (len(codes), int(rows.max()) + 1, int(columns.max()) + 1)
    whole = np.zeros(shape, codes.dtype)
    at = rows[:, None, :, None], columns[None, :, None, :]  # th tw h w
    whole[:, at[0], at[1]] = codes
    if (whole[:, at[0], at[1]] != codes).any():
        return None
    if np.count_nonzero(codes) - np.count_nonzero(whole) < FEWEST_TWICE:
        return None
    inside = whole[:, : plane[0], : plane[1]]
    return None if np.count_nonzero(inside) < np.count_nonzero(whole) else inside

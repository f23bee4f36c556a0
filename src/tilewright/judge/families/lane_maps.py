"""Mistakes in the order of channels in a word and of tiles: where each channel is taken from."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tilewright.spec import Ints

ALL_PAIRS = 8
"""Lanes up to which any two of them may be exchanged."""

LaneMap = tuple[str, str, Ints]
"""Key, words for people, and for each channel the channel that is taken in its place, or -1 for none."""


def lane_maps(count: int, width: int) -> Iterator[LaneMap]:
    """Wrong orders of `count` channels in tiles of `width` lanes."""
    lane = np.arange(width)
    yield from _whole(count, width, lane)
    for n in (1, 2, 3, -1, -2, -3):
        if abs(n) >= width:
            continue
        way = f"{abs(n)} lane{'s' * (abs(n) > 1)} {'up' if n > 0 else 'down'}"
        source = lane + n
        inside = (source >= 0) & (source < width)
        yield _map(f"rotated n={n}", f"rotated by {way}", source % width, count, width)
        yield _map(
            f"shifted n={n}", f"{way}, the rest 0", np.where(inside, source, -1), count, width
        )
        repeated = np.clip(source, 0, width - 1)
        yield _map(f"repeated n={n}", f"{way}, the end repeated", repeated, count, width)
    yield from _exchanged(count, width)
    if count != width:
        yield "all-reversed", "in reverse order from the first to the last", np.arange(count)[::-1]
    yield from _tiles(count, width)


def _whole(count: int, width: int, lane: Ints) -> Iterator[LaneMap]:
    yield _map("reversed", "in reverse order", width - 1 - lane, count, width)
    yield _map("pairs", "exchanged in pairs", _within(lane ^ 1, width), count, width)
    if width > 2 and width % 2 == 0:
        half = width // 2
        yield _map("halves", "with the halves exchanged", (lane + half) % width, count, width)
        bytes_ = (half - 1 - lane // 2) * 2 + lane % 2
        yield _map("bytes", "with pairs in reverse order", bytes_, count, width)
        yield _map("interleaved", "interleaved", lane % 2 * half + lane // 2, count, width)
        apart = lane % half * 2 + lane // half
        yield _map("deinterleaved", "even ones first, then odd ones", apart, count, width)
    if width > 4 and width % 4 == 0:
        yield _map("fours", "in reverse order within fours", lane ^ 3, count, width)


def _exchanged(count: int, width: int) -> Iterator[LaneMap]:
    """Two lanes with channels exchanged: of a narrow array all pairs, of a wide one neighbors."""
    held = min(count, width)
    for first in range(held):
        for second in range(first + 1, held if width <= ALL_PAIRS else min(first + 2, held)):
            lane = np.arange(width)
            lane[[first, second]] = second, first
            words = f"of lanes {first} and {second} exchanged"
            yield _map(f"exchanged lanes={first},{second}", words, lane, count, width)


def _tiles(count: int, width: int) -> Iterator[LaneMap]:
    tiles = -(-count // width)
    if tiles < 2:
        return
    channel = np.arange(count)
    tile, lane = np.divmod(channel, width)
    orders = {
        "tiles reversed": ("with the tiles in reverse order", tiles - 1 - tile),
        "tiles rotated n=1": ("of the next tile", (tile + 1) % tiles),
        "tiles rotated n=-1": ("of the tile before", (tile - 1) % tiles),
        "tile first": ("of the first tile in every tile", tile * 0),
        "tile last": ("of the last tile in every tile", tile * 0 + tiles - 1),
    }
    for key, (words, order) in orders.items():
        source = order * width + lane
        yield key, words, np.where(source < count, source, -1)
    interleaved = lane * tiles + tile
    yield (
        "tiles interleaved",
        "dealt out to the tiles in turn",
        np.where(interleaved < count, interleaved, -1),
    )


def _map(key: str, words: str, lanes: Ints, count: int, width: int) -> LaneMap:
    """The lane map in every tile; lanes beyond the last channel have none."""
    channel = np.arange(count)
    tile, lane = np.divmod(channel, width)
    chosen = lanes[lane]
    source = np.where(chosen < 0, -1, tile * width + chosen)
    return key, words, np.where(source < count, source, -1)


def _within(lanes: Ints, width: int) -> Ints:
    return np.where(lanes < width, lanes, np.arange(width))


def moved(array: Ints, source: Ints, axis: int) -> Ints:
    """`array` with each place of `axis` taken from `source`; 0 where that is -1."""
    found: Ints = np.take(array, np.maximum(source, 0), axis=axis)
    if (source < 0).any():
        shape = [1] * array.ndim
        shape[axis] = len(source)
        found = np.where((source >= 0).reshape(shape), found, 0)
    return found

"""Convolution of 3x3 taps with 16 products for 4 sums instead of 36, in integers: Winograd's F(2x2, 3x3).

Weights and planes are transformed, multiplied at each of 16 positions, and transformed back:
``4 * psum = A (sum over ic of (2G w 2G') * (B x B')) A'``. Doubling G keeps it integral; the division by 4
leaves no rest. Codes and weights of few bits stay within bytes: four times the largest code, nine times the
largest weight.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.loops.blocks import LANES, ROWS, TOGETHER, sum_block
from tilewright.loops.compiled import compiled
from tilewright.loops.instructions import REGISTERS, has_registers
from tilewright.loops.tiles import write_tile
from tilewright.spec import ConvShape

Array = npt.NDArray[Any]

TAPS, TILE, POSITIONS = 3, 2, 16
LARGEST_GAINS = 4, 9
"""Of a code and of a weight in a transformed one."""

TILES = 32
"""Tiles taken together, about: each weight that is loaded serves all of them."""


def fits(shape: ConvShape, highest: int, largest: int) -> bool:
    """Whether codes 0..highest and weights of a size up to largest can be transformed here."""
    code, weight = (gain * top for gain, top in zip(LARGEST_GAINS, (highest, largest), strict=True))
    return (
        has_registers()
        and (shape.kh, shape.kw, *shape.stride, shape.groups) == (TAPS, TAPS, 1, 1, 1)
        and shape.ic % TOGETHER == 0
        and shape.oc % LANES == 0
        and weight < 2**7
        and code < 2**8
        and (REGISTERS.has_fours or 2 * code * weight < 2**15)
    )


class TransformedWeights:
    """Weights int8 ``oc ic kh kw`` that `fits` allows, for any number of samples of codes 0..highest."""

    def __init__(self, shape: ConvShape, weight: Array, highest: int) -> None:
        groups, steps = shape.oc // LANES, shape.ic // TOGETHER
        self._weights = _aligned((groups, POSITIONS, steps * LANES * TOGETHER))
        self._begin = np.empty((groups, POSITIONS, LANES), np.int32)
        rows = np.ascontiguousarray(weight.transpose(0, 2, 3, 1), np.int8)  # oc kh kw ic
        fours = self._weights.view(np.int32).reshape(groups, POSITIONS, steps, LANES)
        _transform(rows, -2 * highest, fours, self._begin)
        self._pieces = _pieces(self._weights.reshape(*fours.shape, TOGETHER), highest)
        (top, _), (left, _) = shape.edges
        self._plane = (shape.ih, shape.iw, shape.ic, top, left, 2 * highest)
        self._ofmap = (shape.oh, shape.ow, shape.oc)
        high, wide = -(-shape.oh // TILE), -(-shape.ow // TILE)
        together = max(1, TILES // wide)  # rows of tiles
        self._tiles = (high, wide, together, -(-together * wide // ROWS) * ROWS)

    @property
    def steps(self) -> int:
        """Steps whose pairs 16 bits hold, whatever the codes are."""
        return self._pieces[1]

    def room(self, samples: int, dtype: npt.DTypeLike) -> Array:
        """What `write` needs for so many samples: flat, longer than their map by what lies outside of it."""
        return np.empty(samples * math.prod(self._ofmap) + LANES, dtype)

    def write(self, codes: Array, found: Array, first: int, last: int) -> None:
        """Write to a `room` of int32 or float32 the psums of samples `first` to `last`.

        codes: uint8 ``n ih iw ic``.
        """
        self._convolve(codes, np.zeros((self._ofmap[2] // LANES, 2, LANES)), 0, found, first, last)

    def write_codes(self, codes: Array, lines: Array, highest: int, found: Array) -> None:
        """Write to a `room` of uint8 the psums' lines, rounded and clipped to 0..highest.

        lines: float32 ``2 oc``, slope and offset of each channel.
        """
        slope, offset = lines
        quarters = np.stack([slope / 4, offset])  # a power of two: no other rounding
        apart = quarters.reshape(2, -1, LANES).transpose(1, 0, 2)  # group 2 lane
        self._convolve(codes, apart, highest, found, 0, len(codes))

    def map_of(self, room: Array) -> Array:
        """What was written to a `room`, without a copy: ``n oh ow oc``."""
        return room[:-LANES].reshape(-1, *self._ofmap)

    def _convolve(
        self, codes: Array, lines: Array, highest: int, found: Array, first: int, last: int
    ) -> None:
        weights, span = (self._weights, self._begin, self._pieces), (first, last)
        codes, lines = (
            np.ascontiguousarray(codes, np.uint8),
            np.ascontiguousarray(lines, np.float32),
        )
        places = (self._plane, self._tiles, self._ofmap)
        _convolve(codes, span, weights, *places, lines, np.float32(highest), found)


def _pieces(weights: Array, highest: int) -> tuple[int, int]:
    """Into how many pieces of how many steps sums must be cut, so that 16 bits hold each, whatever the codes.

    One piece where sums have 32 bits. weights: transformed, int8 ``group position step lane together``.
    """
    steps = weights.shape[2]
    if REGISTERS.has_fours:
        return 1, steps
    even, odd = (weights[..., side::2].astype(np.int16) for side in (0, 1))
    rises = np.maximum(even, 0) + np.maximum(odd, 0)
    ends = [
        way.reshape(*way.shape[:3], -1) for way in (rises, rises - even - odd)
    ]  # 2 group position step lane
    for pieces in range(1, steps + 1):
        if steps % pieces == 0:
            parts = (way.reshape(*way.shape[:2], pieces, steps // pieces, -1) for way in ends)
            largest = max(int(part.sum(axis=3, dtype=np.int32).max()) for part in parts)
            if largest * 4 * highest < 2**15:
                break
    return pieces, steps // pieces


def _aligned(shape: tuple[int, ...]) -> Array:
    """Room for int8 that begins at a multiple of 64 bytes, as vectors are loaded fastest."""
    space = np.empty(math.prod(shape) + 64, np.int8)
    first = -space.ctypes.data % 64
    return space[first : first + math.prod(shape)].reshape(shape)


@compiled
def _transform(weights: Array, per_sum: int, fours: Array, begin: Array) -> None:
    """Write ``2G w 2G'`` of weights ``oc kh kw ic``, and what sums begin with, for planes that are moved up.

    fours: bytes, as int32 ``group position step lane``. begin: int32 ``group position lane``: sums of the
    transformed times per_sum; 0 for position 5, whose planes are never negative, and not moved up.
    """
    ic = weights.shape[3]
    down = np.empty((TAPS, 4, ic), np.int8)  # kw first, as it is left
    moved = np.empty((POSITIONS, ic), np.int8)
    words = moved.view(np.int32)
    for channel in range(len(weights)):
        group, lane = channel // LANES, channel % LANES
        for kw in range(TAPS):
            for row in range(4):
                _double(weights[channel, :, kw], row, down[kw, row])
        for position in range(POSITIONS):
            _double(down[:, position // 4], position % 4, moved[position])
            total = np.int32(0)
            for place in range(ic):
                total += np.int32(moved[position, place])
            begin[group, position, lane] = 0 if position == 5 else per_sum * total
            for step in range(words.shape[1]):
                fours[group, position, step, lane] = words[position, step]


@compiled
def _double(lines: Array, row: int, target: Array) -> None:
    """A row of ``2G`` times three lines of bytes."""
    for place in range(len(target)):
        a, b, c = lines[0, place], lines[1, place], lines[2, place]
        if row == 0:
            target[place] = np.int8(a + a)
        elif row == 1:
            target[place] = np.int8(np.int8(a + b) + c)
        elif row == 2:
            target[place] = np.int8(np.int8(a - b) + c)
        else:
            target[place] = np.int8(c + c)


FIRST, SECOND, IS_SUM = (0, 1, 2, 1), (2, 2, 1, 3), (False, True, False, False)
"""B: two of four lines that each position takes, and whether they are added, or the second subtracted."""


@compiled
def _convolve(
    codes: Array,
    span: Any,
    of_weights: Any,
    of_plane: Any,
    of_tiles: Any,
    of_ofmap: Any,
    lines: Array,
    top: Any,
    found: Array,
) -> None:
    """Write codes uint8, or psums int32 or float32, ``n oh ow oc``, and something into `LANES` places behind.

    span: the first sample, and the one behind the last. lines: slope / 4 and offset of each channel,
    ``group 2 lane``.
    """
    weights, begin, pieces = of_weights
    ic, up = of_plane[2], of_plane[5]
    high, wide, together, tiles = of_tiles
    planes = np.zeros((2, 2 * high + 2, (wide + 1) * ic), np.uint8)
    halfway = np.empty((2, 4, (wide + 1) * ic), np.uint8)
    moved = np.zeros((POSITIONS, tiles * ic), np.uint8)
    products = np.empty((POSITIONS, tiles * LANES), np.int32)
    held = 0
    for n in range(span[0], span[1]):
        _split(codes[n], of_plane, planes)
        for row in range(high):
            _move(planes, row, ic, up, halfway, moved, held * wide * ic)
            held += 1
            if held == together or (n + 1 == span[1] and row + 1 == high):
                place = (n * high + row + 1 - held, held, high, wide)
                for group in range(len(weights)):
                    for position in range(POSITIONS):
                        for tile in range(0, held * wide, ROWS):
                            sum_block(
                                (moved[position], tile * ic, ic),
                                (weights[group, position], 0),
                                (begin[group, position], 0),
                                pieces,
                                (products[position], tile * LANES),
                            )
                    _finish(products, place, of_ofmap, group, lines, top, found)
                held = 0


@compiled
def _split(codes: Array, of_plane: Any, planes: Array) -> None:
    """The padded plane's even and its odd columns, each a row of ``column ic``: zeros of the padding stay."""
    _, _, ic, top, left, _ = of_plane
    for row in range(min(len(codes), planes.shape[1] - top)):
        source = codes[row].reshape(-1)
        for column in range(min(codes.shape[1], planes.shape[2] // ic * 2 - left)):
            place = (column + left) // 2 * ic
            target = planes[(column + left) % 2, row + top, place : place + ic]
            part = source[column * ic : column * ic + ic]
            for channel in range(ic):
                target[channel] = part[channel]


@compiled
def _move(
    planes: Array, row: int, ic: int, up: int, halfway: Array, moved: Array, start: int
) -> None:
    """A row of tiles ``B x B'`` at each position, from start on, moved up by `up` to be positive.

    Position 5 alone adds in both directions: it is never negative.
    """
    for odd in range(2):
        for down in range(4):
            one, other = planes[odd, 2 * row + FIRST[down]], planes[odd, 2 * row + SECOND[down]]
            _combine(one, other, IS_SUM[down], 0, halfway[odd, down])
    size = halfway.shape[2] - ic
    for position in range(POSITIONS):
        down, right = position // 4, position % 4
        one, other = FIRST[right], SECOND[right]
        _combine(
            halfway[one % 2, down, one // 2 * ic :],
            halfway[other % 2, down, other // 2 * ic :],
            IS_SUM[right],
            0 if position == 5 else up,
            moved[position, start : start + size],
        )


@compiled
def _combine(one: Array, other: Array, is_sum: bool, more: int, target: Array) -> None:
    """Bytes one + other + more, or one - other + more: an inverted byte is its negative, less 1."""
    mask = np.uint8(0 if is_sum else 255)
    rest = np.uint8(more if is_sum else more + 1)
    for place in range(len(target)):
        turned = np.uint8(other[place] ^ mask)
        target[place] = np.uint8(np.uint8(one[place] + turned) + rest)


@compiled
def _finish(
    products: Array, place: Any, of_ofmap: Any, group: int, lines: Array, top: Any, found: Array
) -> None:
    """Write what the products ``position (tile lane)`` of some rows of tiles give for a group of channels.

    place: their first row among all samples' rows, how many, and a sample's rows and columns of tiles.
    """
    first, count, high, wide = place
    oh, ow, oc = of_ofmap
    outside = found.size - LANES
    for row in range(count):
        sample, y = (first + row) // high, (first + row) % high * TILE
        begin = (sample * oh + y) * ow * oc + group * LANES
        for tile in range(wide):
            one = begin + tile * TILE * oc
            has_right, has_below = tile * TILE + 1 < ow, y + 1 < oh
            pixels = (
                one,
                one + oc if has_right else outside,
                one + ow * oc if has_below else outside,
                one + (ow + 1) * oc if has_right and has_below else outside,
            )
            source = (products, (row * wide + tile) * LANES, products.shape[1])
            write_tile(source, (lines, group * 2 * LANES), top, found, pixels)

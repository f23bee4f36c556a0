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

from tilewright.engine.affine import AffineMap
from tilewright.engine.blocks import LANES, ROWS, TOGETHER, VECTORS, sum_block
from tilewright.engine.compiled import compiled
from tilewright.engine.instructions import REGISTERS, has_registers
from tilewright.engine.kernels import Array
from tilewright.engine.tiles import write_tile
from tilewright.errors import ToolError
from tilewright.spec import IntegerLayer

TAPS, TILE, POSITIONS = 3, 2, 16
GAIN = 9
"""Largest factor of a weight in a transformed one, and the planes' is 4."""

TILES = 32
"""Tiles taken together, about: each weight that is loaded serves all of them."""

LEAST_STEPS = 8
"""Shorter sums, and those that must be widened more often, have less to gain."""


class WinogradWeights:
    """Weights int8 ``oc ic kh kw`` for a layer of plain products, transformed; any number of samples.

    Raises `ToolError` where the layer or the processor does not suit it.
    """

    what = "Winograd's convolution"
    dtype = np.dtype(np.int32)

    def __init__(self, layer: IntegerLayer, weight: Array) -> None:
        if not _fits(layer):
            raise ToolError(
                f"{layer.name}: its codes, its sizes or the processor ask for another way"
            )
        shape = layer.shape
        down = _doubled(weight.transpose(2, 3, 0, 1).astype(np.int16))  # 4 kw oc ic
        across = _doubled(down.swapaxes(0, 1)).swapaxes(0, 1)  # 4 4 oc ic
        moved = across.reshape(
            POSITIONS, shape.oc // LANES, VECTORS, REGISTERS.words, shape.ic // TOGETHER, TOGETHER
        )
        ordered = moved.transpose(1, 0, 4, 2, 3, 5)  # group position step vector lane together
        self._weights = _aligned(ordered.reshape(shape.oc // LANES, POSITIONS, -1).astype(np.int8))
        highest = layer.act_format.max_code
        self._pieces = _pieces(ordered, highest)
        begin = (
            -2 * highest * across.reshape(POSITIONS, shape.oc, -1).sum(axis=2, dtype=np.int32)
        )  # position oc
        begin[5] = 0  # the one position whose planes are never negative, and not moved up
        self._begin = np.ascontiguousarray(
            begin.reshape(POSITIONS, -1, LANES).transpose(1, 0, 2), np.int32
        )
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

    def psums(self, codes: Array) -> Array:
        """Psums int32 ``n oh ow oc`` of codes ``n ih iw ic``."""
        lines = np.zeros((self._ofmap[2] // LANES, 2, LANES), np.float32)
        return self._convolve(codes, lines, 0, np.dtype(np.int32))

    def codes(self, codes: Array, affine: AffineMap, highest: int) -> Array:
        """The affine map of the psums, rounded and clipped to 0..highest: uint8 ``n oh ow oc``."""
        line = np.stack([affine.slope / 4, affine.offset])  # a power of two: no other rounding
        lines = np.ascontiguousarray(line.reshape(2, -1, LANES).transpose(1, 0, 2))
        return self._convolve(codes, lines, highest, np.dtype(np.uint8))

    def _convolve(self, codes: Array, lines: Array, highest: int, dtype: np.dtype[Any]) -> Array:
        sizes = (len(codes), *self._ofmap)
        found = np.empty(math.prod(sizes) + LANES, dtype)  # and what lies outside of the map
        weights = (self._weights, self._begin, self._pieces)
        codes, top = np.ascontiguousarray(codes, np.uint8), np.float32(highest)
        _convolve(codes, weights, self._plane, self._tiles, self._ofmap, lines, top, found)
        return found[:-LANES].reshape(sizes)


def pays(layer: IntegerLayer) -> bool:
    """Whether a layer fits, and its sums are long and not widened too often."""
    if not _fits(layer) or layer.shape.ic < TOGETHER * LEAST_STEPS:
        return False
    return REGISTERS.has_fours or WinogradWeights(layer, layer.weight).steps >= LEAST_STEPS


def _doubled(lines: Array) -> Array:
    """``2G`` times three lines: four."""
    first, second, third = lines
    return np.stack([2 * first, first + second + third, first - second + third, 2 * third])


def _fits(layer: IntegerLayer) -> bool:
    shape, codes, weights = layer.shape, layer.act_format, layer.weight_format
    largest = GAIN * max(-weights.min_code, weights.max_code)
    return (
        has_registers()
        and (shape.kh, shape.kw, *shape.stride) == (TAPS, TAPS, 1, 1)
        and shape.ic % TOGETHER == 0
        and shape.oc % LANES == 0
        and not codes.is_signed
        and largest < 2**7
        and 4 * codes.max_code < 2**8
        and (REGISTERS.has_fours or 2 * 4 * codes.max_code * largest < 2**15)
    )


def _pieces(weights: npt.NDArray[np.int16], highest: int) -> tuple[int, int]:
    """Into how many pieces of how many steps sums must be cut, so that 16 bits hold each, whatever the codes.

    One piece where sums have 32 bits. weights: transformed, ``group position step vector lane together``.
    """
    if REGISTERS.has_fours:
        return 1, weights.shape[2]
    even, odd = weights[..., 0::2], weights[..., 1::2]
    rises = np.maximum(even, 0) + np.maximum(odd, 0)
    ends = [
        way.reshape(*way.shape[:3], -1) for way in (rises, rises - even - odd)
    ]  # 2 group position step lane
    steps = weights.shape[2]
    for pieces in range(1, steps + 1):
        if steps % pieces == 0:
            parts = (way.reshape(*way.shape[:2], pieces, steps // pieces, -1) for way in ends)
            largest = max(int(part.sum(axis=3, dtype=np.int32).max()) for part in parts)
            if largest * 4 * highest < 2**15:
                break
    return pieces, steps // pieces


def _aligned(array: Array) -> Array:
    """A copy that begins at a multiple of 64 bytes, as vectors are loaded fastest."""
    space = np.empty(array.nbytes + 64, np.uint8)
    first = -space.ctypes.data % 64
    copy: Array = space[first : first + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[:] = array
    return copy


FIRST, SECOND, IS_SUM = (0, 1, 2, 1), (2, 2, 1, 3), (False, True, False, False)
"""B: two of four lines that each position takes, and whether they are added, or the second subtracted."""


@compiled
def _convolve(
    codes: Array,
    of_weights: Any,
    of_plane: Any,
    of_tiles: Any,
    of_ofmap: Any,
    lines: Array,
    top: Any,
    found: Array,
) -> None:
    """Write codes uint8, or psums int32, ``n oh ow oc``, and something into `LANES` places behind them.

    lines: slope / 4 and offset of each channel, ``group 2 lane``.
    """
    weights, begin, pieces = of_weights
    ic, up = of_plane[2], of_plane[5]
    high, wide, together, tiles = of_tiles
    planes = np.zeros((2, 2 * high + 2, (wide + 1) * ic), np.uint8)
    halfway = np.empty((2, 4, (wide + 1) * ic), np.uint8)
    moved = np.zeros((POSITIONS, tiles * ic), np.uint8)
    products = np.empty((POSITIONS, tiles * LANES), np.int32)
    held = 0
    for n in range(len(codes)):
        _split(codes[n], of_plane, planes)
        for row in range(high):
            _move(planes, row, ic, up, halfway, moved, held * wide * ic)
            held += 1
            if held == together or (n + 1 == len(codes) and row + 1 == high):
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

"""Transforms of Winograd's F(2x2, 3x3) for gradients, sixteen channels at a time; imported where they run.

All maps are flat: places count numbers. Gradients are float32, or bfloat16, as uint16, and so are the planes
of transformed numbers, of 16 positions, row by row; `apart` is the way from one to the next.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from tilewright.loops.compiled import compiled

LANES, TILE = 16, 2
BYTES, HALVES, WORDS = (ir.VectorType(ir.IntType(bits), LANES) for bits in (8, 16, 32))
FLOATS, LONG = ir.VectorType(ir.FloatType(), LANES), ir.IntType(64)


def _spread_gradients(
    _: Any, given: Any, place: Any, across: Any, down: Any, planes: Any, start: Any, apart: Any
) -> Any:
    """Write ``A g A'``, 4x4, of the gradients ``g`` of 2x2 sums."""

    def emit(build: Any, pointers: tuple[Any, Any], arguments: Any) -> None:
        to = _Spread(build, pointers, arguments)
        to.emit(TILE, to.floats, lambda a, b: [a, to.add(a, b), to.take(a, b), to.minus(b)])

    kinds = (given, place, across, down, planes, start, apart)
    return types.void(*kinds), _generator(emit, 0, 4)


def _spread_codes(
    _: Any, codes: Any, place: Any, across: Any, down: Any, planes: Any, start: Any, apart: Any
) -> Any:
    """Write ``B' x B``, 4x4, of the codes uint8 ``x``, 4x4: integers that a plane holds."""

    def emit(build: Any, pointers: tuple[Any, Any], arguments: Any) -> None:
        to = _Spread(build, pointers, arguments)

        def line(a: Any, b: Any, c: Any, d: Any) -> list[Any]:
            return [to.take(a, c), to.add(b, c), to.take(c, b), to.take(b, d)]

        to.emit(TILE + 2, to.bytes, line)

    kinds = (codes, place, across, down, planes, start, apart)
    return types.void(*kinds), _generator(emit, 0, 4)


def _join_tiles(
    _: Any,
    products: Any,
    place: Any,
    apart: Any,
    up: Any,
    down: Any,
    left: Any,
    right: Any,
    found: Any,
    start: Any,
    across: Any,
    below: Any,
) -> Any:
    """Write 2x2 numbers of the map whose tiles' ``B p B' / 4`` overlap: a tile's own, with its neighbors'.

    up, down, left, right: the way to the neighbors; 0 where there is none.
    """
    kinds = (products, place, apart, up, down, left, right, found, start, across, below)

    def emit(build: Any, pointers: tuple[Any, Any], arguments: Any) -> None:
        _Joint(build, *pointers, apart=arguments[2], neighbors=arguments[3:7]).emit(*arguments[9:])

    return types.void(*kinds), _generator(emit, 0, 7)


def _generator(emit: Callable[..., None], *arrays: int) -> Any:
    """For a function some of whose arguments are arrays, each with a place in it behind it."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        def pointer(which: int) -> Any:
            array = context.make_array(signature.args[which])(context, builder, arguments[which])
            return builder.gep(array.data, [arguments[which + 1]])

        emit(builder, tuple(map(pointer, arrays)), arguments)
        return context.get_dummy_value()

    return generate


class _Vectors:
    """Instructions on sixteen numbers."""

    def __init__(self, build: Any) -> None:
        self.build = build
        self.add, self.take, self.minus = build.fadd, build.fsub, build.fneg

    def floats(self, place: Any) -> Any:
        """From float32, or bfloat16."""
        build = self.build
        if place.type.pointee == ir.FloatType():
            return build.load(build.bitcast(place, FLOATS.as_pointer()), align=1)
        halves = build.load(build.bitcast(place, HALVES.as_pointer()), align=1)
        return build.bitcast(build.shl(build.zext(halves, WORDS), _words(16)), FLOATS)

    def bytes(self, place: Any) -> Any:
        """From codes."""
        loaded = self.build.load(self.build.bitcast(place, BYTES.as_pointer()), align=1)
        return self.build.uitofp(self.build.zext(loaded, WORDS), FLOATS)

    def store(self, number: Any, place: Any) -> None:
        """As it is, or as the nearest bfloat16; of two, the even one."""
        build = self.build
        if place.type.pointee == ir.FloatType():
            build.store(number, build.bitcast(place, FLOATS.as_pointer()), align=1)
            return
        bits = build.bitcast(number, WORDS)
        odd = build.and_(build.lshr(bits, _words(16)), _words(1))
        above = build.lshr(build.add(build.add(bits, odd), _words(0x7FFF)), _words(16))
        halves = build.trunc(above, HALVES)
        build.store(halves, build.bitcast(place, HALVES.as_pointer()), align=1)


class _Joint(_Vectors):
    """The instructions of `join_tiles`."""

    def __init__(self, build: Any, source: Any, target: Any, *, apart: Any, neighbors: Any) -> None:
        super().__init__(build)
        self._source, self._target, self._apart = source, target, apart
        self._up, self._down, self._left, self._right = neighbors

    def emit(self, across: Any, below: Any) -> None:
        """From where the builder is."""
        columns = [self._column(self._source, number) for number in range(4)]
        before = [self._if(self._left, n) for n in self._column(self._to(self._left), 3)]
        behind = [self._if(self._right, n) for n in self._column(self._to(self._right), 0)]
        row = self._target
        for y in range(TILE):
            zero, one, two, three = (column[y] for column in columns)
            first = self.take(self.add(self.take(one, two), three), before[y])
            second = self.add(self.take(self.add(one, two), zero), behind[y])
            quarter = ir.Constant(FLOATS, [0.25] * LANES)
            self.store(self.build.fmul(first, quarter), row)
            self.store(self.build.fmul(second, quarter), self.build.gep(row, [across]))
            row = self.build.gep(row, [below])

    def _column(self, tile: Any, number: int) -> tuple[Any, Any]:
        """Of a column of a tile's positions what the upper and the lower row of the map get."""
        zero, one, two, three = (self._product(tile, 4 * row + number) for row in range(4))
        above = self._if(self._up, self._product(self.build.gep(tile, [self._up]), 12 + number))
        below = self._if(self._down, self._product(self.build.gep(tile, [self._down]), number))
        upper = self.take(self.add(self.take(one, two), three), above)
        return upper, self.add(self.take(self.add(one, two), zero), below)

    def _product(self, tile: Any, position: int) -> Any:
        way = self.build.mul(self._apart, ir.Constant(LONG, position))
        return self.floats(self.build.gep(tile, [way]))

    def _to(self, neighbor: Any) -> Any:
        return self.build.gep(self._source, [neighbor])

    def _if(self, neighbor: Any, number: Any) -> Any:
        is_there = self.build.icmp_signed("!=", neighbor, ir.Constant(LONG, 0))
        return self.build.select(is_there, number, ir.Constant(FLOATS, [0.0] * LANES))


class _Spread(_Vectors):
    """The instructions between a grid of a map and its planes."""

    def __init__(self, build: Any, pointers: tuple[Any, Any], arguments: Any) -> None:
        super().__init__(build)
        self._source, self._target = pointers
        self._across, self._down, self._apart = arguments[2], arguments[3], arguments[6]

    def emit(self, size: int, load: Callable[[Any], Any], line: Callable[..., list[Any]]) -> None:
        """`line` of each column of a grid of pixels, then of each row; each position to its plane."""
        build, rows, row = self.build, [], self._source
        for _ in range(size):
            pixels, place = [], row
            for _ in range(size):
                pixels.append(load(place))
                place = build.gep(place, [self._across])
            rows.append(pixels)
            row = build.gep(row, [self._down])
        columns = [line(*column) for column in zip(*rows, strict=True)]
        place = self._target
        for across in zip(*columns, strict=True):
            for number in line(*across):
                self.store(number, place)
                place = build.gep(place, [self._apart])


def _words(number: int) -> Any:
    return ir.Constant(WORDS, [number] * LANES)


spread_gradients: Any = intrinsic(_spread_gradients)
spread_codes: Any = intrinsic(_spread_codes)
join_tiles: Any = intrinsic(_join_tiles)


@compiled
def transform_gradients(
    given: Any, shape: Any, base: int, planes: Any, apart: int, count: int
) -> None:
    """Gradients of `count` samples from `base` on to planes ``position tile c``."""
    high, wide, channels = shape
    for sample in range(count):
        for y in range(high // 2):
            for x in range(wide // 2):
                place = (((base + sample) * high + 2 * y) * wide + 2 * x) * channels
                tile = ((sample * (high // 2) + y) * (wide // 2) + x) * channels
                for c in range(0, channels, 16):
                    spread_gradients(
                        given, place + c, channels, wide * channels, planes, tile + c, apart
                    )


@compiled
def transform_codes(codes: Any, base: int, planes: Any, apart: int, count: int) -> None:
    """Codes ``n h w c`` of `count` samples from `base` on, in zeros, to planes ``position tile c``."""
    _, high, wide, channels = codes.shape
    padded = np.zeros((high + 2, wide + 2, channels), np.uint8)
    flat, down = padded.reshape(-1), (wide + 2) * channels
    for sample in range(count):
        padded[1:-1, 1:-1] = codes[base + sample]
        for y in range(high // 2):
            for x in range(wide // 2):
                place = 2 * y * down + 2 * x * channels
                tile = ((sample * (high // 2) + y) * (wide // 2) + x) * channels
                for c in range(0, channels, 16):
                    spread_codes(flat, place + c, channels, down, planes, tile + c, apart)


@compiled
def join_products(products: Any, apart: int, shape: Any, base: int, found: Any, count: int) -> None:
    """Planes ``position tile c`` of `count` samples from `base` on to the map's gradients."""
    high, wide, channels = shape
    lines, tiles = high // 2, wide // 2
    for sample in range(count):
        for y in range(lines):
            for x in range(tiles):
                up, down = -tiles * channels if y else 0, tiles * channels if y + 1 < lines else 0
                left, right = -channels if x else 0, channels if x + 1 < tiles else 0
                tile = ((sample * lines + y) * tiles + x) * channels
                place = (((base + sample) * high + 2 * y) * wide + 2 * x) * channels
                for c in range(0, channels, 16):
                    join_tiles(
                        products,
                        tile + c,
                        apart,
                        up,
                        down,
                        left,
                        right,
                        found,
                        place + c,
                        channels,
                        wide * channels,
                    )

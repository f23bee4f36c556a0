"""The last step of Winograd's F(2x2, 3x3): from the 16 products of a tile to its four pixels."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from tilewright.loops.blocks import VECTORS
from tilewright.loops.instructions import (
    BYTE,
    REGISTERS,
    WORDS,
    Emitter,
    function_of,
    place_of,
)

FLOATS, CODES = (ir.VectorType(kind, REGISTERS.words) for kind in (ir.FloatType(), BYTE))

NO_FRACTION = 1.5 * 2**23
"""Added to a float32 of 0..2**22, it leaves no fraction: halves go to even; the low byte is the number."""


def _write_tile(_: Any, products: Any, lines: Any, top: Any, found: Any, pixels: Any) -> Any:
    """Write to found what the products of a tile with `LANES` channels give in its four pixels.

    products: int32 array, the place of the tile's first lane at the first position, and the distance from
    position to position. lines: float32 array, and the place of the slopes of the channels, their offsets
    `LANES` behind. top: float32. found: an array of uint8, for codes, each ``slope * 4 psum + offset``
    rounded and clipped to 0..top, or of int32 or float32, for psums. pixels: the place of each pixel's first
    channel in it.
    """
    signature = types.void(products, lines, top, found, pixels)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kinds = signature.args
        stride = builder.extract_value(arguments[0], 2)
        places = [
            place_of(context, builder, kinds[which][0], arguments[which]) for which in range(2)
        ]
        data = context.make_array(kinds[3])(context, builder, arguments[3]).data
        to = [builder.gep(data, [builder.extract_value(arguments[4], n)]) for n in range(4)]
        values = [places[0], stride, places[1], arguments[2], *to]
        kind = kinds[3].dtype
        emit = _EMITS[kind]
        made = function_of(builder.module, f"tilewright_tile_{kind}", values, emit)
        builder.call(made, values)
        return context.get_dummy_value()

    return signature, generate


write_tile: Any = intrinsic(_write_tile)


def _emit_codes(builder: ir.IRBuilder, arguments: Any) -> None:
    tile = _Tile(builder, *arguments)
    for number in range(VECTORS):
        lines = [tile.line(number), tile.line(VECTORS + number)]
        for pixel, fours in enumerate(tile.fours(number)):
            tile.store(tile.rounded(fours, *lines), pixel, number)


def _emit_psums(builder: ir.IRBuilder, arguments: Any) -> None:
    tile, two = _Tile(builder, *arguments), ir.Constant(WORDS, [2] * REGISTERS.words)
    for number in range(VECTORS):
        for pixel, fours in enumerate(tile.fours(number)):
            tile.store(builder.ashr(fours, two), pixel, number)


def _emit_float_psums(builder: ir.IRBuilder, arguments: Any) -> None:
    """Exact below 2**24."""
    tile, two = _Tile(builder, *arguments), ir.Constant(WORDS, [2] * REGISTERS.words)
    for number in range(VECTORS):
        for pixel, fours in enumerate(tile.fours(number)):
            tile.store(builder.sitofp(builder.ashr(fours, two), FLOATS), pixel, number)


_EMITS = {types.uint8: _emit_codes, types.int32: _emit_psums, types.float32: _emit_float_psums}


class _Tile(Emitter):
    """The instructions of `write_tile`."""

    def __init__(
        self, build: Any, products: Any, stride: Any, lines: Any, top: Any, *pixels: Any
    ) -> None:
        super().__init__(build)
        self._products, self._lines, self._pixels = [products], lines, pixels
        self._top = self._spread(top, FLOATS)
        for _ in range(15):
            self._products.append(build.gep(self._products[-1], [stride]))

    def line(self, number: int) -> Any:
        """A register of slopes, or behind them of offsets."""
        return self._load(self._lines, number, FLOATS)

    def fours(self, number: int) -> list[Any]:
        """Four times the psums of a register of channels, for each pixel: ``A products A'``."""
        parts = [self._load(place, number, WORDS) for place in self._products]
        rows = [parts[4 * row : 4 * row + 4] for row in range(4)]
        across = [self._two(row) for row in rows]  # 4 2
        columns = [self._two([row[right] for row in across]) for right in range(2)]
        return [columns[right][down] for down in range(2) for right in range(2)]

    def _two(self, four: list[Any]) -> tuple[Any, Any]:
        """Lines of A: the first plus the next two; the second less the next two."""
        build, (first, second, third, fourth) = self._build, four
        return (
            build.add(first, build.add(second, third)),
            build.sub(second, build.add(third, fourth)),
        )

    def rounded(self, fours: Any, slope: Any, offset: Any) -> Any:
        """Codes of psums times 4: the low byte of a float without a fraction."""
        build = self._build
        line = build.fadd(build.fmul(build.sitofp(fours, FLOATS), slope), offset)
        zero, without = (
            ir.Constant(FLOATS, [value] * REGISTERS.words) for value in (0.0, NO_FRACTION)
        )
        line = build.select(build.fcmp_ordered(">", line, zero), line, zero)
        line = build.select(build.fcmp_ordered("<", line, self._top), line, self._top)
        return build.trunc(build.bitcast(build.fadd(line, without), WORDS), CODES)

    def store(self, values: Any, pixel: int, number: int) -> None:
        """A register of channels of a pixel."""
        self._build.store(values, self._at(self._pixels[pixel], number, values.type), align=1)

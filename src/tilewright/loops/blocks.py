"""Products of 8-bit numbers in blocks of rows and columns.

VNNI adds four products of unsigned and signed bytes to a sum of 32 bits. Without it, AVX2 multiplies and
adds neighbors into 16 bits; whoever must be safe for all bytes widens each pair to 32 bits at once, which is
a third of the work. Where the numbers are known to be small, many pairs are added in 16 bits first.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from tilewright.loops.instructions import (
    BYTES,
    HALVES,
    LONG,
    REGISTERS,
    WORD,
    WORDS,
    Emitter,
    function_of,
    place_of,
)

TOGETHER, VECTORS = 4, 2
"""Products of each sum that a block takes at a step, and registers of sums in a row."""

ROWS, LANES = REGISTERS.words // 2, REGISTERS.words * VECTORS
"""Rows and columns of sums that a block computes."""


def _sum_block(_: Any, left: Any, right: Any, begin: Any, pieces: Any, sums: Any) -> Any:
    """Write to sums int32 ``row lane`` the products of `ROWS` rows with `LANES` columns, and their beginning.

    left: uint8 array, place of the first row, bytes from row to row. right: int8 array ``step vector lane
    together``, and a place in it. begin: int32 array, and a place in it, of what each lane begins with.
    pieces: their number, and the steps of each, at least 1, whose pairs 16 bits must hold; without pairs, all
    their steps are one piece. sums: int32 array, and a place.
    """
    signature = types.void(left, right, begin, pieces, sums)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        def part(which: int, number: int) -> Any:
            return builder.extract_value(arguments[which], number)

        places = (
            place_of(context, builder, signature.args[which][0], arguments[which])
            for which in (0, 1, 2, 4)
        )
        values = [*places, part(0, 2), part(3, 0), part(3, 1)]
        builder.call(function_of(builder.module, "tilewright_sum_block", values, _emit), values)
        return context.get_dummy_value()

    return signature, generate


sum_block: Any = intrinsic(_sum_block)


def _emit(builder: ir.IRBuilder, arguments: Any) -> None:
    _Block(builder, *arguments).emit()


class _Block(Emitter):
    """The instructions of `sum_block`: a loop over pieces around one over steps, sums in registers."""

    def __init__(
        self, build: Any, left: Any, right: Any, begin: Any, sums: Any, stride: Any, *counts: Any
    ) -> None:
        super().__init__(build)
        self._left, self._right = left, right
        self._begin, self._sums, self._stride = begin, sums, stride
        self._pieces, self._steps = counts

    def emit(self) -> None:
        """From where the builder is."""
        begin = [self._load(self._begin, n, WORDS) for n in range(VECTORS)]
        values = [self._left, self._right, *begin * ROWS]
        if REGISTERS.has_fours:
            steps = self._build.mul(self._pieces, self._steps)
            found = self._loop(steps, values, self._step)
        else:
            found = self._loop(self._pieces, values, self._piece)
        for number, total in enumerate(found[2:]):
            self._build.store(total, self._at(self._sums, number, WORDS), align=4)

    def _piece(self, left: Any, right: Any, *totals: Any) -> list[Any]:
        """Pairs of 16 bits, then widened: neighbors, which belong to one lane, times 1."""
        zeros = [ir.Constant(HALVES, [0] * 2 * REGISTERS.words)] * len(totals)
        left, right, *found = self._loop(self._steps, [left, right, *zeros], self._step)
        ones = ir.Constant(HALVES, [1] * 2 * REGISTERS.words)
        wide = [self._call("llvm.x86.avx2.pmadd.wd", WORDS, halves, ones) for halves in found]
        return [left, right, *map(self._build.add, totals, wide)]

    def _step(self, left: Any, right: Any, *totals: Any) -> list[Any]:
        build, found, row = self._build, [], left
        vectors = [self._load(right, n, WORDS) for n in range(VECTORS)]
        for number in range(ROWS):
            four = self._spread(self._load(row, 0, WORD), WORDS)
            for which, vector in enumerate(vectors):
                found.append(self._add(totals[number * VECTORS + which], four, vector))
            row = build.gep(row, [self._stride])
        steps = (left, TOGETHER), (right, TOGETHER * LANES)
        return [*(build.gep(place, [ir.Constant(LONG, more)]) for place, more in steps), *found]

    def _add(self, total: Any, four: Any, vector: Any) -> Any:
        """A total and products of bytes: four together in 32 bits, or two in 16."""
        if REGISTERS.has_fours:
            name = f"llvm.x86.avx512.vpdpbusd.{REGISTERS.words * 32}"
            return self._call(name, WORDS, total, four, vector)
        bytes_ = (self._build.bitcast(one, BYTES) for one in (four, vector))
        return self._build.add(total, self._call("llvm.x86.avx2.pmadd.ub.sw", HALVES, *bytes_))

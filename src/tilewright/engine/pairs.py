"""Products of 8-bit numbers, added in pairs of 16 bits, for processors that have no sums of four in 32.

Such a processor (AVX2 without VNNI) multiplies unsigned by signed bytes and adds neighbors into 16 bits;
whoever must be safe for all bytes widens each pair to 32 bits at once, which is a third of the work. Where
the numbers are known to be small, many pairs are added in 16 bits first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import config, types
from numba.core.cgutils import get_or_insert_function
from numba.core.registry import cpu_target
from numba.extending import intrinsic

ROWS, LANES, TOGETHER = 4, 16, 4
"""Rows and columns of sums that a block computes, and products of each that it takes at a step."""

VECTORS = LANES // 8
BYTE, HALF, WORD, LONG = (ir.IntType(bits) for bits in (8, 16, 32, 64))
BYTES, HALVES, WORDS = ir.VectorType(BYTE, 32), ir.VectorType(HALF, 16), ir.VectorType(WORD, 8)


def has_pairs() -> bool:
    """Whether numba compiles, and for a processor with these instructions (AVX2)."""
    return "+avx2" in _features() and not config.DISABLE_JIT  # type: ignore[attr-defined]


def has_better() -> bool:
    """Whether it has sums of four products (VNNI), or registers of 64 bytes."""
    return not {"+avxvnni", "+avx512vnni", "+avx512bw"}.isdisjoint(_features())


def _features() -> list[str]:
    features: str = cpu_target.target_context.codegen().magic_tuple()[2]
    return features.split(",")


def _sum_block(_: Any, left: Any, right: Any, begin: Any, pieces: Any, sums: Any) -> Any:
    """Write to sums int32 ``row lane`` the products of `ROWS` rows with `LANES` columns, and their beginning.

    left: uint8 array, place of the first row, bytes from row to row. right: int8 array ``step vector lane
    together``, and a place in it. begin: int32 array, and a place in it, of what each lane begins with.
    pieces: their number, and the steps of each, at least 1, whose pairs 16 bits must hold. sums: int32 array,
    and a place.
    """
    signature = types.void(left, right, begin, pieces, sums)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        def part(which: int, number: int) -> Any:
            return builder.extract_value(arguments[which], number)

        def pointer(which: int) -> Any:
            array = context.make_array(signature.args[which][0])(context, builder, part(which, 0))
            return builder.gep(array.data, [part(which, 1)])

        values = [*map(pointer, (0, 1, 2, 4)), part(0, 2), part(3, 0), part(3, 1)]
        builder.call(_block_function(builder.module, [value.type for value in values]), values)
        return context.get_dummy_value()

    return signature, generate


sum_block: Any = intrinsic(_sum_block)


def _block_function(module: Any, kinds: list[Any]) -> Any:
    """The block as a function of its own in the module, so that it is compiled once."""
    form = ir.FunctionType(ir.VoidType(), kinds)
    function = _declared(module, form, "tilewright_sum_block")
    if function.is_declaration:
        function.linkage = "internal"
        function.attributes.add("noinline")
        builder = ir.IRBuilder(function.append_basic_block("entry"))
        _Block(builder, *function.args).emit()
        builder.ret_void()
    return function


class _Block:
    """The instructions of `sum_block`: a loop over pieces around one over steps, sums in registers."""

    def __init__(
        self, build: Any, left: Any, right: Any, begin: Any, sums: Any, stride: Any, *counts: Any
    ) -> None:
        self._build, self._left, self._right = build, left, right
        self._begin, self._sums, self._stride = begin, sums, stride
        self._pieces, self._steps = counts

    def emit(self) -> None:
        """From where the builder is."""
        begin = [self._build.load(self._at(self._begin, n, WORDS), align=4) for n in range(VECTORS)]
        values = [self._left, self._right, *begin * ROWS]
        for number, total in enumerate(self._loop(self._pieces, values, self._piece)[2:]):
            self._build.store(total, self._at(self._sums, number, WORDS), align=4)

    def _piece(self, left: Any, right: Any, *totals: Any) -> list[Any]:
        """Pairs of 16 bits, then widened: neighbors, which belong to one lane, times 1."""
        zeros = [ir.Constant(HALVES, [0] * 16)] * len(totals)
        left, right, *found = self._loop(self._steps, [left, right, *zeros], self._step)
        ones = ir.Constant(HALVES, [1] * 16)
        wide = [self._call("llvm.x86.avx2.pmadd.wd", WORDS, halves, ones) for halves in found]
        return [left, right, *map(self._build.add, totals, wide)]

    def _step(self, left: Any, right: Any, *totals: Any) -> list[Any]:
        build, found, row = self._build, [], left
        vectors = [build.load(self._at(right, n, BYTES), align=1) for n in range(VECTORS)]
        for number in range(ROWS):
            four = build.load(self._at(row, 0, WORD), align=1)
            spread = build.bitcast(self._spread(four), BYTES)
            for which, vector in enumerate(vectors):
                pairs = self._call("llvm.x86.avx2.pmadd.ub.sw", HALVES, spread, vector)
                found.append(build.add(totals[number * VECTORS + which], pairs))
            row = build.gep(row, [self._stride])
        steps = (left, TOGETHER), (right, TOGETHER * LANES)
        return [*(build.gep(place, [ir.Constant(LONG, more)]) for place, more in steps), *found]

    def _loop(self, count: Any, values: list[Any], body: Callable[..., list[Any]]) -> list[Any]:
        """`values` after `count` times body(*values)."""
        build, before = self._build, self._build.block
        inside = build.append_basic_block()
        build.branch(inside)
        build.position_at_end(inside)
        zero, one = ir.Constant(LONG, 0), ir.Constant(LONG, 1)
        turn, *held = [build.phi(value.type) for value in (zero, *values)]
        after = body(*held)
        following = build.add(turn, one)
        ends = zip((turn, *held), (zero, *values), (following, *after), strict=True)
        for phi, first, last in ends:
            phi.add_incoming(first, before)
            phi.add_incoming(last, build.block)
        behind = build.append_basic_block()
        build.cbranch(build.icmp_signed("<", following, count), inside, behind)
        build.position_at_end(behind)
        return after

    def _spread(self, four: Any) -> Any:
        nothing = ir.Constant(WORDS, ir.Undefined)
        first = self._build.insert_element(nothing, four, ir.Constant(WORD, 0))
        return self._build.shuffle_vector(first, nothing, ir.Constant(WORDS, [0] * 8))

    def _at(self, place: Any, number: int, kind: Any) -> Any:
        """The `number`-th value of a kind from a place on."""
        return self._build.gep(
            self._build.bitcast(place, kind.as_pointer()), [ir.Constant(LONG, number)]
        )

    def _call(self, name: str, kind: Any, *operands: Any) -> Any:
        form = ir.FunctionType(kind, [one.type for one in operands])
        return self._build.call(_declared(self._build.module, form, name), operands)


def _declared(module: Any, form: Any, name: str) -> Any:
    return get_or_insert_function(module, form, name)  # type: ignore[no-untyped-call]

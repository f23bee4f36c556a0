"""Kernels of LLVM's instructions within what numba compiles, for processors with AVX2 or more."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from llvmlite import ir
from numba import config
from numba.core.cgutils import get_or_insert_function
from numba.core.registry import cpu_target

BYTE, HALF, WORD, LONG = (ir.IntType(bits) for bits in (8, 16, 32, 64))


@dataclass(frozen=True, slots=True)
class Registers:
    """32-bit numbers that one holds, and whether VNNI's instructions add four products of bytes to each."""

    words: int
    has_fours: bool

    @classmethod
    def of(cls, features: Collection[str]) -> Registers:
        """The best that a processor has, or AVX2's: by the names of LLVM, with a sign before each."""
        if {"+avx512vnni", "+avx512bw"}.issubset(features):
            return cls(16, has_fours=True)
        return cls(8, has_fours=not {"+avxvnni", "+avx512vnni"}.isdisjoint(features))


def _features() -> list[str]:
    features: str = cpu_target.target_context.codegen().magic_tuple()[2]
    return features.split(",")


def has_registers() -> bool:
    """Whether numba compiles, and for a processor with them (AVX2 at the least)."""
    return "+avx2" in _features() and not config.DISABLE_JIT  # type: ignore[attr-defined]


REGISTERS = Registers.of(_features())
BYTES, HALVES, WORDS = (
    ir.VectorType(kind, REGISTERS.words * 32 // kind.width) for kind in (BYTE, HALF, WORD)
)


class Emitter:
    """Adds instructions where a builder is."""

    def __init__(self, build: Any) -> None:
        self._build = build

    def _at(self, place: Any, number: int, kind: Any) -> Any:
        """The `number`-th value of a kind from a place on."""
        return self._build.gep(
            self._build.bitcast(place, kind.as_pointer()), [ir.Constant(LONG, number)]
        )

    def _load(self, place: Any, number: int, kind: Any) -> Any:
        return self._build.load(self._at(place, number, kind), align=1)

    def _spread(self, value: Any, kind: Any) -> Any:
        """One value in each place of a vector."""
        nothing = ir.Constant(kind, ir.Undefined)
        first = self._build.insert_element(nothing, value, ir.Constant(WORD, 0))
        places = ir.Constant(ir.VectorType(WORD, kind.count), [0] * kind.count)
        return self._build.shuffle_vector(first, nothing, places)

    def _call(self, name: str, kind: Any, *operands: Any) -> Any:
        form = ir.FunctionType(kind, [one.type for one in operands])
        return self._build.call(_declared(self._build.module, form, name), operands)

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


def function_of(
    module: Any, name: str, values: list[Any], emit: Callable[[ir.IRBuilder, Any], None]
) -> Any:
    """A function of such values in the module, without a result, made once by emit(builder, arguments)."""
    form = ir.FunctionType(ir.VoidType(), [value.type for value in values])
    function = _declared(module, form, name)
    if function.is_declaration:
        function.linkage = "internal"
        function.attributes.add("noinline")
        builder = ir.IRBuilder(function.append_basic_block("entry"))
        emit(builder, function.args)
        builder.ret_void()
    return function


def place_of(context: Any, builder: Any, kind: Any, pair: Any) -> Any:
    """The pointer to a place in an array: a pair of both, and the array's kind."""
    array, place = builder.extract_value(pair, 0), builder.extract_value(pair, 1)
    data = context.make_array(kind)(context, builder, array).data
    return builder.gep(data, [place])


def _declared(module: Any, form: Any, name: str) -> Any:
    return get_or_insert_function(module, form, name)  # type: ignore[no-untyped-call]

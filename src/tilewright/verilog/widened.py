"""Negative numbers that something wider takes for positive ones."""

from __future__ import annotations

from typing import Any

from tilewright.verilog.compiler import Compiler, Evaluate
from tilewright.verilog.cuts import bare, copied
from tilewright.verilog.machine import Machine
from tilewright.verilog.paths import path_of
from tilewright.verilog.places import compile_key
from tilewright.verilog.signs import gives_sign
from tilewright.verilog.stored import Key
from tilewright.verilog.values import Value


def loses_sign(conversion: Any) -> bool:
    """Whether a conversion puts zeros in front of a number, whatever its first bit is.

    That is so where it has no sign itself, and for an operand beside one without a sign (IEEE 1800-2017,
    11.8.2); a copy to a wider variable keeps the sign. A real number is wider than all others.
    """
    given, type_ = conversion.operand.type, conversion.type
    if type_.isFloating and given.isIntegral:
        return bool(conversion.isImplicit and not given.isSigned)
    is_wider = given.isIntegral and type_.isIntegral and type_.bitWidth > given.bitWidth
    is_beside = conversion.conversionKind.name == "Propagated" and not type_.isSigned
    return bool(is_wider and conversion.isImplicit and (is_beside or not given.isSigned))


def noting_widening(conversion: Any, value: Evaluate, compiler: Compiler) -> Evaluate:
    """The value of a conversion that loses the sign of a variable or element, or that which `$signed` gives
    it; which one is noted."""
    operand = bare(conversion.operand)
    is_cast = gives_sign(operand)
    source = copied(operand.arguments[0] if is_cast else operand)
    symbol = None if source is None else source.getSymbolReference()
    is_beside = conversion.sourceRange.start.offset in compiler.beside_signed
    is_by_hand = not is_cast and symbol is not None and path_of(symbol) in compiler.signed_by_hand
    if symbol is None or not is_beside or is_by_hand:
        return value
    find = compile_key(source, compiler)

    def evaluate(machine: Machine) -> Value:
        if machine.is_looking:
            _note(machine, find(machine), is_cast=is_cast)
        return value(machine)

    return evaluate


def _note(machine: Machine, key: Key | None, *, is_cast: bool) -> None:
    event = machine.event_of(key) if machine.marks else None
    if event is not None:
        event.is_widened = True
        event.is_cast |= is_cast
    if not isinstance(key, tuple) or key[0] not in machine.memories:
        return
    memory = machine.memories[key[0]]
    for load in memory.loads:
        held, address = memory.elements.get(key[1]), load.address_of(key[1])
        if (load.is_signed or is_cast) and address is not None and held is load.given.get(key[1]):
            load.widened.add(address)

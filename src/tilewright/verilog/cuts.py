"""Copies of a variable, and those that lose the first bits of its number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tilewright.verilog.classes import is_member
from tilewright.verilog.compiler import Compiler
from tilewright.verilog.leaves import root_of
from tilewright.verilog.machine import Machine
from tilewright.verilog.places import does_something
from tilewright.verilog.values import wrap


def copied(expression: Any) -> Any:
    """The variable that an assignment copies as it is; None if it computes something."""
    while expression.kind.name == "Conversion":
        expression = expression.operand
    is_plain = expression.kind.name == "NamedValue" or root_of(expression) is not None
    is_plain = is_plain or is_member(expression)
    return expression if is_plain and not does_something(expression) else None


def find_cut(source: Any, target: Any, compiler: Compiler) -> Callable[[Machine], bool]:
    """Whether a copy of `source` to a variable `target` loses first bits that do not repeat the sign."""
    is_plain = target.kind.name in ("NamedValue", "FormalArgument") or root_of(target) is not None
    is_plain = is_plain or is_member(target)
    if not (is_plain and target.type.isIntegral and source.type.isIntegral):
        return lambda _: False
    width = int(target.type.bitWidth)
    if width >= source.type.bitWidth:
        return lambda _: False
    whole = compiler.expression(source)

    def is_cut(machine: Machine) -> bool:
        with machine.unused():
            value = whole(machine)
        if value.bits is None:
            return False
        readings = (value.bits, wrap(value.bits, value.width, is_signed=True))
        return not any(-(1 << (width - 1)) <= bits < 1 << width for bits in readings)

    return is_cut

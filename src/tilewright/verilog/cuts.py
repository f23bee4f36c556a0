"""Copies of a variable, and those that lose the first bits of its number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tilewright.verilog.classes import is_member
from tilewright.verilog.compiler import Compiler, Evaluate
from tilewright.verilog.leaves import is_field, root_of
from tilewright.verilog.machine import Machine
from tilewright.verilog.paths import path_of
from tilewright.verilog.places import compile_key, does_something, fitter
from tilewright.verilog.values import Value, wrap

CUT = "<cut>"
"""Stands for a place that is no variable, where a number has lost its first bits."""


def copied(expression: Any) -> Any:
    """The variable that an assignment copies as it is; None if it computes something."""
    expression = bare(expression)
    is_plain = expression.kind.name == "NamedValue" or root_of(expression) is not None
    is_plain = is_plain or is_member(expression) or is_field(expression)
    return expression if is_plain and not does_something(expression) else None


def bare(expression: Any) -> Any:
    """An expression as it is before it is converted."""
    while expression.kind.name == "Conversion":
        expression = expression.operand
    return expression


def is_narrow(assignment: Any) -> bool:
    """Whether the left side has fewer bits than the number on the right side has by itself."""
    given, left = bare(assignment.right).type, assignment.left.type
    return bool(given.isIntegral and left.isIntegral and left.bitWidth < given.bitWidth)


def result_of(call: Any) -> str:
    """The variable that holds the result of a function of the testbench; "" for any other expression."""
    call = bare(call)
    is_own = call.kind.name == "Call" and not call.isSystemCall
    result = call.subroutine.returnValVar if is_own else None
    return "" if result is None else path_of(result)


def find_cut(source: Any, target: Any, compiler: Compiler) -> Callable[[Machine], bool]:
    """Whether a copy of `source` to a variable `target` loses first bits that do not repeat the sign."""
    is_plain = target.kind.name in ("NamedValue", "FormalArgument") or root_of(target) is not None
    is_plain = is_plain or is_member(target) or is_field(target)
    return cuts_off(source, target.type, compiler) if is_plain else lambda _: False


def cuts_off(source: Any, type_: Any, compiler: Compiler) -> Callable[[Machine], bool]:
    """Whether what has the type `type_` and is given `source` loses such bits."""
    if not (type_.isIntegral and source.type.isIntegral):
        return lambda _: False
    width = int(type_.bitWidth)
    if width >= source.type.bitWidth:
        return lambda _: False
    whole = compiler.expression(source)

    def is_cut(machine: Machine) -> bool:
        with machine.unused():
            value = whole(machine)
        return is_cut_to(value, width)

    return is_cut


def is_cut_to(value: Value, width: int) -> bool:
    """Whether a number loses first bits, which do not repeat the sign, in `width` bits."""
    if value.bits is None or width >= value.width:
        return False
    readings = (value.bits, wrap(value.bits, value.width, is_signed=True))
    return not any(-(1 << (width - 1)) <= bits < 1 << width for bits in readings)


def given_to(expression: Any, type_: Any, compiler: Compiler) -> Evaluate:
    """The value of an argument that becomes an element of `type_`; a number that loses first bits by that is
    used without them."""
    value, fit, source = compiler.expression(expression), fitter(type_), copied(expression)
    if source is None:
        return lambda machine: fit(value(machine))
    is_cut, find_key = cuts_off(source, type_, compiler), compile_key(source, compiler)

    def evaluate(machine: Machine) -> Value:
        key = find_key(machine)
        event = machine.event_of(key) if is_cut(machine) else None
        if event is None or key is None:
            return fit(value(machine))
        with machine.unused():
            given = fit(value(machine))
        event.cut(CUT, width=given.width)
        machine.use_event(event, CUT)
        return given

    return evaluate

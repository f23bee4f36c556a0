"""Literals and constants of a testbench."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

from tilewright.verilog.compiler import Compiler, Evaluate
from tilewright.verilog.scan import digits_value
from tilewright.verilog.values import UNKNOWN, Value, text_value, wrap

_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{1,2}|[0-7]{1,3}|.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "v": "\v", "f": "\f", "a": "\a", "r": "\r", "\n": ""}


def literal(expression: Any, _: Compiler) -> Evaluate:
    """A number."""
    width, is_signed = int(expression.type.bitWidth), bool(expression.type.isSigned)
    if expression.value.hasUnknown:
        value = _digits_with_x(str(expression.value), width, is_signed=is_signed)
    else:
        value = Value(wrap(int(expression.value), width, is_signed=is_signed), width, is_signed)
    return lambda _: value


def _digits_with_x(text: str, width: int, *, is_signed: bool) -> Value:
    """A literal with digits x or z, as pyslang writes it: ``8'bxx10``, ``4'hx``, ``'x``."""
    base, digits = "b", text.rpartition("'")[2].lower().lstrip("s")
    if digits[0] in "bodh" and len(digits) > 1:
        base, digits = digits[0], digits[1:]
    return digits_value(digits, "b" if base == "d" else base, width, is_signed=is_signed)


def string(expression: Any, _: Compiler) -> Evaluate:
    """A text; the escape `\\r`, which the standard does not have, is the letter for some simulators."""
    value = text_value(expression.value.encode("latin-1", "replace"))
    if r"\r" not in expression.rawValue:
        return lambda _: value
    text = _ESCAPE.sub(_unescaped, expression.rawValue.strip('"'))
    returns = text_value(text.encode("latin-1", "replace"))
    return lambda machine: returns if machine.simulator.knows_returns else value


def _unescaped(match: re.Match[str]) -> str:
    """What an escape in a text stands for."""
    code = match[1]
    if code[0] == "x":
        return chr(int(code[1:], 16))
    return chr(int(code, 8)) if code.isdigit() else _ESCAPES.get(code, code)


def constant(given: Any, type_: Any) -> Evaluate:
    """A constant, as wide as its value: `defparam` leaves the parameter the type of its default."""
    inner = given.value
    if isinstance(inner, str):
        value = text_value(inner.encode("latin-1", "replace"))
    else:
        try:
            width = int(getattr(inner, "bitWidth", 0)) or int(type_.bitWidth)
            value = Value(int(inner), width or 32, bool(type_.isSigned))
        except (TypeError, ValueError):
            value = UNKNOWN
    return lambda _: value


def whole(given: Any) -> int | None:
    """The integer of a constant of any width; None if it has none, or digits x or z."""
    number = None if given is None else given.convertToInt().value
    return None if number is None or number.hasUnknown else int(number)


def constant_of(expression: Any) -> int | None:
    """The integer of a literal, a character or a parameter, also with a sign; None for anything else."""
    while expression.kind.name == "Conversion":
        expression = expression.operand
    kind = expression.kind.name
    if kind == "UnaryOp":
        number = constant_of(expression.operand)
        function = _SIGNS.get(expression.op.name)
        return None if number is None or function is None else function(number)
    if kind == "StringLiteral":
        return int.from_bytes(expression.value.encode("latin-1", "replace"), "big")
    if kind in ("IntegerLiteral", "UnbasedUnsizedIntegerLiteral"):
        return None if expression.value.hasUnknown else int(expression.value)
    is_parameter = kind == "NamedValue" and expression.symbol.kind.name in (
        "Parameter",
        "EnumValue",
    )
    return whole(expression.symbol.value) if is_parameter else None


_SIGNS: dict[str, Callable[[int], int]] = {
    "Minus": operator.neg,
    "Plus": operator.pos,
    "BitwiseNot": operator.invert,
}


def null(_: Any, __: Compiler) -> Evaluate:
    """The handle of no object."""
    return lambda _: Value(0)

"""Methods of strings (IEEE 1800-2017, 6.16)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tilewright.verilog.compiler import Compiler, Evaluate
from tilewright.verilog.machine import Machine
from tilewright.verilog.places import compile_target
from tilewright.verilog.values import UNKNOWN, Value, text_value

_BASES = {"atoi": 10, "atohex": 16, "atooct": 8, "atobin": 2}
_FORMATS = {"itoa": "d", "hextoa": "x", "octtoa": "o", "bintoa": "b"}
_DIGITS = {10: "0-9_", 16: "0-9a-fA-F_", 8: "0-7_", 2: "01_"}
MOST_CHARACTERS = 1 << 16


def string_method(call: Any, compiler: Compiler) -> Evaluate:
    """A method that computes something of a string, and leaves it as it is."""
    subject, name = call.arguments[0], call.subroutineName
    if not subject.type.isString:
        return lambda _: UNKNOWN
    text = compiler.expression(subject)
    arguments = [compiler.expression(argument) for argument in call.arguments[1:]]
    function = _METHODS[name]

    def evaluate(machine: Machine) -> Value:
        machine.step()
        own, given = text(machine).text, [argument(machine) for argument in arguments]
        if own is None or any(one.bits is None for one in given):
            return UNKNOWN
        return function(own, given)

    return evaluate


def string_character(expression: Any, compiler: Compiler) -> Evaluate:
    """``text[index]``."""
    text, at = compiler.expression(expression.value), compiler.expression(expression.selector)

    def evaluate(machine: Machine) -> Value:
        own, index = text(machine).text, at(machine)
        return UNKNOWN if own is None or index.bits is None else _character(own, [index])

    return evaluate


def string_from_number(call: Any, compiler: Compiler) -> Evaluate:
    """`text.itoa(number)` and its kin."""
    target, code = compile_target(call.arguments[0], compiler), _FORMATS[call.subroutineName]
    number = compiler.expression(call.arguments[1])

    def evaluate(machine: Machine) -> Value:
        machine.step()
        bits = number(machine).bits
        target(machine, UNKNOWN if bits is None else text_value(format(bits, code).encode()))
        return UNKNOWN

    return evaluate


def _number(base: int) -> Callable[[bytes, list[Value]], Value]:
    pattern = re.compile(rf"[+-]?[{_DIGITS[base]}]+")

    def parse(text: bytes, _: list[Value]) -> Value:
        found = pattern.match(text[:MOST_CHARACTERS].decode("latin-1"))
        digits = found.group().replace("_", "") if found else ""
        return Value(int(digits, base) if digits.strip("+-") else 0, 32, is_signed=True)

    return parse


def _part(text: bytes, given: list[Value]) -> Value:
    first, last = (one.bits or 0 for one in given)
    is_there = 0 <= first <= last < len(text)
    return text_value(text[first : last + 1]) if is_there else Value(0, 8)


def _character(text: bytes, given: list[Value]) -> Value:
    at = given[0].bits or 0
    return Value(text[at] if 0 <= at < len(text) else 0, 8)


def _compare(text: bytes, given: list[Value]) -> Value:
    other = given[0].text or b""
    return Value((text > other) - (text < other), 32, is_signed=True)


def _compare_letters(text: bytes, given: list[Value]) -> Value:
    return _compare(text.lower(), [text_value((given[0].text or b"").lower())])


_METHODS: dict[str, Callable[[bytes, list[Value]], Value]] = {
    "len": lambda text, _: Value(len(text), 32, is_signed=True),
    "substr": _part,
    "getc": _character,
    "toupper": lambda text, _: text_value(text.upper()),
    "tolower": lambda text, _: text_value(text.lower()),
    "compare": _compare,
    "icompare": _compare_letters,
    **{name: _number(base) for name, base in _BASES.items()},
}
STRING_METHODS = tuple(_METHODS)
STRING_MAKERS = tuple(_FORMATS)

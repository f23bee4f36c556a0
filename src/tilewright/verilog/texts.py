"""Texts that a testbench makes of a format and values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tilewright.verilog.compiler import Compiler, Evaluate
from tilewright.verilog.formats import count_arguments, format_text
from tilewright.verilog.machine import Machine
from tilewright.verilog.places import is_signed_member
from tilewright.verilog.values import UNKNOWN, Value, text_value


def compile_text(arguments: Any, compiler: Compiler) -> Evaluate:
    """The text of a format and its values; UNKNOWN where it cannot be followed."""
    template = compiler.expression(arguments[0])
    values = [compiler.expression(a) for a in arguments[1:]]
    shapes = [_shape(argument) for argument in arguments[1:]]

    def evaluate(machine: Machine) -> Value:
        text = template(machine).text
        found = [
            shape(value(machine), machine) for value, shape in zip(values, shapes, strict=True)
        ]
        result = None if text is None else format_text(text, found)
        return UNKNOWN if result is None else text_value(result)

    return evaluate


def _shape(argument: Any) -> Callable[[Value, Machine], Value]:
    """A value as wide as its expression, and with its sign."""
    if not argument.type.isIntegral:
        return lambda value, _: as_text(value)
    width, is_signed = int(argument.type.bitWidth), bool(argument.type.isSigned)
    if is_signed_member(argument):
        return lambda v, m: v.resize(width, is_signed=m.simulator.has_signed_members)
    return lambda value, _: value.resize(width, is_signed=is_signed)


def as_text(value: Value) -> Value:
    """An empty string has no character, not even a space."""
    return Value(0, 0) if value.bits == 0 else value


def compile_printed(arguments: Any, compiler: Compiler, *, code: str = "d") -> Evaluate:
    """What `$display` prints of its arguments; UNKNOWN where it cannot be followed.

    A string literal is the format of the arguments behind it; one without a format is printed as `code`
    says, and an empty one as a space.
    """
    pieces = [_compile_piece(group, compiler, code) for group in _groups(list(arguments))]

    def evaluate(machine: Machine) -> Value:
        texts = [piece(machine) for piece in pieces]
        if any(text is UNKNOWN or text.bits is None for text in texts):
            return UNKNOWN
        return text_value(b"".join(text.text or b"" for text in texts))

    return evaluate


def _groups(arguments: list[Any]) -> list[list[Any]]:
    """Each format with the arguments that it takes; each other argument alone."""
    groups: list[list[Any]] = []
    while arguments:
        first = arguments.pop(0)
        taken = 0
        if first.kind.name == "StringLiteral":
            taken = count_arguments(first.value.encode("latin-1", "replace"))
        groups.append([first, *arguments[:taken]])
        del arguments[:taken]
    return groups


def _compile_piece(group: list[Any], compiler: Compiler, code: str) -> Evaluate:
    first = group[0]
    if first.kind.name == "StringLiteral":
        return compile_text(group, compiler)
    if first.kind.name == "EmptyArgument":
        return lambda _: text_value(b" ")
    value, shape = compiler.expression(first), _shape(first)
    template = b"%0s" if first.type.isString else f"%{code}".encode()

    def evaluate(machine: Machine) -> Value:
        result = format_text(template, [shape(value(machine), machine)])
        return UNKNOWN if result is None else text_value(result)

    return evaluate

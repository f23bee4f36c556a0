"""Texts that a testbench makes of a format and values."""

from __future__ import annotations

from typing import Any

from tilewright.verilog.compiler import Compiler, Evaluate
from tilewright.verilog.formats import format_text
from tilewright.verilog.machine import Machine
from tilewright.verilog.values import UNKNOWN, Value, text_value


def compile_text(arguments: Any, compiler: Compiler) -> Evaluate:
    """The text of a format and its values; UNKNOWN where it cannot be followed."""
    template = compiler.expression(arguments[0])
    values = [compiler.expression(a) for a in arguments[1:]]
    integral = [(a.type.isIntegral, int(a.type.bitWidth), a.type.isSigned) for a in arguments[1:]]

    def evaluate(machine: Machine) -> Value:
        text = template(machine).text
        found = [
            value(machine).resize(width, is_signed=bool(is_signed))
            if is_integral
            else value(machine)
            for value, (is_integral, width, is_signed) in zip(values, integral, strict=True)
        ]
        result = None if text is None else format_text(text, found)
        return UNKNOWN if result is None else text_value(result)

    return evaluate


def compile_printed(arguments: Any, compiler: Compiler) -> Evaluate:
    """What `$display` prints of its arguments; UNKNOWN where it cannot be followed."""
    arguments = list(arguments)
    if not arguments:
        return lambda _: text_value(b"")
    if arguments[0].kind.name == "StringLiteral":
        return compile_text(arguments, compiler)
    values = [compiler.expression(a) for a in arguments]
    template = b"%d" * len(arguments)
    integral = [(int(a.type.bitWidth), bool(a.type.isSigned)) for a in arguments]

    def evaluate(machine: Machine) -> Value:
        found = [
            value(machine).resize(width, is_signed=is_signed) if width else value(machine)
            for value, (width, is_signed) in zip(values, integral, strict=True)
        ]
        result = format_text(template, found)
        return UNKNOWN if result is None else text_value(result)

    return evaluate

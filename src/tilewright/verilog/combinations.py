"""Expressions that put values together, or choose one of two."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tilewright.verilog.characters import weighed
from tilewright.verilog.compiler import Compiler, Evaluate
from tilewright.verilog.looks import looking
from tilewright.verilog.machine import WIDE, Machine
from tilewright.verilog.places import fitter
from tilewright.verilog.values import UNKNOWN, Value, from_pattern

MOST_BITS = 1 << 20
"""Of a replication; a wider one is not computed."""


def conditional(expression: Any, compiler: Compiler) -> Evaluate:
    """``a ? b : c``; what is x or not known is one of both."""
    condition = compiler.expression(expression.conditions[0].expr)
    left = compiler.expression(expression.left)
    right = compiler.expression(expression.right)

    either = looking(expression, compiler)
    width, is_signed = int(expression.type.bitWidth), bool(expression.type.isSigned)

    def evaluate(machine: Machine) -> Value:
        holds = condition(machine)
        if holds.bits is None and not holds.truth:
            return (
                either(machine) if holds.masked is None else _merged(left(machine), right(machine))
            )
        return left(machine) if holds.truth else right(machine)

    def _merged(one: Value, other: Value) -> Value:
        """Where the condition is x: digits in which both sides agree, and x."""
        if one.pattern is None or other.pattern is None:
            return UNKNOWN
        mask = one.pattern[1] | other.pattern[1] | (one.pattern[0] ^ other.pattern[0])
        return from_pattern(one.pattern[0] & ~mask, mask, width, is_signed=is_signed)

    return evaluate


def inside(expression: Any, compiler: Compiler) -> Evaluate:
    """``x inside {a, [b:c]}``; not known where a value has digits x, or an element of an array is meant."""
    subject = weighed(compiler.expression(expression.left))
    ranges = []
    for one in expression.rangeList:
        ends = (one.left, one.right) if one.kind.name == "ValueRange" else (one, one)
        if any(end.kind.name == "UnboundedLiteral" or end.type.isUnpackedArray for end in ends):
            return looking(expression, compiler)
        ranges.append((compiler.expression(ends[0]), compiler.expression(ends[1])))

    def evaluate(machine: Machine) -> Value:
        bits = subject(machine).bits
        for first, last in ranges:
            low, high = first(machine).bits, last(machine).bits
            if bits is None or low is None or high is None:
                return UNKNOWN
            if low <= bits <= high:
                return Value(1, 1)
        return Value(0, 1)

    return evaluate


def concatenation(expression: Any, compiler: Compiler) -> Evaluate:
    """``{a, b}``, of vectors or of strings."""
    operands = [weighed(compiler.expression(o)) for o in expression.operands]
    fitters = [fitter(o.type) for o in expression.operands]
    is_text = bool(expression.type.isString)

    def evaluate(machine: Machine) -> Value:
        ones, mask, width, lost, origin = 0, 0, 0, b"", None
        for operand, fit in zip(operands, fitters, strict=True):
            value = fit(operand(machine))
            if value.pattern is None:
                return UNKNOWN
            if is_text and not value.bits:
                continue
            ones = ones << value.width | value.pattern[0]
            mask = mask << value.width | value.pattern[1]
            width, lost = width + value.width, lost or value.lost
            origin = (value.origin or origin) if is_text else None
        return replace(from_pattern(ones, mask, max(width, 1)), lost=lost, origin=origin)

    return evaluate


def replication(expression: Any, compiler: Compiler) -> Evaluate:
    """``{4{a}}``."""
    count = compiler.expression(expression.count)
    concat = compiler.expression(expression.concat)

    def evaluate(machine: Machine) -> Value:
        times, value = count(machine).bits, concat(machine)
        if times is None or value.pattern is None or times * value.width > MOST_BITS:
            return UNKNOWN
        machine.step(times * value.width // WIDE + 1)
        ones, mask, width = (*value.pattern, value.width)
        repeat = ((1 << width * times) - 1) // ((1 << width) - 1)
        return from_pattern(ones * repeat, mask * repeat, max(times * width, 1))

    return evaluate

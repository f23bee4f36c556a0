"""`$fgetc` and `$ungetc`, and what a testbench asks of a character: is it one, or the end of the file?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tilewright.verilog.compiler import Compiler, Evaluate
from tilewright.verilog.events import AT_END, ENCLOSED, MATCHED, MISSED, ReadEvent
from tilewright.verilog.file_calls import unfollowed
from tilewright.verilog.holdings import ASKED_END, ASKED_SPACE, DIGIT, LETTER, WEIGHED
from tilewright.verilog.line_parts import note_asked
from tilewright.verilog.line_reads import keep
from tilewright.verilog.literals import constant_of
from tilewright.verilog.machine import Machine
from tilewright.verilog.operators import BINARY
from tilewright.verilog.places import compile_key
from tilewright.verilog.values import UNKNOWN, Value

_ORDERS = ("LessThan", "LessThanEqual", "GreaterThan", "GreaterThanEqual")
EQUALITIES = ("Equality", "Inequality", "CaseEquality", "CaseInequality")
_TAKEN = {ord("0"): DIGIT, **dict.fromkeys((*b"aA", *(one - 10 for one in b"aA")), LETTER)}
"""What a character is taken for from which this is subtracted."""
_SPACE = frozenset(b" \t\n\v\f\r")


def fgetc(call: Any, compiler: Compiler) -> Evaluate:
    """`$fgetc`: one character."""
    source, line = compiler.expression(call.arguments[0]), compiler.line(call)

    def evaluate(machine: Machine) -> Value:
        machine.step()
        is_kept, machine.heap.is_kept = machine.heap.is_kept, False
        handle = source(machine)
        if machine.reads_nothing(handle, line, "$fgetc"):
            return Value(-1, 32, is_signed=True)
        stream = machine.stream(handle)
        if stream is None or stream.is_opaque:
            if stream is None:
                machine.undecided(line, "the file of this $fgetc cannot be computed")
            return UNKNOWN
        char, at = stream.peek(), stream.position
        if char >= 0:
            stream.position += 1
        status = MATCHED if char >= 0 else AT_END
        digits = bytes([char]) if char >= 0 else b""
        event = ReadEvent("c", line, 1, 8, status, at, stream.position, digits, is_char=True)
        event.in_loop = machine.loops[-1] if machine.loops else ""
        keep(machine, stream, event)
        machine.last_read = event
        if is_kept:
            machine.heap.returned = event
        else:
            machine.use_event(event, "")
        return Value(char, 32, is_signed=True)

    return evaluate


def ungetc(call: Any, compiler: Compiler) -> Evaluate:
    """`$ungetc` of the character that was read last, which is how it is used; another is not followed."""
    char, source = (compiler.expression(argument) for argument in call.arguments)
    lose = unfollowed(call, compiler)

    def evaluate(machine: Machine) -> Value:
        machine.step()
        stream, bits = machine.stream(source(machine)), char(machine).bits
        if bits == -1:
            return Value(-1, 32, is_signed=True)
        if stream is None or stream.is_opaque or bits is None:
            return lose(machine)
        before = (stream.content or b"")[stream.position - 1 : stream.position]
        if not stream.position or before != bytes([bits & 0xFF]):
            return lose(machine)
        stream.position, stream.at_end = stream.position - 1, False
        return Value(0)

    return evaluate


def is_fgetc(expression: Any) -> bool:
    """Whether an expression is a character as `$fgetc` gives it."""
    return bool(getattr(_bare(expression), "subroutineName", "") == "$fgetc")


def weighing(
    expression: Any, side: Any, other: Any, value: Evaluate, compiler: Compiler
) -> Evaluate:
    """One side of a comparison with `other`: a look at a character that is no use of it yet.

    ``c == -1`` and ``c < 0`` ask whether the file has ended.
    """
    inner = _bare(side)
    if inner.type.isString and expression.op.name in EQUALITIES and _is_known_text(other):
        return _searching(value)
    asked = _asked(expression.op.name, inner, other)
    if not asked:
        return value
    number = constant_of(other) if expression.op.name in EQUALITIES else None
    is_read = inner.kind.name == "Assignment"
    find = compile_key(inner.left, compiler) if is_read else None
    note = _order_of(expression, side, other)
    is_noted = number is not None or asked in (DIGIT, LETTER)

    def evaluate(machine: Machine) -> Value:
        if note is not None:
            machine.take_char()
        with machine.asking(asked, number):
            found = value(machine)
            if find is not None and (key := find(machine)) is not None:
                machine.use(key)
        if note is not None and (char := machine.take_char()) is not None:
            note(char, found)
        if found.origin is not None:
            if not machine.searched or machine.searched[-1] is not found.origin:
                machine.searched.append(found.origin)
            if is_noted:
                note_asked(found, asked, number)
        return found

    return evaluate


def _is_known_text(expression: Any) -> bool:
    """Whether a text comes from the testbench: a literal, or the name of a number of an enumeration."""
    bare = _bare(expression)
    is_name = bare.kind.name == "Call" and bare.isSystemCall and bare.subroutineName == "name"
    return is_name or constant_of(bare) is not None


def _searching(value: Evaluate) -> Evaluate:
    """A text of a file that is compared as a whole."""

    def evaluate(machine: Machine) -> Value:
        found = value(machine)
        if found.origin is not None:
            machine.searched.append(found.origin)
        return found

    return evaluate


def _order_of(expression: Any, side: Any, other: Any) -> Callable[[ReadEvent, Value], None] | None:
    """Notes whether a character lies where a comparison by order asks for it: two in a row enclose it."""
    number, compare = constant_of(other), BINARY[expression.op.name]
    if expression.op.name not in _ORDERS or number is None:
        return None
    is_left = side is expression.left

    def note(event: ReadEvent, found: Value) -> None:
        if found.bits is not None and event.bounds != ENCLOSED:
            holds = compare(found.bits, number) if is_left else compare(number, found.bits)
            event.bounds = min(event.bounds + 1, ENCLOSED) if holds else MISSED

    return note


def weighed(value: Evaluate) -> Evaluate:
    """An expression that puts characters together, or asks which one it is."""

    def evaluate(machine: Machine) -> Value:
        with machine.asking(machine.asked or WEIGHED):
            return value(machine)

    return evaluate


def _asked(operator: str, side: Any, other: Any) -> str:
    """What a comparison with a constant asks of a character; "" for anything else."""
    number = constant_of(other)
    if operator == "Subtract" and number in _TAKEN:
        return _TAKEN[number]
    if number is None or not side.type.isIntegral or operator not in (*_ORDERS, *EQUALITIES):
        return ""
    ones = (-1, (1 << int(side.type.bitWidth)) - 1)
    if number in ones or (number == 0 and operator in _ORDERS):
        return ASKED_END
    return ASKED_SPACE if number in _SPACE and operator in EQUALITIES else WEIGHED


def _bare(expression: Any) -> Any:
    while expression.kind.name == "Conversion":
        expression = expression.operand
    return expression

"""Methods of strings (IEEE 1800-2017, 6.16)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tilewright.verilog.compiler import Compiler, Evaluate
from tilewright.verilog.events import MATCHED, ReadEvent
from tilewright.verilog.file_reads import place_of
from tilewright.verilog.machine import Machine
from tilewright.verilog.places import compile_target
from tilewright.verilog.values import UNKNOWN, Value, text_value

_BASES = {"atoi": 10, "atohex": 16, "atooct": 8, "atobin": 2}
_FORMATS = {"itoa": "d", "hextoa": "x", "octtoa": "o", "bintoa": "b"}
_DIGITS = {10: "0-9_", 16: "0-9a-fA-F_", 8: "0-7_", 2: "01_"}
_CODES = {"atoi": "d", "atohex": "h", "atooct": "o", "atobin": "b"}
_MARKS = {10: "", 16: "(?:0[xX](?=[0-9a-fA-F]))?", 8: "", 2: ""}
_PATTERNS = {
    base: re.compile(rf"[+-]?{_MARKS[base]}[{digits}]+") for base, digits in _DIGITS.items()
}
_PARTS = ("substr", "toupper", "tolower", "getc")
_FURTHER, _BASE_MARK = re.compile(r"[.,;:]\d"), re.compile(r"[+-]?0[xX][0-9a-fA-F]")
_SIGN = re.compile(rb"[^\w\s]\d")
MOST_CHARACTERS, _SHOWN = 1 << 16, 40


def string_method(call: Any, compiler: Compiler) -> Evaluate:
    """A method that computes something of a string, and leaves it as it is."""
    subject, name = call.arguments[0], call.subroutineName
    if not subject.type.isString:
        return lambda _: UNKNOWN
    text = compiler.expression(subject)
    arguments = [compiler.expression(argument) for argument in call.arguments[1:]]
    function, line = _METHODS[name], compiler.line(call)

    def evaluate(machine: Machine) -> Value:
        machine.step()
        is_kept, machine.heap.is_kept = machine.heap.is_kept, False
        source = text(machine)
        own, given = source.text, [argument(machine) for argument in arguments]
        if own is None or any(one.bits is None for one in given):
            return UNKNOWN
        if name in _BASES:
            _record(machine, source, name, line=line, is_kept=is_kept)
        result = function(own, given)
        return replace(result, origin=source.origin) if name in _PARTS else result

    return evaluate


def string_character(expression: Any, compiler: Compiler) -> Evaluate:
    """``text[index]``."""
    text, at = compiler.expression(expression.value), compiler.expression(expression.selector)

    def evaluate(machine: Machine) -> Value:
        source, index = text(machine), at(machine)
        if source.text is None or index.bits is None:
            return UNKNOWN
        return replace(_character(source.text, [index]), origin=source.origin)

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


def _record(machine: Machine, source: Value, name: str, *, line: int, is_kept: bool) -> None:
    """A number out of a text of a file: a word of it, or none where it should be one."""
    text, origin = (source.text or b"")[:MOST_CHARACTERS].strip(), source.origin
    found = _PATTERNS[_BASES[name]].match(text.decode("latin-1"))
    if found is None or not found.group().strip("+-_"):
        is_there = origin is not None and origin.status == MATCHED and machine.is_looking
        is_empty = is_there and not text
        if text[:1].isalnum() or _SIGN.match(text) or is_empty:
            shown = repr(text[:_SHOWN].decode("latin-1"))
            message = f"{name}() takes the text {shown}, which begins with no digit, for 0: correct the word"
            machine.faults.setdefault((line, message, machine.file_of(origin), "bad-word"))
        return
    rest = text[found.end() :].decode("latin-1")
    is_cut = _FURTHER.match(rest) or (rest[:1] in "xX" and _BASE_MARK.match(text.decode("latin-1")))
    if origin is None and is_cut:
        shown = repr(text[:_SHOWN].decode("latin-1"))
        message = f"{name}() takes the text {shown} for {found.group()}, and drops the rest: correct the word"
        machine.faults.setdefault((line, message, machine.file_of(machine.last_read), "bad-word"))
    at, code = place_of(text, origin), _CODES[name]
    if origin is None or at is None:
        return
    digits = found.group().encode("latin-1")
    start, end = origin.start + at, origin.start + at + len(digits)
    event = ReadEvent(code, line, 0, 32, MATCHED, start, end, digits, (start, end), origin.in_loop)
    event.is_checked = event.is_signed = event.is_in_line = True
    event.owner, event.call, event.matched = origin.owner, machine.next_call(), 1
    origin.words.append(event)
    if is_kept:
        machine.heap.returned = event
    else:
        machine.use_event(event, "")


def _number(base: int) -> Callable[[bytes, list[Value]], Value]:
    pattern = _PATTERNS[base]

    def parse(text: bytes, _: list[Value]) -> Value:
        found = pattern.match(text[:MOST_CHARACTERS].decode("latin-1").lstrip())
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
NUMBER_METHODS = tuple(_BASES)
STRING_METHODS = tuple(_METHODS)
STRING_MAKERS = tuple(_FORMATS)

"""Parts of a line or of a word that is kept in a register."""

from __future__ import annotations

from typing import Any

from tilewright.verilog.compiler import Compiler, Run
from tilewright.verilog.events import BITS_PER_DIGIT, HEX_LETTERS, ReadEvent
from tilewright.verilog.holdings import DIGIT, LETTER
from tilewright.verilog.literals import constant_of
from tilewright.verilog.machine import Machine
from tilewright.verilog.places import BEYOND, compile_low_bit
from tilewright.verilog.stored import Key
from tilewright.verilog.values import BYTE, Value

_DIGITS = b"01xXzZ"
_ONES = (ord("0"), ord("1"))
NIBBLE = 4
_LAST = 0xFF
"""Of the characters."""
_EQUALITIES = ("Equality", "CaseEquality", "Inequality", "CaseInequality")


def note_part(held: Value, at: int, width: int) -> None:
    """Somebody looks at `width` bits from bit `at` on of a register with text of a file.

    The lowest bit of a character tells 0 from 1, and means nothing of any other.
    """
    line, text = held.origin, held.text
    if line is None or text is None:
        return
    line.is_parted = True
    if width == 1 and at % BYTE == 0:
        _take_digit(held, len(text) - 1 - at // BYTE)
    elif width == NIBBLE and at % BYTE == 0:
        _take_number(line, text[len(text) - 1 - at // BYTE :][:1])


def note_asked(found: Value, asked: str, number: int | None) -> None:
    """A comparison with a constant asks of a character of a line which one it is, or takes it for a digit."""
    line, code = found.origin, found.bits
    if line is None or code is None or not 0 <= code <= _LAST:
        return
    if number is None or asked in (DIGIT, LETTER):
        char = bytes([code]) if code else b""
        if asked == DIGIT or (asked == LETTER and char not in HEX_LETTERS):
            _take_number(line, char, may_be_letter=asked == DIGIT)
    elif code == number:
        if line.parts is None or code not in line.parts.hits:
            line.part().hits += bytes([code])
    elif number in _ONES and bytes([code]).isalnum():
        parts = line.part()
        if number == _ONES[0] and code not in parts.no_zeros:
            parts.no_zeros += bytes([code])
        elif number == _ONES[1] and code not in parts.no_ones:
            parts.no_ones += bytes([code])


def _take_number(line: ReadEvent, char: bytes, *, may_be_letter: bool = True) -> None:
    """A character is computed with as a digit, or as a letter that stands for one."""
    if not (may_be_letter and char.isalnum()) and not line.part().odd_digit:
        line.part().odd_digit = char or b"\0"


def _take_digit(held: Value, place: int) -> None:
    """The character at a place of a text becomes a binary digit."""
    char = (held.text or b"")[place : place + 1] if place >= 0 else b""
    if held.origin is not None and not held.origin.odd_part and (not char or char not in _DIGITS):
        held.origin.odd_part = char or b"\0"


def taken_for_digit(expression: Any, compiler: Compiler) -> Run | None:
    """What ``line[i] == "1"`` takes for a digit, as the value of a bit; None for any other expression."""
    while expression.kind.name == "Conversion":
        expression = expression.operand
    if expression.kind.name != "BinaryOp" or expression.op.name not in _EQUALITIES:
        return None
    sides = (expression.left, expression.right)
    others = [side for side, other in (sides, sides[::-1]) if constant_of(other) in _ONES]
    side = others[0] if others else expression
    while side.kind.name == "Conversion":
        side = side.operand
    if side.kind.name not in ("RangeSelect", "ElementSelect") or side.type.bitWidth != BYTE:
        return None
    if side.value.type.isUnpackedArray:
        return None
    is_text, whole = bool(side.value.type.isString), compiler.expression(side.value)
    place = compiler.expression(side.selector) if is_text else None
    low = None if is_text else compile_low_bit(side, compiler)

    def take(machine: Machine) -> None:
        with machine.unused():
            held = whole(machine)
            at = low(machine) if low is not None else None
            index = place(machine).bits if place is not None else None
        if held.text is None or held.origin is None:
            return
        if index is None and at is not None and at != BEYOND and at % BYTE == 0:
            index = len(held.text) - 1 - at // BYTE
        if index is not None:
            _take_digit(held, index)

    return take


def note_lane(machine: Machine, key: Key | None, at: int, width: int) -> None:
    """Somebody takes `width` bits from bit `at` on of a number that a read left.

    The lower half of a character of `$fgetc` is its digit. Bits of a word that lie in front of its digits are
    zeros that stand in no file.
    """
    event = None if key is None else machine.marks.get(key)
    if event is None or not machine.is_looking:
        return
    if event.is_char and width == NIBBLE and not at:
        event.is_digit = True
    per_digit = BITS_PER_DIGIT.get(event.code, 0)
    if per_digit and width > 1 and at >= per_digit * len(event.digits.replace(b"_", b"")):
        event.is_in_front = True


def note_beyond(machine: Machine, key: Key | None) -> None:
    """Somebody looks at bits that the register `key` does not have, or at a place that is not known."""
    event = None if key is None else machine.marks.get(key)
    if event is not None and (event.is_word or event.is_text):
        event.is_beyond = True

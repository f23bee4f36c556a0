"""`$sformat` and its kin, as Icarus Verilog 11 was seen to do them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tilewright.verilog.events import BITS_PER_DIGIT
from tilewright.verilog.values import Value, wrap

_ITEM = re.compile(rb"%(-?)(0?)(\d*)([a-zA-Z%])|([^%]+)|(%)", re.DOTALL)
_TAKERS = frozenset(b"bohxdscefgtuzvBOHXDSCEFGTUZV")
MOST_WIDTH = 1 << 16
"""Of a field that is written; a wider one is not followed."""


def count_arguments(template: bytes) -> int:
    """How many arguments a format takes."""
    return sum(bool(code) and code[0] in _TAKERS for _, _, _, code, _, _ in _ITEM.findall(template))


def format_text(template: bytes, values: Sequence[Value]) -> bytes | None:
    """The text; None if a value is unknown, or the format is not followed here."""
    parts, rest = [], list(values)
    for left, zero, width, code, literal, odd in _ITEM.findall(template):
        letter = code.decode().lower()
        if literal or letter == "%":
            parts.append(literal or b"%")
            continue
        is_followed = letter in ("b", "o", "h", "x", "d", "s", "c") and len(width) < 6
        if odd or not rest or not is_followed or int(width or 0) > MOST_WIDTH:
            return None
        piece = _format(rest.pop(0), letter, has_zero=bool(zero), width=int(width or 0))
        if piece is None:
            return None
        parts.append(piece.lstrip(b" ").ljust(int(width or 0), b" ") if left else piece)
    if rest:  # arguments without a conversion of their own
        return None
    return b"".join(parts)


def _format(value: Value, letter: str, *, has_zero: bool, width: int) -> bytes | None:
    if letter in "sc":
        return _format_text(value, letter, has_zero=has_zero, width=width)
    if value.pattern is None:
        return None
    fill = b"0" if has_zero and width else b" "
    if letter == "d":
        digits, size = _decimal(value), width or (0 if has_zero else _longest(value))
        if fill == b"0" and digits.startswith(b"-"):
            return b"-" + digits[1:].rjust(size - 1, b"0")
        return digits.rjust(size, fill)
    per_digit = BITS_PER_DIGIT["h" if letter == "x" else letter]
    natural = 1 if has_zero else -(-value.width // per_digit)
    digits = _digits(value, per_digit)
    if has_zero or width:
        digits = digits.lstrip(b"0") or b"0"
    return digits.rjust(width or natural, b"0")


def _format_text(value: Value, letter: str, *, has_zero: bool, width: int) -> bytes | None:
    if value.bits is None:
        return None
    if letter == "c":
        return bytes([value.bits & 0xFF])
    natural = 0 if has_zero else value.width // 8
    return (value.text or b"").rjust(width or natural, b" ")


def _decimal(value: Value) -> bytes:
    if value.bits is not None:
        return str(wrap(value.bits, value.width, is_signed=value.is_signed)).encode()
    return _unclear(*(value.pattern or (0, 0)), value.width)


def _longest(value: Value) -> int:
    """Characters of the longest decimal number of this width."""
    if value.is_signed:
        return len(str(1 << (value.width - 1))) + 1
    return len(str((1 << value.width) - 1))


def _digits(value: Value, per_digit: int) -> bytes:
    ones, mask = value.pattern or (0, 0)
    if not mask:
        return (
            format(ones, {1: "b", 3: "o", 4: "x"}[per_digit])
            .encode()
            .rjust(-(-value.width // per_digit), b"0")
        )
    found = []
    for low in range(0, value.width, per_digit):
        size = min(per_digit, value.width - low)
        one, masked = (part >> low & ((1 << size) - 1) for part in (ones, mask))
        found.append(_unclear(one, masked, size) if masked else b"%x" % one)
    return b"".join(reversed(found))


def _unclear(ones: int, mask: int, size: int) -> bytes:
    """One character for bits of which some are x or z."""
    full = (1 << size) - 1
    letter = b"z" if ones & mask == mask else b"x"
    return letter if mask == full and ones in (0, full) else letter.upper()

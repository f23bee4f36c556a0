"""`$sformat` and its kin, as Icarus Verilog 11 was seen to do them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tilewright.verilog.events import BITS_PER_DIGIT
from tilewright.verilog.values import Value, wrap

_ITEM = re.compile(rb"%(0?)(\d*)([a-zA-Z%])|([^%]+)|(%)", re.DOTALL)
_BASES = {"b": "b", "o": "o", "h": "x", "x": "x"}


def format_text(template: bytes, values: Sequence[Value]) -> bytes | None:
    """The text; None if a value is unknown, or the format is not followed here."""
    parts, rest = [], list(values)
    for zero, width, code, literal, odd in _ITEM.findall(template):
        letter = code.decode().lower()
        if literal or letter == "%":
            parts.append(literal or b"%")
            continue
        if odd or not rest or letter not in ("b", "o", "h", "x", "d", "s", "c"):
            return None
        piece = _format(rest.pop(0), letter, has_zero=bool(zero), width=int(width or 0))
        if piece is None:
            return None
        parts.append(piece)
    if rest:  # arguments without a conversion of their own
        return None
    return b"".join(parts)


def _format(value: Value, letter: str, *, has_zero: bool, width: int) -> bytes | None:
    if value.bits is None:
        return None
    fill = b"0" if has_zero and width else b" "
    if letter == "s":
        text = value.text or b""
        natural = 0 if has_zero else value.width // 8
        return text.rjust(width or natural, b" ")
    if letter == "c":
        return bytes([value.bits & 0xFF])
    bits = wrap(value.bits, value.width, is_signed=value.is_signed and letter == "d")
    if letter == "d":
        longest = len(str((1 << value.width) - 1)) + value.is_signed
        if value.is_signed:
            longest = len(str(1 << (value.width - 1))) + 1
        natural = 0 if has_zero else longest
        return str(bits).encode().rjust(width or natural, fill)
    per_digit = BITS_PER_DIGIT["h" if letter == "x" else letter]
    natural = 1 if has_zero else -(-value.width // per_digit)
    return format(bits, _BASES[letter]).encode().rjust(width or natural, b"0")

"""Parts of a line that is kept in a register."""

from __future__ import annotations

from tilewright.verilog.values import BYTE, Value

_DIGITS = b"01xXzZ"


def note_part(held: Value, at: int, width: int) -> None:
    """Somebody looks at `width` bits from bit `at` on of a register with text of a file.

    The lowest bit of a character tells 0 from 1, and means nothing of any other.
    """
    line, text = held.origin, held.text
    if line is None or text is None:
        return
    line.is_parted = True
    if width == 1 and at % BYTE == 0 and not line.odd_part:
        place = len(text) - 1 - at // BYTE
        char = text[place : place + 1] if place >= 0 else b"\0"
        line.odd_part = char if char not in _DIGITS else b""

"""What a simulator makes of the value of a plusarg, as it was seen to do."""

from __future__ import annotations

import re
import struct
from math import copysign, floor

from tilewright.verilog.scan import digits_value
from tilewright.verilog.simulators import ICARUS, Simulator
from tilewright.verilog.values import UNKNOWN, Value, all_x, from_pattern

_KNOWN = "bodhxefgs"
_BITS = {"b": 1, "o": 3, "h": 4}
_DIGITS = {"b": "01", "o": "0-7", "h": "0-9a-fA-F"}
_REAL = re.compile(rb"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)")
_DECIMAL = re.compile(rb"\s*([+-]?\d+)")
_FORMAT = re.compile(r"%0?(.?)", re.DOTALL)
LARGEST = 1 << 62
MOST_DECIMALS = 30
"""Characters of a decimal number that Verilator takes."""


def split_format(text: bytes, simulator: Simulator) -> tuple[bytes, str]:
    """The text before the conversion and its letter, "" where the simulator takes no such format."""
    template = text.decode("latin-1")
    if simulator is ICARUS:
        prefix, _, _ = template.partition("%")
        found = _FORMAT.search(template)
        letter = found[1].lower() if found else ""
    else:
        pieces = re.split(r"%0*([^%0])", template, maxsplit=1, flags=re.DOTALL)
        prefix, letter = pieces[0].replace("%%", "%"), pieces[1].lower() if len(pieces) > 1 else ""
    letter = letter if letter and letter in _KNOWN else ""
    return prefix.encode("latin-1"), {"x": "h", "g": "f", "e": "f"}.get(letter, letter)


def icarus_value(text: bytes, code: str, width: int) -> Value | None:
    """The bits that Icarus 11 stores; None where it breaks off. UNKNOWN where it was not tried."""
    if code == "f":
        number = _real(text)
        return UNKNOWN if number is None else from_pattern(_rounded(number), 0, width)
    if code == "d":
        return _icarus_decimal(text, width)
    is_negative, digits = text.startswith(b"-"), text.removeprefix(b"-").decode("latin-1")
    one = f"[{_DIGITS[code]}xXzZ]"
    if not re.fullmatch(f"{one}(?:{one}|_)*", digits):
        return all_x(width)
    if code == "b" and "_" in digits:
        return None
    if not is_negative:
        return digits_value(digits, code, width)
    if set(digits.lower()) & set("xz"):
        return UNKNOWN
    number_of_digits = len(digits) * _BITS[code]
    value = digits_value(digits, code, max(width, number_of_digits))
    return from_pattern(-(value.bits or 0), 0, width)


def _icarus_decimal(text: bytes, width: int) -> Value:
    if re.fullmatch(rb"[xXzZ]", text):
        full = (1 << width) - 1
        return from_pattern(full if text in b"zZ" else 0, full, width)
    if not re.fullmatch(rb"-?(?:[0-9][0-9_]*)?", text):
        return all_x(width)
    return from_pattern(int(text.replace(b"_", b"").removeprefix(b"-") or b"0")
                        * (-1 if text.startswith(b"-") else 1), 0, width)  # fmt: skip


def verilator_value(text: bytes, code: str, width: int) -> Value:
    """The bits that Verilator 5 stores: x and z are 0, other characters are passed over."""
    if code == "f":
        number = _real(text)
        bits = 0 if number is None else int.from_bytes(struct.pack(">d", number), "big")
        return UNKNOWN if number is None else from_pattern(bits, 0, width)
    if code == "d":
        begin = len(text) - len(text.lstrip())
        found = _DECIMAL.match(text[: begin + MOST_DECIMALS])
        number_read = int(found[1]) if found else 0
        limited = min(max(number_read, -(1 << 63)), (1 << 63) - 1)
        return from_pattern(limited & ((1 << 64) - 1), 0, width)
    bits, low = 0, 0
    for character in reversed(text[-width:].decode("latin-1").lower()):
        if character in "xz?0123456789abcdef":
            digit = 0 if character in "xz?" else int(character, 16)
            bits |= (digit & ((1 << _BITS[code]) - 1)) << low
            low += _BITS[code]
    return from_pattern(bits, 0, width)


def _real(text: bytes) -> float | None:
    """The number at the start, 0 if there is none; None for one that is not followed."""
    if re.search(rb"[xXnNiI]", text):
        return None
    found = _REAL.match(text)
    number = float(found[1]) if found else 0.0
    return number if abs(number) < LARGEST else None


def _rounded(number: float) -> int:
    """Half a unit goes away from zero."""
    return int(copysign(floor(abs(number) + 0.5), number))

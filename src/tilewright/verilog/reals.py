"""Real numbers of a file in variables of integers."""

from __future__ import annotations

from math import floor

from tilewright.verilog.values import UNKNOWN, Value

_WIDEST = 64


def is_whole(digits: bytes) -> bool:
    """Whether a number has no fraction."""
    try:
        return float(digits).is_integer()
    except ValueError:
        return False


def rounded(digits: bytes) -> Value:
    """The nearest integer, away from zero where two are near."""
    try:
        number = float(digits)
        nearest = floor(abs(number) + 0.5)
    except (ValueError, OverflowError):
        return UNKNOWN
    return Value(nearest if number >= 0 else -nearest, _WIDEST, is_signed=True)

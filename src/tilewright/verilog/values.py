"""What a testbench variable holds, as far as lint can follow it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tilewright.verilog.events import ReadEvent

BYTE = 8


@dataclass(frozen=True, slots=True)
class Value:
    """An integer or string of Verilog.

    bits: the value, two's complement below `width` bits if signed, else unsigned; None where it
    cannot be followed or is x. lost: the whole text, if a register too short cut its front off.
    origin: the `$fgets` that filled it.
    """

    bits: int | None
    width: int = 32
    is_signed: bool = False
    lost: bytes = b""
    origin: ReadEvent | None = None

    @property
    def text(self) -> bytes | None:
        """The value as a string: eight bits a character, leading zero bytes dropped."""
        if self.bits is None:
            return None
        bits = self.bits & ((1 << self.width) - 1)
        return bits.to_bytes((self.width + BYTE - 1) // BYTE, "big").lstrip(b"\0")

    def resize(self, width: int, *, is_signed: bool) -> Value:
        """The value in `width` bits; what is cut off the front of a text is remembered."""
        if self.bits is None or (width, is_signed) == (self.width, self.is_signed):
            return self if self.bits is not None else Value(None, width, is_signed)
        kept = wrap(self.bits, width, is_signed=is_signed)
        lost = self.lost
        if width < self.width and self.bits >> width not in (0, -1):
            lost = self.text or b""
        return Value(kept, width, is_signed, lost, self.origin)


UNKNOWN = Value(None)


def wrap(bits: int, width: int, *, is_signed: bool) -> int:
    """`bits` modulo 2 to the `width`, in the range of that width."""
    bits &= (1 << width) - 1
    return bits - (1 << width) if is_signed and width and bits >> (width - 1) else bits


def text_value(text: bytes) -> Value:
    """A string as a vector of eight bits a character."""
    return Value(int.from_bytes(text, "big"), BYTE * max(len(text), 1))

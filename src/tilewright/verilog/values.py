"""What a testbench variable holds, as far as it can be followed."""

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
    cannot be followed, or has digits x or z. masked: then, if the digits are known, ones and mask:
    a bit of the mask is x where the bit of the ones is 0, and z where it is 1. lost: the whole text, if
    a register too short cut its front off. origin: the `$fgets` that filled it.
    """

    bits: int | None
    width: int = 32
    is_signed: bool = False
    lost: bytes = b""
    origin: ReadEvent | None = None
    masked: tuple[int, int] | None = None

    @property
    def text(self) -> bytes | None:
        """The value as a string: eight bits a character, leading zero bytes dropped."""
        if self.bits is None:
            return None
        bits = self.bits & ((1 << self.width) - 1)
        return bits.to_bytes((self.width + BYTE - 1) // BYTE, "big").lstrip(b"\0")

    @property
    def pattern(self) -> tuple[int, int] | None:
        """Ones and mask of x and z, both below two to the `width`; None if it cannot be followed."""
        if self.bits is None:
            return self.masked
        return self.bits & ((1 << self.width) - 1), 0

    @property
    def truth(self) -> bool | None:
        """Whether a condition holds, as Verilog takes it: x does not; None if it is not known."""
        if self.bits is not None:
            return self.bits != 0
        return None if self.masked is None else bool(self.masked[0] & ~self.masked[1])

    def resize(self, width: int, *, is_signed: bool) -> Value:
        """The value in `width` bits; what is cut off the front of a text is remembered."""
        if self.masked is not None:
            ones, mask = self.masked
            return from_pattern(_extend(ones, self, width), _extend(mask, self, width), width,
                                is_signed=is_signed)  # fmt: skip
        if self.bits is None or (width, is_signed) == (self.width, self.is_signed):
            return self if self.bits is not None else Value(None, width, is_signed)
        kept = wrap(self.bits, width, is_signed=is_signed)
        lost = self.lost
        if width < self.width and self.bits >> width not in (0, -1):
            lost = self.text or b""
        return Value(kept, width, is_signed, lost, self.origin)

    def two_state(self) -> Value:
        """The value without x and z, which a variable of two states holds as 0."""
        if self.masked is None:
            return self
        ones, mask = self.masked
        return from_pattern(ones & ~mask, 0, self.width, is_signed=self.is_signed)


UNKNOWN = Value(None)


def _extend(bits: int, value: Value, width: int) -> int:
    top = value.width - 1
    if value.is_signed and width > value.width and bits >> top & 1:
        bits |= ((1 << width) - 1) ^ ((1 << value.width) - 1)
    return bits


def from_pattern(ones: int, mask: int, width: int, *, is_signed: bool = False) -> Value:
    """The value of these bits."""
    full = (1 << width) - 1
    ones, mask = ones & full, mask & full
    if mask:
        return Value(None, width, is_signed, masked=(ones, mask))
    return Value(wrap(ones, width, is_signed=is_signed), width, is_signed)


def all_x(width: int, *, is_signed: bool = False) -> Value:
    """A value of which every digit is x."""
    return Value(None, width, is_signed, masked=(0, (1 << width) - 1))


def wrap(bits: int, width: int, *, is_signed: bool) -> int:
    """`bits` modulo 2 to the `width`, in the range of that width."""
    bits &= (1 << width) - 1
    return bits - (1 << width) if is_signed and width and bits >> (width - 1) else bits


def text_value(text: bytes) -> Value:
    """A string as a vector of eight bits a character."""
    return Value(int.from_bytes(text, "big"), BYTE * max(len(text), 1))

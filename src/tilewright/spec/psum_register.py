"""A register that is too narrow for some psums: where it is, and what it does with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tilewright.errors import ConfigError

RegisterRule = Literal["wrap", "saturate"]
RegisterPlace = Literal["column", "tap", "tile"]
REGISTER_RULES: tuple[RegisterRule, ...] = ("wrap", "saturate")
REGISTER_PLACES: tuple[RegisterPlace, ...] = ("column", "tap", "tile")


@dataclass(frozen=True, slots=True)
class PsumRegister:
    """Psums of `bits` bits, two's complement.

    A layer is summed as the array does it: input-channel tiles of `rows` channels outer, taps inner, the
    channels of a tile down a column. place: "column": every addition in the column and every one of the
    accumulator is limited; "tap": a column's sum is exact, then limited as the accumulator takes it; "tile":
    the sum over all taps of a tile is exact, then limited so. overflow: what a sum does that does not fit.
    Wrapping gives the same result at every place: it commutes with addition.

    Raises `ConfigError` if a value is not valid.
    """

    bits: int
    overflow: RegisterRule
    place: RegisterPlace = "column"
    rows: int = 8

    def __post_init__(self) -> None:
        if not 2 <= self.bits <= 32:
            raise ConfigError(f"a psum register has 2..32 bits, not {self.bits}")
        read_register_rule(self.overflow)
        read_register_place(self.place)
        if not 1 <= self.rows <= 4096:
            raise ConfigError(f"a tile has 1..4096 rows, not {self.rows}")

    @property
    def lowest(self) -> int:
        """Smallest psum."""
        return -(1 << (self.bits - 1))

    @property
    def highest(self) -> int:
        """Largest psum."""
        return (1 << (self.bits - 1)) - 1


def read_register_rule(word: str) -> RegisterRule:
    """The rule called `word`; raises `ConfigError` that lists them."""
    for overflow in REGISTER_RULES:
        if word == overflow:
            return overflow
    raise ConfigError(f"an overflow rule must be {' or '.join(REGISTER_RULES)}, not {word!r}")


def read_register_place(word: str) -> RegisterPlace:
    """The place called `word`; raises `ConfigError` that lists them."""
    for place in REGISTER_PLACES:
        if word == place:
            return place
    raise ConfigError(f"psums are limited per {', '.join(REGISTER_PLACES)}, not {word!r}")

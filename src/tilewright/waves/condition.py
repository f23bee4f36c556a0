"""Tests of a signal, or of some of its bits: ``x``, ``x=3``, ``x!=0``, ``x[2]``, ``x[3:1]=5``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tilewright.errors import ConfigError

_FORM = re.compile(r"([^\s=!<>](?:[^=!<>]*?[^\s=!<>])??)(?:\[(\d+)(?::(\d+))?\])?(?:(!?=)(\d+))?")


@dataclass(frozen=True, slots=True)
class Condition:
    """Whether a signal, or its bits low to high, hold a number. high: None for the whole signal."""

    name: str
    high: int | None = None
    low: int = 0
    number: int = 1
    is_not: bool = False

    @classmethod
    def read(cls, text: str) -> Condition:
        """Without a number, it is 1. Raises `ConfigError` if the text is none.

        >>> [(one.name, one.high, one.low) for one in map(Condition.read, ("core/valid", "dut.bus[7:6]!=1"))]
        [('core/valid', None, 0), ('dut.bus', 7, 6)]
        """
        found = _FORM.fullmatch(text)
        if found is None or (found[3] and int(found[2]) < int(found[3])):
            raise ConfigError(
                f"a condition must be like x, x=0, x!=3, x[2], x[2]=0 or x[3:1]=5, not {text!r}"
            )
        name, high, low, sign, number = found.groups()
        return cls(
            name,
            None if high is None else int(high),
            int(low or high or 0),
            int(number or 1),
            sign == "!=",
        )

    def bits_of(self, width: int) -> range:
        """The bits, the lowest first, of a signal this wide; raises `ConfigError` if it lacks them."""
        bits = range(width) if self.high is None else range(self.low, self.high + 1)
        if bits.stop > width:
            raise ConfigError(
                f"{self.name} has {width} bits, so there is no {self.name}[{self.high}]"
            )
        return bits

    def holds(self, value: str) -> bool:
        """Of bits ``0 1 x z``, the highest first; nothing holds of an x or z."""
        bits = self.bits_of(len(value))
        held = value[len(value) - bits.stop : len(value) - bits.start]
        if set(held) - {"0", "1"}:
            return False
        return (int(held, 2) == self.number) != self.is_not

"""A grid of real values: the codes of a number format, less a zero-point, times a scale."""

from __future__ import annotations

from dataclasses import dataclass

from tilewright.spec import NumberFormat

NEAR = 2.0**-22
"""By how much of itself a number of steps may miss a whole one, as float32 rounds it and the scale."""


def is_whole(steps: float) -> bool:
    """Whether a number of a file is so many whole steps of a scale, as float32 rounds both."""
    return abs(steps - round(steps)) <= NEAR * max(1.0, abs(steps))


@dataclass(frozen=True, slots=True)
class Grid:
    """The values are codes of a format, less a zero-point, times a scale."""

    number_format: NumberFormat
    scale: float
    zero_point: int = 0

    @property
    def low(self) -> int:
        """The lowest code, less the zero-point."""
        return self.number_format.min_code - self.zero_point

    @property
    def high(self) -> int:
        """The highest code, less the zero-point."""
        return self.number_format.max_code - self.zero_point

"""Integer number formats: width, sign and range of a code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import FormatError

Codes = npt.NDArray[np.uint8] | npt.NDArray[np.int8]
"""Codes of up to 8 bits, unsigned or signed."""

IntArray = npt.NDArray[np.signedinteger[Any]] | npt.NDArray[np.unsignedinteger[Any]]


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """Width and range of an integer code.

    `bits` is 1..64. `is_narrow` drops the most negative code of a signed format
    (-7..7 at 4 bits), as QONNX's `narrow` does.

    >>> NumberFormat(4, is_signed=True, is_narrow=True).min_code
    -7
    """

    bits: int
    is_signed: bool
    is_narrow: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.bits <= 64:
            raise FormatError(f"a number format has 1..64 bits, not {self.bits}")
        if self.is_narrow and (not self.is_signed or self.bits < 2):
            raise FormatError("a narrow format is signed and has at least 2 bits")

    @property
    def min_code(self) -> int:
        """Smallest code."""
        return -(1 << (self.bits - 1)) + int(self.is_narrow) if self.is_signed else 0

    @property
    def max_code(self) -> int:
        """Largest code."""
        return (1 << (self.bits - 1)) - 1 if self.is_signed else (1 << self.bits) - 1

    def __str__(self) -> str:
        return f"{'s' if self.is_signed else 'u'}{self.bits} ({self.min_code}..{self.max_code})"

    def check(self, codes: IntArray, *, what: str, axes: str) -> None:
        """Raise `FormatError` naming the first code of `codes` outside the range and its place.

        `what` names the tensor and `axes` its axes, for example ``"oc ic kh kw"``.
        """
        outside = (codes < self.min_code) | (codes > self.max_code)
        if not outside.any():
            return
        place = np.unravel_index(int(outside.argmax()), codes.shape)
        where = ", ".join(f"{axis}={int(i)}" for axis, i in zip(axes.split(), place, strict=True))
        raise FormatError(
            f"{what} must fit {self}, but is {int(codes[place])} at ({where}); "
            f"{int(outside.sum())} of {codes.size} values do not fit: use a wider format"
        )


def signed_bits_needed(lowest: int, highest: int) -> int:
    """Width of the smallest two's complement format that holds `lowest..highest`.

    >>> signed_bits_needed(-7560, 7560)
    14
    """
    bits = 1
    while not -(1 << (bits - 1)) <= lowest <= highest <= (1 << (bits - 1)) - 1:
        bits += 1
    return bits

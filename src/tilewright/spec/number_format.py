"""Integer number formats: width, sign, range and name of a code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import FormatError
from tilewright.registry import Registry

Codes = npt.NDArray[np.uint8] | npt.NDArray[np.int8]
"""Codes of up to 8 bits, unsigned or signed."""

Ints = npt.NDArray[np.int64]
"""Exact integers: psums, sums, counts, and codes widened for arithmetic."""

IntArray = npt.NDArray[np.signedinteger[Any]] | npt.NDArray[np.unsignedinteger[Any]]
"""Integers of any width."""


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """Width and range of an integer code.

    `bits` is 1..64. `is_narrow` drops the most negative code of a signed format
    (-7..7 at 4 bits), as QONNX's `narrow` does. Its `name` is that of QONNX where there is one: INT4,
    UINT4, TERNARY (-1, 0 and 1: 2 bits, narrow), BINARY (0 and 1), BIPOLAR (-1 and 1); INT4N is narrow.

    A format of other codes is a subclass with its own `allowed` and range, added to `FORMATS` under
    its name; `bits` is then the width in which a two's complement code is written.

    >>> NumberFormat(4, is_signed=True, is_narrow=True).min_code
    -7
    >>> NumberFormat.parse("TERNARY") == NumberFormat(2, is_signed=True, is_narrow=True)
    True
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

    @property
    def name(self) -> str:
        """The name of the format, which `parse` reads."""
        for name in FORMATS.names():
            if FORMATS.get(name) == self:
                return name
        sign, narrow = "" if self.is_signed else "U", "N" if self.is_narrow else ""
        return f"{sign}INT{self.bits}{narrow}"

    @property
    def dtype(self) -> np.dtype[Any]:
        """The smallest type of integers that holds every code."""
        return code_dtype(self.bits, is_signed=self.min_code < 0)

    @classmethod
    def parse(cls, name: str) -> NumberFormat:
        """The format called `name`; raises `FormatError` if there is none."""
        if name in FORMATS:
            return FORMATS.get(name)
        parts = re.fullmatch(r"(U?)INT([1-9]\d?)(N?)", name, re.ASCII)
        if parts is None:
            known = ", ".join(FORMATS.names())
            raise FormatError(
                f"a number format is called INT4, UINT4, INT4N, {known}, not {name!r}"
            )
        return NumberFormat(int(parts[2]), not parts[1], bool(parts[3]))

    def to_facts(self) -> dict[str, Any]:
        """The format as JSON facts; of a kind that others added, its name."""
        return asdict(self) if type(self) is NumberFormat else {"name": self.name}

    @staticmethod
    def from_facts(facts: Mapping[str, Any]) -> NumberFormat:
        """Inverse of `to_facts`; raises `FormatError` if a width is no integer or a sign no truth value."""
        if "name" not in facts:
            wanted = {"bits": int, "is_signed": bool, "is_narrow": bool}
            for key, value in facts.items():
                if type(value) is not wanted.get(key, type(value)):
                    raise FormatError(
                        f"{key} of a number format must be of type {wanted[key].__name__}, not {value!r:.40}"
                    )
        return NumberFormat.parse(facts["name"]) if "name" in facts else NumberFormat(**facts)

    def allowed(self, values: IntArray) -> npt.NDArray[np.bool_]:
        """Which of `values` are codes of this format."""
        inside: npt.NDArray[np.bool_] = (values >= self.min_code) & (values <= self.max_code)
        return inside

    def __str__(self) -> str:
        return f"{'s' if self.is_signed else 'u'}{self.bits} ({self.min_code}..{self.max_code})"

    def check(self, codes: IntArray, *, what: str, axes: str) -> None:
        """Raise `FormatError` naming the first code of `codes` outside the range and its place.

        `what` names the tensor and `axes` its axes, for example ``"oc ic kh kw"``.
        """
        outside = ~self.allowed(codes)
        if not outside.any():
            return
        place = np.unravel_index(int(outside.argmax()), codes.shape)
        where = ", ".join(f"{axis}={int(i)}" for axis, i in zip(axes.split(), place, strict=True))
        raise FormatError(
            f"{what} must fit {self}, but is {int(codes[place])} at ({where}); "
            f"{int(outside.sum())} of {codes.size} values do not fit: use a wider format"
        )


@dataclass(frozen=True, slots=True)
class Bipolar(NumberFormat):
    """Codes -1 and 1: one bit each, but written in the two bits of two's complement that 01 and 11 take."""

    def allowed(self, values: IntArray) -> npt.NDArray[np.bool_]:
        """Which of `values` are -1 or 1."""
        is_code: npt.NDArray[np.bool_] = np.abs(values) == 1
        return is_code

    def __str__(self) -> str:
        return "bipolar (-1 or 1)"


BIPOLAR = Bipolar(2, is_signed=True, is_narrow=True)
"""What binary networks compute with: a product is an XNOR of signs."""

FORMATS: Registry[NumberFormat] = Registry("number format")
"""Formats with a name of their own; all others are called after their width."""

FORMATS.add("TERNARY", NumberFormat(2, is_signed=True, is_narrow=True))
FORMATS.add("BINARY", NumberFormat(1, is_signed=False))
FORMATS.add("BIPOLAR", BIPOLAR)


def code_dtype(bits: int, *, is_signed: bool) -> np.dtype[Any]:
    """The smallest type of integers with at least `bits` bits, 1..64.

    >>> code_dtype(9, is_signed=False)
    dtype('uint16')
    """
    width = next(width for width in (8, 16, 32, 64) if bits <= width)
    return np.dtype(f"{'int' if is_signed else 'uint'}{width}")


def signed_bits_needed(lowest: int, highest: int) -> int:
    """Width of the smallest two's complement format that holds `lowest..highest`.

    >>> signed_bits_needed(-7560, 7560)
    14
    """
    bits = 1
    while not -(1 << (bits - 1)) <= lowest <= highest <= (1 << (bits - 1)) - 1:
        bits += 1
    return bits

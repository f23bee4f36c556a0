"""Two files of numbers, of which nothing else is known: where they differ, place by place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import FormatError
from tilewright.judge.dump import Known
from tilewright.judge.listed import RADICES, tokens_of
from tilewright.spec import Ints
from tilewright.store.artifact import read_bytes
from tilewright.vectors.encoding import without_mark

_DIGITS = {"binary": "01xz?", "hex": "0123456789abcdefxz?", "decimal": "0123456789xz?"}
DIGIT_BITS = {"binary": 1, "hex": 4}
MOST_BITS = 62
"""Words of more bits are read as lanes of so many digits, since int64 holds them."""


@dataclass(frozen=True, slots=True, eq=False)
class PlainNumbers:
    """The numbers of a file in order. values: int64, 0 where not known (x, z). places: ``number 2``, line
    from 1 and position on the line from 0. bits: of a word of digits, 0 for decimal numbers. skipped: lines
    before the first number.
    """

    path: Path
    radix: str
    values: Ints
    known: Known
    places: Ints
    bits: int
    skipped: int = 0

    def place(self, index: int) -> str:
        """Where a number stands."""
        line, position = (int(part) for part in self.places[index])
        return f"{self.path.name} line {line}, number {position + 1}"


def read_plain(path: Path, radix: str | None = None) -> PlainNumbers:
    """Numbers parted by blanks, commas, semicolons or line ends; comments (``//``, ``#``) do not count.

    Lines before the first number are a header. `radix`: "decimal", "hex" or "binary"; None: found out
    from the digits. Words of digits are two's complement of as many bits as the longest has; those of
    more than `MOST_BITS` bits become two or more numbers, the highest first. Raises `FormatError` if
    there is no number, or something else among them.
    """
    lines = without_mark(read_bytes(path)).decode("utf-8", "replace").splitlines()
    rows = [tokens_of(line) for line in lines]
    kinds = (radix,) if radix else tuple(RADICES)
    first = next(
        (at for at, row in enumerate(rows) if row and any(_fits(row, kind) for kind in kinds)), None
    )
    if first is None:
        raise FormatError(f"{path} must hold numbers, but none of its {len(lines)} lines does")
    found = radix or _guess([token for row in rows[first:] for token in row])
    values, known, places, widths = list[int](), list[bool](), list[tuple[int, int]](), set[int]()
    for at, row in enumerate(rows[first:], first):
        if row and not _fits(row, found):
            raise FormatError(
                f"{path}: line {at + 1} must hold {found} numbers, but has {' '.join(row)[:40]!r}"
            )
        for lane, part in enumerate(piece for token in row for piece in _pieces(token, found)):
            is_known = not set(part) & set("xz?")
            values.append(int(part, RADICES[found]) if is_known else 0)
            known.append(is_known)
            places.append((at + 1, lane))
            widths.add(len(part))
    bits = max(widths) * DIGIT_BITS.get(found, 0)
    numbers = np.array(values, np.int64)
    if bits > 1:
        numbers = np.where(numbers >> (bits - 1) == 1, numbers - (1 << bits), numbers)
    skipped = sum(bool(line.strip()) for line in lines[:first])
    array: Any = np.array(places, np.int64).reshape(-1, 2)
    return PlainNumbers(path, found, numbers, np.array(known), array, bits, skipped)


def _fits(row: list[str], radix: str) -> bool:
    digits = set(_DIGITS[radix])
    return all(set(_bare(token)) <= digits and _bare(token) for token in row)


def _bare(token: str) -> str:
    return token.replace("_", "").lower().removeprefix("-").removeprefix("+").removeprefix("0x")


def _guess(tokens: list[str]) -> str:
    """The radix of these tokens: words of zeros and ones of one length are binary."""
    bare = [_bare(token) for token in tokens]
    if len({len(token) for token in bare}) == 1 and len(bare[0]) > 1 and _fits(bare, "binary"):
        return "binary"
    is_padded = len({len(token) for token in bare}) == 1 and any(t[0] == "0" for t in bare)
    if _fits(bare, "decimal") and not (is_padded and len(bare[0]) > 1):
        return "decimal"
    return "hex"


def _pieces(token: str, radix: str) -> list[str]:
    """A decimal number, or the digits of a word in as many parts as int64 asks for."""
    text = token.replace("_", "").lower()
    if radix == "decimal":
        return [text]
    digits, most = _bare(token), MOST_BITS // DIGIT_BITS[radix]
    if len(digits) <= most:
        return [("-" if text[0] == "-" else "") + digits]
    size = next(size for size in range(most // 2, 0, -1) if len(digits) % size == 0)
    return [digits[at : at + size] for at in range(0, len(digits), size)]


@dataclass(frozen=True, slots=True, eq=False)
class PlainComparison:
    """Two files of numbers held against each other, number by number as far as both go."""

    expected: PlainNumbers
    actual: PlainNumbers

    @property
    def both(self) -> int:
        """Numbers that both files have."""
        return min(self.expected.values.size, self.actual.values.size)

    @property
    def differs(self) -> npt.NDArray[np.int64]:
        """Indices of known numbers that differ."""
        count = self.both
        known = self.expected.known[:count] & self.actual.known[:count]
        wrong = known & (self.expected.values[:count] != self.actual.values[:count])
        return np.flatnonzero(wrong)

    @property
    def unknown(self) -> int:
        """Numbers of the shorter length that are not known in one of the files."""
        count = self.both
        return int((~(self.expected.known[:count] & self.actual.known[:count])).sum())

    @property
    def passed(self) -> bool:
        """Whether there are as many numbers, all known, and all equal."""
        same = self.expected.values.size == self.actual.values.size
        return same and not self.unknown and not self.differs.size

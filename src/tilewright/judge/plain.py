"""Two files of numbers, of which nothing else is known: where they differ, place by place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import FormatError
from tilewright.judge.arrays import ArrayFile, chosen_array, listed_arrays, read_array_file
from tilewright.judge.dump import Known
from tilewright.judge.dump_text import without_thousands
from tilewright.judge.listed import list_text, without_places
from tilewright.judge.numerals import (
    DIGIT_BITS,
    RADICES,
    digits_of,
    is_literal,
    is_number,
    is_unknown,
    parse_number,
    tokens_of,
)
from tilewright.spec import Ints
from tilewright.store.artifact import read_bytes
from tilewright.vectors.array_files import said, whole_numbers

MOST_BITS = 62
"""Words of more bits are read as lanes of so many digits, since int64 holds them."""


@dataclass(frozen=True, slots=True, eq=False)
class PlainNumbers:
    """The numbers of a file in order. values: int64, 0 where not known (x, z). places: ``number 2``, line
    from 1 and position on the line from 0. bits: of a word of digits, 0 for decimal numbers. skipped: lines
    before the first number. array, shape: of an array, its name and its sizes.
    """

    path: Path
    radix: str
    values: Ints
    known: Known
    places: Ints
    bits: int
    skipped: int = 0
    array: str = ""
    shape: tuple[int, ...] = ()

    def place(self, index: int) -> str:
        """Where a number stands."""
        if self.shape:
            at = "".join(f"[{int(one)}]" for one in np.unravel_index(index, self.shape))
            return f"{self.path.name} {self.array}{at}"
        line, position = (int(part) for part in self.places[index])
        return f"{self.path.name} line {line}, number {position + 1}"


def read_plain(path: Path, radix: str | None = None, *, array: str | None = None) -> PlainNumbers:
    """Numbers parted by blanks, commas, semicolons or line ends; comments (``//``, ``#``) do not count.

    Lines before the first number are a header. `radix`: "decimal", "hex" or "binary"; None: found out
    from the digits. Words of digits are two's complement of as many bits as the longest has; those of
    more than `MOST_BITS` bits become two or more numbers, the highest first. Of numpy's files and objects of
    JSON, `array` names the one that is meant, where there are several. Raises `FormatError` if there is no
    number, or something else among them.
    """
    arrays = read_array_file(path)
    if arrays is not None:
        return _of_array(arrays, array)
    lines = without_thousands(list_text(path, read_bytes(path)))[0].splitlines()
    rows = [tokens_of(line) for line in lines]
    kinds = (radix,) if radix else tuple(RADICES)
    first = next(
        (at for at, row in enumerate(rows) if row and any(_fits(row, kind) for kind in kinds)), None
    )
    if first is None:
        raise FormatError(f"{path} must hold numbers, but none of its {len(lines)} lines does")
    found = radix or _guess([token for row in rows[first:] for token in row])
    numbers, places, widths = list[int | None](), list[tuple[int, int]](), {0}
    for at, row in enumerate(rows[first:], first):
        if row and not _fits(row, found):
            raise FormatError(
                f"{path}: line {at + 1} must hold {found} numbers, but has {' '.join(row)[:40]!r}"
            )
        has_places = "@" in lines[at]
        plain = (
            without_places(path, at + 1, lines[at], done=len(numbers)) if has_places else iter(row)
        )
        for lane, part in enumerate(piece for token in plain for piece in _pieces(token, found)):
            numbers.append(_number(part, found, f"{path}: line {at + 1}"))
            places.append((at + 1, lane))
            widths.add(
                0 if found == "decimal" or is_literal(part) else len(digits_of(part.lstrip("+-")))
            )
    bits = max(widths) * DIGIT_BITS.get(found, 0)
    values = np.array([number or 0 for number in numbers], np.int64)
    if bits > 1:
        values = np.where(values >> (bits - 1) == 1, values - (1 << bits), values)
    known = np.array([number is not None for number in numbers], bool)
    where: Any = np.array(places, np.int64).reshape(-1, 2)
    skipped = sum(bool(line.strip()) for line in lines[:first])
    return PlainNumbers(path, found, values, known, where, bits, skipped)


def _of_array(file: ArrayFile, name: str | None) -> PlainNumbers:
    """The only array of a file, or the one of that name; a table of records is one, too."""
    arrays: Mapping[str, Any] = file.arrays
    if not arrays and len(file.tables) == 1:
        arrays = {"records": np.array(file.tables[0].rows)}
    if name is None and len(arrays) != 1:
        raise FormatError(
            f"{file.path} must hold one array, but holds {listed_arrays(arrays)}: name it with --dump-array"
        )
    name = next(iter(arrays)) if name is None else chosen_array(file.path, arrays, name)
    array = arrays[name]
    if isinstance(array, str):
        raise FormatError(array)
    if array.dtype.kind == "U":
        texts = [str(text) for text in array.reshape(-1)]
        array = np.array([_number(text, "decimal", str(file.path)) for text in texts]).reshape(
            array.shape
        )
    whole = np.asarray(whole_numbers(array, said(file.path, name)))
    rows = whole.reshape(-1, whole.shape[-1] if whole.ndim > 1 else 1)
    places: Any = np.argwhere(np.ones(rows.shape, bool))
    places[:, 0] += 1
    known = np.ones(whole.size, bool)
    flat = whole.astype(np.int64).reshape(-1)
    return PlainNumbers(
        file.path, "decimal", flat, known, places, 0, array=name, shape=whole.shape or (1,)
    )


def _fits(row: list[str], radix: str) -> bool:
    return all(is_number(token, radix) for token in row)


def _number(text: str, radix: str, where: str) -> int | None:
    """The number of a token, of digits without a sign so far; raises `FormatError` for more than 63 bits."""
    try:
        if radix == "decimal" and text.lstrip("-").isdecimal():
            number: int | None = int(text)
        elif is_literal(text):
            number = parse_number(text, "decimal", 1)
        elif radix == "decimal":
            number = parse_number(text, "decimal", MOST_BITS)
        else:
            number = None if is_unknown(text) else int(text, RADICES[radix])
    except ValueError:
        raise FormatError(f"{where} must hold integers, but has {text[:40]!r}") from None
    if number is not None and number.bit_length() > MOST_BITS + 1:
        raise FormatError(f"{where} must hold numbers of at most 64 bits, but has {text[:40]!r}")
    return number


def _guess(tokens: Sequence[str]) -> str:
    """The radix of these tokens: words of zeros and ones of one length are binary."""
    plain = [token for token in tokens if not is_literal(token)]
    bare = [digits_of(token).lstrip("+-") for token in plain]
    if plain and len({len(d) for d in bare}) == 1 and len(bare[0]) > 1 and _fits(bare, "binary"):
        return "binary"
    is_padded = len({len(d) for d in bare}) == 1 and any(d[:1] == "0" for d in bare)
    if _fits(plain, "decimal") and not (is_padded and len(bare[0]) > 1):
        return "decimal"
    return "hex"


def _pieces(token: str, radix: str) -> list[str]:
    """A decimal number, or the digits of a word in as many parts as int64 asks for."""
    if radix == "decimal" or is_literal(token):
        return [token]
    sign, digits = ("-" if token[0] == "-" else ""), digits_of(token.lstrip("+-"))
    most = MOST_BITS // DIGIT_BITS[radix]
    if len(digits) <= most:
        return [sign + digits]
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

"""Files whose names differ in numbers only, as one family: what one kind of file of a layout is."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.adopt.parsed_file import ParsedFile
from tilewright.adopt.shapes import KERNELS
from tilewright.errors import FormatError
from tilewright.vectors.words import from_digits

MOST_FIELD, MOST_WORD = 8, 64
"""Bits of operands; and of a word that may be one of them, wider than it must be."""
DECIMAL_BITS = (2, 4, 8, 16, 24, 32, 64)
"""Decimal numbers do not say how wide they are: the fewest of these are taken."""
_NIBBLES = {
    digit: tuple(int(bit) for bit in f"{int(digit, 16):04b}") for digit in "0123456789abcdef"
}


@dataclass(frozen=True, slots=True)
class NumberPlace:
    """A number in the names of a family: its values are `first`, `first` + 1, ...; `size` of them.

    factors: of the other numbers and a constant, if they determine this one. digits: that it has at least.
    """

    first: int
    size: int
    factors: tuple[int, ...] = ()
    digits: int = 0


@dataclass(frozen=True, eq=False)
class Family:
    """Files of one kind, in the order of the numbers in their names, the last one fastest.

    texts: what stands between the numbers of a name. places: the numbers. bits: digits 0 and 1 of
    words without separator, ``file line bit``, or None. numbers: lanes of others, ``file line lane``.
    is_decimal: numbers are decimal where they can be. is_lsb: the lowest bit of a field stands first.
    is_unsigned: numbers are read without a sign. read_bits: of the variable that a testbench reads decimal
    numbers into, 0 where that is not known. has_signed_codes: activations are read as two's complement, too;
    weights and psums are in any case. wide: bits of a word of digits that is taken for one number, of fewer
    bits. filler: bits on the left of every word that are 0, and left out of `bits`. pieces: files that are
    taken for one, the next going on where the last one ends; 0 where they are not. sequel: a shorter file
    that goes on where the last one ends (`tilewright.adopt.sequels`). is_grid: two numbers in the names are
    the row and the column of a tap.
    cache, read_in, read_before, agrees: what was read already.
    """

    texts: tuple[str, ...]
    places: tuple[NumberPlace, ...]
    files: tuple[ParsedFile, ...]
    radix: str
    bits: npt.NDArray[np.uint8] | None
    numbers: npt.NDArray[np.int64]
    has_signed_codes: bool = False
    is_decimal: bool = False
    is_lsb: bool = False
    is_unsigned: bool = False
    read_bits: int = 0
    wide: int = 0
    filler: int = 0
    pieces: int = 0
    sequel: Family | None = None
    is_grid: bool = False
    cache: dict[tuple[int, bool], npt.NDArray[Any] | None] = field(default_factory=dict)
    read_in: dict[tuple[int, bool], list[tuple[int, npt.NDArray[Any]]]] = field(
        default_factory=dict
    )
    read_before: dict[tuple[Any, ...], Any] = field(default_factory=dict)
    agrees: dict[tuple[Any, ...], Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """How the family is called in messages: its first name, and how many more."""
        more = len(self.files) - 1
        return self.name + (f" and {more} more" if more else "")

    @property
    def name(self) -> str:
        """Of its first file, and which part of it: no other family has it."""
        first = self.files[0]
        if first.array:
            return f"{first.name}: {first.array}"
        return f"{first.name} (part {first.part})" if first.part else first.name

    @cached_property
    def idle(self) -> float:
        """Share of the digits, or of the numbers, that are 0: of sums few, after ReLU many."""
        digits = self.numbers if self.bits is None else self.bits
        return 1 - np.count_nonzero(digits) / digits.size

    @property
    def separator(self) -> str:
        """What parts the lanes."""
        return self.files[0].separator

    @property
    def lines(self) -> int:
        """Words of a file."""
        return len(self.files[0].words)

    @property
    def words(self) -> int:
        """Words of all files."""
        return sum(len(file.words) for file in self.files)

    @cached_property
    def file_sizes(self) -> tuple[int, ...]:
        """How many values each number in the name takes, those that others determine left out."""
        if self.pieces:
            return ()
        sizes = [place.size for place in self.places if not place.factors]
        if self.is_grid:
            first, last = (at for at, size in enumerate(sizes) if size > 1)
            sizes[first], sizes[last] = 1, sizes[first] * sizes[last]
        return tuple(sizes)

    def as_grid(self) -> Family | None:
        """The files as those of a tap each, whose row and column stand in the names; None for others."""
        counting = tuple(place.size for place in self.places if place.size > 1)
        return replace(self.read_as(), is_grid=True) if counting in KERNELS else None

    def read_as(
        self, *, is_lsb: bool = False, is_unsigned: bool = False, has_signed_codes: bool = False
    ) -> Family:
        """The same files, read in another way as well: see the class."""
        return replace(
            self,
            is_lsb=self.is_lsb or is_lsb,
            is_unsigned=self.is_unsigned or is_unsigned,
            has_signed_codes=self.has_signed_codes or has_signed_codes,
            cache={},
            read_in={},
            read_before={},
            agrees={},
        )

    def as_list(self) -> Family | None:
        """The same files as lists of single numbers, however many stand on a line; None if they are not."""
        lists = tuple(file.listed for file in self.files)
        known = [one for one in lists if one is not None]
        if len(known) < len(lists) or len({one.shape for one in known}) > 1:
            return None
        found = family_of(self.texts, self.places, tuple(known), is_decimal=self.is_decimal)
        return replace(found, sequel=self.sequel.as_list() if self.sequel else None)

    @property
    def container(self) -> str:
        """Of a layout; "" for text."""
        return self.files[0].container

    @property
    def is_of_octets(self) -> bool:
        """Whether octets were put together to words, which nothing says."""
        return self.container.startswith("raw") or self.container in ("ihex", "ihex-little")

    def as_one(self) -> Family | None:
        """Files that one number in their names counts as one that goes on; None for others."""
        counting = [place for place in self.places if place.size > 1]
        if len(counting) != 1 or self.pieces:
            return None
        bits = None if self.bits is None else self.bits.reshape(1, -1, self.bits.shape[2])
        numbers = (
            self.numbers.reshape(1, -1, self.numbers.shape[2]) if bits is None else self.numbers
        )
        return replace(self.read_as(), bits=bits, numbers=numbers, pieces=counting[0].size)

    def in_words(self, octets: int, container: str) -> Family | None:
        """Files of octets in words of so many; None if they cannot be."""
        files = [file.in_words(octets, container) for file in self.files]
        known = tuple(file for file in files if file is not None)
        return family_of(self.texts, self.places, known) if len(known) == len(files) else None

    def as_numbers(self) -> Family:
        """Each word for one number, in two's complement, if no number fills its bits; else as it is."""
        if self.bits is None or not MOST_FIELD < self.bits.shape[2] <= MOST_WORD:
            return self
        wide = self.bits.shape[2]
        flat = np.ascontiguousarray(self.bits).reshape(-1, wide)
        numbers = from_digits(flat, wide, is_signed=True).reshape(*self.bits.shape[:2], 1)
        if int(numbers.min()) < -(1 << MOST_FIELD - 1) or int(numbers.max()) >> MOST_FIELD:
            return self
        return replace(
            self.read_as(), radix="decimal", bits=None, numbers=numbers.astype(np.int64), wide=wide
        )

    def without_filler(self) -> Family:
        """Without the first bits of words with one number, if they are 0 in all of them; else as it is.

        Negative numbers of fewer bits are written so by who cuts off their sign.
        """
        if self.bits is None or not 4 <= self.bits.shape[2] <= MOST_WORD or self.filler:
            return self
        word = self.bits.shape[2]
        filler = int(np.argmax(np.any(self.bits, axis=(0, 1))))
        if not filler or not 1 < word - filler <= min(MOST_FIELD, word // 2):
            return self
        return replace(self.read_as(), bits=self.bits[:, :, filler:], filler=filler)

    @property
    def written(self) -> str:
        """The radix in which a layout states the words."""
        if self.wide:
            return "binary" if "binary" in self.files[0].radices else "hex"
        return self.radix

    def as_read(self, radix: str, bits: int) -> Family:
        """The family as a testbench reads it: in that radix, where it can be, into so many bits."""
        radices = set.intersection(*(set(file.radices) for file in self.files))
        if self.container or radix not in radices:
            return self
        found = family_of(self.texts, self.places, self.files, known=radix)
        return replace(found, read_bits=bits, is_decimal=radix == "decimal")

    def as_decimal(self) -> Family:
        """The family in decimal numbers, where no number begins with 0: in a folder that has such files."""
        words = (lane for file in self.files for word in file.words for lane in word)
        if (
            self.radix == "decimal"
            or self.container
            or any(re.match("0.|.{4}", lane) for lane in words)
        ):
            return self
        return family_of(self.texts, self.places, self.files, is_decimal=True)

    def widths(self, most: int, *, is_signed: bool) -> tuple[int, ...]:
        """Bits that a field of signed or unsigned numbers can have, of at most `most`."""
        is_signed = (is_signed and not self.is_unsigned) or self.has_signed_codes
        if self.bits is not None:
            word = self.bits.shape[2]
            if self.is_of_octets and 8 < word <= MOST_WORD and most > 8:
                return (word, word // 2)[: 1 + (word > 16)]  # octets are put together to numbers
            slack = 4 if self.radix == "hex" and not self.is_of_octets else 1
            return tuple(b for b in range(1, most + 1) if word % b < slack and b <= word)
        digits = len(self.files[0].words[0][0])
        if self.radix == "binary":
            return (digits,) if digits <= most else ()
        if self.radix == "hex":
            return tuple(b for b in range(4 * digits, 4 * digits - 4, -1) if 0 < b <= most)
        low, high = int(self.numbers.min()), int(self.numbers.max())
        if 0 < self.read_bits <= most and _holds(self.read_bits, low, high, is_signed=is_signed):
            return (self.read_bits,)
        usual = (b for b in DECIMAL_BITS if _holds(b, low, high, is_signed=is_signed))
        return tuple(b for b in usual if b <= most)[:1]

    def values(self, bits: int, *, is_signed: bool) -> npt.NDArray[Any] | None:
        """Values ``file line lane`` of fields of `bits` bits; None if they cannot be so read."""
        is_signed = (is_signed and not self.is_unsigned) or self.has_signed_codes
        key = (bits, is_signed)
        if key not in self.cache:
            self.cache[key] = self._values(bits, is_signed=is_signed)
        return self.cache[key]

    def readings(self, most: int, *, is_signed: bool) -> list[tuple[int, npt.NDArray[Any]]]:
        """Bits of a field, at most `most`, with the values; no two widths with the same ones."""
        key = (most, is_signed)
        if key not in self.read_in:
            found: list[tuple[int, npt.NDArray[Any]]] = []
            for bits in self.widths(most, is_signed=is_signed):
                values = self.values(bits, is_signed=is_signed)
                if values is not None and not any(np.array_equal(values, v) for _, v in found):
                    found.append((bits, values))
            self.read_in[key] = found
        return self.read_in[key]

    def largest(self, bits: int, *, is_signed: bool) -> int:
        """The largest size of a value in fields of `bits` bits."""
        key = ("largest", bits, is_signed)
        if key not in self.agrees:
            values = self.read(bits, is_signed=is_signed)
            self.agrees[key] = max(int(values.max()), -int(values.min()))
        found: int = self.agrees[key]
        return found

    def read(self, bits: int, *, is_signed: bool) -> npt.NDArray[Any]:
        """As `values`, where it is known that they can be so read."""
        values = self.values(bits, is_signed=is_signed)
        if values is None:
            raise FormatError(f"{self.title} cannot be read in fields of {bits} bits")
        return values

    def _values(self, bits: int, *, is_signed: bool) -> npt.NDArray[Any] | None:
        if self.bits is None:
            numbers = self.numbers
            if self.radix != "decimal" and int(numbers.max()) >> bits:
                return None
            if self.radix != "decimal" and is_signed:
                return np.where(numbers >> (bits - 1) & 1, numbers - (1 << bits), numbers)
            low = -(1 << bits - 1) if is_signed else 0
            high = (1 << bits - is_signed) - 1
            fits = low <= int(numbers.min()) and int(numbers.max()) <= high
            return numbers if fits else None
        files, lines, word = self.bits.shape
        slack = word % bits
        if self.bits[:, :, :slack].any():
            return None
        digits = np.ascontiguousarray(self.bits[:, :, slack:]).reshape(files * lines, -1)
        if self.is_lsb:
            fields = digits.reshape(files * lines, -1, bits)
            digits = np.ascontiguousarray(fields[..., ::-1]).reshape(files * lines, -1)
        return from_digits(digits, bits, is_signed=is_signed).reshape(files, lines, -1)


def _holds(bits: int, low: int, high: int, *, is_signed: bool) -> bool:
    """Whether so many bits hold the numbers `low` .. `high`."""
    return -(1 << bits - 1) <= low and high < 1 << bits - is_signed


def family_of(
    texts: tuple[str, ...],
    places: tuple[NumberPlace, ...],
    files: tuple[ParsedFile, ...],
    *,
    is_decimal: bool = False,
    known: str = "",
) -> Family:
    """The family of these files; is_decimal: its numbers are decimal where they can be; known: the radix."""
    radices = set.intersection(*(set(file.radices) for file in files))
    order = ("decimal", "binary", "hex") if is_decimal else ("binary", "hex", "decimal")
    radix = next((r for r in (known, *order) if r in radices), "decimal")
    if not known and radix == "binary" and files[0].shape[2] < 2 and not files[0].separator:
        radix = "hex"
    bits, numbers = None, np.empty((0, 0, 0), np.int64)
    if radix == "decimal" or files[0].separator:
        base = {"binary": 2, "hex": 16, "decimal": 10}[radix]
        numbers = np.array([[[int(x, base) for x in w] for w in f.words] for f in files], np.int64)
    else:
        joined = "".join(word[0] for file in files for word in file.words).lower()
        digits = np.frombuffer(joined.encode(), np.uint8)
        shape = (len(files), len(files[0].words), -1)
        bits = (digits - ord("0")).reshape(shape)
        if radix == "hex":
            table = np.zeros((256, 4), np.uint8)
            for digit, nibble in _NIBBLES.items():
                table[ord(digit)] = nibble
            bits = table[digits].reshape(*shape)
    return Family(texts, places, files, radix, bits, numbers, is_decimal=is_decimal)

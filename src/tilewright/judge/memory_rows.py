"""Lines with an address and what lies there, as these print a memory: hexdump, xxd, od, gdb (``x/24xw``),
U-Boot (``md``) and AMD's xsct (``mrd``); and octets without addresses (``xxd -p``, ``xxd -i``).

Digits are hexadecimal, or octal (od without options) or binary (``xxd -b``) where the addresses say so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

_LINE = re.compile(
    r"\s*(?P<pointer>0x)?(?P<address>[0-9a-f]{4,16})(\s*<[^>]*>)?(?P<colon>:?)(?P<rest>(\s.*)?)",
    re.IGNORECASE,
)
_HEX = re.compile(r"(0x)?(?P<digits>([0-9a-f]{2})+)", re.IGNORECASE)
_DECIMAL = re.compile(r"-?[0-9]+")
_GUTTERS = ("|", " >")
"""What stands before the characters that hexdump and od print beside the octets."""
_WIDE = re.compile(r"\s{2,}")
_PADDED = re.compile(r"\s{3,}\S")
"""Decimal numbers of od stand in columns."""
_REPEATED = "*"
_OCTAL = {3: 1, 6: 2, 11: 4, 22: 8}
"""Octets of a word of so many octal digits."""
_BITS_OF_OCTET = re.compile("[01]{8}")
PLAIN = 60
"""Digits of a line of ``xxd -p``."""
_DIGITS = re.compile("([0-9a-f]{2})+", re.IGNORECASE)
_CHARACTERS = re.compile(
    r"\b(?:char|u?int8_t)\s+\w+\s*\[\d*\]\s*=\s*\{((?:\s*0x[0-9a-f]{2}\s*,?)+)\}", re.IGNORECASE
)
MOST = 1 << 24
"""Octets for which ``*`` may stand."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line: its number from 1, its address, and its words; decimal numbers, or digits of whole octets."""

    line: int
    address: int
    words: tuple[str, ...]
    is_decimal: bool
    has_colon: bool

    @property
    def octets(self) -> int:
        """How many octets the digits are."""
        return sum(map(len, self.words)) // 2


def read_rows(text: str) -> list[Row]:
    """The lines of a dump, those for which ``*`` stands filled in; none if it is no dump.

    Addresses, hexadecimal or (od) octal or decimal, must count octets from line to line. One line alone is a
    dump if a colon follows its address.
    """
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    for base, digits in ((16, 16), (8, 16), (10, 16), (16, 2), (8, 8)):
        rows = _parsed(lines, base, digits)
        if rows and _counts(rows):
            return rows[:-1] if not rows[-1].words else rows
    return _of_digits(lines) or _of_characters(text)


def _of_digits(lines: Sequence[tuple[int, str]]) -> list[Row]:
    """Lines of 60 digits, the last of which may be shorter: 30 octets each (``xxd -p``)."""
    texts = [line.strip() for _, line in lines]
    if len(texts) < 2 or not all(map(_DIGITS.fullmatch, texts)):
        return []
    if {len(text) for text in texts[:-1]} != {PLAIN} or not 0 < len(texts[-1]) <= PLAIN:
        return []
    return _counted((number, re.findall("..", line.strip())) for number, line in lines)


def _of_characters(text: str) -> list[Row]:
    """Octets of an array of characters in C (``xxd -i``)."""
    found = _CHARACTERS.search(text)
    if found is None:
        return []
    first = text.count("\n", 0, found.start(1)) + 1
    lines = enumerate(found[1].splitlines(), first)
    return _counted(
        (number, re.findall("0x([0-9a-f]{2})", line, re.IGNORECASE)) for number, line in lines
    )


def _counted(lines: Iterable[tuple[int, list[str]]]) -> list[Row]:
    """Rows of octets, which follow one another."""
    rows, address = list[Row](), 0
    for number, words in lines:
        if words:
            rows.append(Row(number, address, tuple(words), is_decimal=False, has_colon=False))
            address += len(words)
    return rows


def _parsed(lines: Sequence[tuple[int, str]], base: int, digits: int) -> list[Row]:
    """The rows, with addresses of that base and words of digits of the other; none if a line is no row."""
    rows = list[Row]()
    is_repeated = False
    for number, line in lines:
        if line.strip() == _REPEATED and rows:
            is_repeated = True
            continue
        row = _row(number, line, base, digits)
        if row is None:
            return []
        if is_repeated:
            if row.address - rows[-1].address > MOST:
                return []
            rows += _repetitions(rows[-1], row.address)
            is_repeated = False
        if rows and not _follows(rows[-1], row):
            return []
        rows.append(row)
    return rows


def _follows(before: Row, row: Row) -> bool:
    """Whether a row of octets begins where the one before it ends; decimal numbers may be of any length."""
    if not before.words or (row.words and row.is_decimal != before.is_decimal):
        return False
    return before.is_decimal or row.address == before.address + before.octets


def _row(number: int, line: str, base: int, digits: int) -> Row | None:
    found = _LINE.fullmatch(line)
    if found is None:
        return None
    rest, has_colon = found["rest"], bool(found["colon"])
    gutter = next((mark for mark in _GUTTERS if mark in rest), None)
    if has_colon:
        rest = _WIDE.split(rest.strip(), maxsplit=1)[0]
    elif gutter is not None:
        rest = rest[: rest.index(gutter)]
    tokens = rest.split()
    is_decimal = bool(tokens) and all(map(_DECIMAL.fullmatch, tokens))
    is_decimal &= (
        bool(found["pointer"])
        or "-" in rest
        or (gutter is None and not has_colon and _PADDED.search(rest) is not None)
    )
    try:
        address = int(found["address"], base)
    except ValueError:
        return None
    if is_decimal:
        return Row(number, address, tuple(tokens), is_decimal=True, has_colon=has_colon)
    words = _in_hex(tokens, digits)
    if len(words) < len(tokens) or len({len(word) for word in words[:-1]}) > 1:
        return None
    return Row(number, address, words, is_decimal=False, has_colon=has_colon)


def _in_hex(tokens: Sequence[str], base: int) -> tuple[str, ...]:
    """The words in hexadecimal digits, without those that are none of that base."""
    if base == 16:
        words = [_HEX.fullmatch(token) for token in tokens]
        return tuple(word["digits"] for word in words if word)
    if base == 2:
        return tuple(f"{int(one, 2):02x}" for one in tokens if _BITS_OF_OCTET.fullmatch(one))
    is_octal = [len(one) in _OCTAL and set(one) <= set("01234567") for one in tokens]
    sizes = [_OCTAL[len(one)] for one, is_it in zip(tokens, is_octal, strict=True) if is_it]
    numbers = [int(one, 8) for one, is_it in zip(tokens, is_octal, strict=True) if is_it]
    if any(number >> 8 * size for number, size in zip(numbers, sizes, strict=True)):
        return ()
    return tuple(f"{number:0{2 * size}x}" for number, size in zip(numbers, sizes, strict=True))


def _repetitions(row: Row, end: int) -> list[Row]:
    """The rows after `row` that are as it is, up to an address."""
    places = range(row.address + row.octets, end, row.octets) if row.octets else ()
    return [replace(row, address=place) for place in places]


def _counts(rows: Sequence[Row]) -> bool:
    """Whether the addresses show that rows which follow one another are a dump."""
    if not rows[0].words:
        return False
    if len(rows) == 1:
        return rows[0].has_colon
    return not rows[0].is_decimal or octets_of_decimal(rows) > 0


def octets_of_decimal(rows: Sequence[Row]) -> int:
    """Octets of each decimal number, as the addresses say; 0 where they do not."""
    sizes = {(after.address - row.address) / len(row.words) for row, after in pairwise(rows)}
    return int(sizes.pop()) if len(sizes) == 1 and sizes <= {1, 2, 4, 8} else 0

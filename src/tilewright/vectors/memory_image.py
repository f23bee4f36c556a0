"""What a memory held, as tools for FPGAs and processors write it: MIF, COE, Intel HEX and S-records."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import cycle, pairwise
from pathlib import Path
from typing import Literal

from tilewright.errors import FormatError, counted
from tilewright.vectors.intel_hex import DATA, END, LINEAR

MAX_WORDS = 2**24
RADICES = {"BIN": 2, "OCT": 8, "DEC": 10, "UNS": 10, "HEX": 16}
DIGIT_BITS = {2: 1, 8: 3, 16: 4}
_MIF_COMMENT = re.compile(r"--[^\n]*|%[^%]*%")
_MIF_FIELD = re.compile(r"\b(WIDTH|DEPTH|ADDRESS_RADIX|DATA_RADIX)\s*=\s*(\w+)\s*;", re.IGNORECASE)
_MIF_CONTENT = re.compile(r"\bCONTENT\s+BEGIN\b(.*)\bEND\s*;", re.IGNORECASE | re.DOTALL)
_ENTRY = re.compile(r"\s*([^;\s][^;]*)(?:;|$)")
_MIF_RANGE = re.compile(r"\[\s*(\w+)\s*\.\.\s*(\w+)\s*\]")
_COE = re.compile(
    r"\bmemory_initialization_radix\s*=\s*(\d+)\s*;\s*memory_initialization_vector\s*=([^;]*);",
    re.IGNORECASE,
)
_COE_COMMENT = re.compile(r"^\s*;[^\n]*", re.MULTILINE)
_COE_TOKEN = re.compile(r"[^\s,]+")
_RECORD = re.compile(r":((?:[0-9a-f]{2}){5,})", re.IGNORECASE)
_S_RECORD = re.compile(r"s([0-9])((?:[0-9a-f]{2}){4,})", re.IGNORECASE)
_ADDRESS_OCTETS = {1: 2, 2: 3, 3: 4}
"""Of S-records with data, by their type."""
_KEYS = (b"memory_initialization_vector", b"content")
"""Every COE has the first, and every MIF the second; dumps that have neither are not searched further."""
ORDERS: dict[str, Literal["little", "big"]]
ORDERS = {"ihex": "big", "ihex-words": "big", "ihex-little": "little"}
"""Which octet of a word stands first, by the container of a layout."""
_Record = tuple[int, bytes, int]
"""Address, octets, and line of the file."""

OCTET = 0xFF
SEGMENT, STARTS = 2, (3, 5)
"""Types of Intel HEX records that we do not write."""


@dataclass(frozen=True, slots=True)
class MemoryImage:
    """Words by address, from 0 on.

    tool: what such a file is called. bits: of a word; 0 where the file does not say. words: without a sign,
    except of decimal numbers below 0; None where the file has none. lines: of the file, from 1, on which each
    word stands; 0 where it has none. is_octets: a word is an octet of a memory
    whose words may be wider, the lowest octet first. left_out: words behind these. container: of a layout
    for such files, "" if none has it.
    """

    tool: str
    bits: int
    words: tuple[int | None, ...]
    lines: tuple[int, ...]
    is_octets: bool = False
    left_out: int = 0
    container: str = ""

    def in_words(self, count: int) -> MemoryImage:
        """The first `count` words; octets are joined first, if they are so many whole words."""
        octets, rest = divmod(len(self.words), max(count, 1))
        if self.is_octets and octets and not rest:
            return self._joined(octets, "little")
        left_out = max(len(self.words) - count, self.left_out)
        return replace(self, words=self.words[:count], lines=self.lines[:count], left_out=left_out)

    def as_words(self, count: int, bits: int, *, container: str = "") -> MemoryImage:
        """The first `count` words, of `bits` bits where all of them fit.

        container: "ihex" or "ihex-little" where that says how octets are joined; else they are joined as
        `in_words` does, if the words fit so, with the lowest first.
        """
        is_known = container in ORDERS
        image = self if is_known else self.in_words(count)
        if self.is_octets and (is_known or image.is_octets or not image._fits(bits)):
            image = self._joined(-(-bits // 8), ORDERS.get(container, "little")).in_words(count)
        image = image.in_words(count)
        is_wide = image.bits >= bits if image.bits else not image.left_out
        return replace(image, bits=bits) if is_wide and image._fits(bits) else image

    def _fits(self, bits: int) -> bool:
        return all(word is None or word >> bits in (0, -1) for word in self.words)

    def _joined(self, octets: int, order: Literal["little", "big"]) -> MemoryImage:
        """Words of so many octets; what is left behind the last one is none."""
        ends = range(octets, len(self.words) + 1, octets)
        words = tuple(_joined(self.words[end - octets : end], order) for end in ends)
        lines = self.lines[: len(words) * octets : octets]
        return MemoryImage(self.tool, 8 * octets, words, lines, container=self.container)

    def text(self, radix: str) -> str:
        """A word a line, with every digit of it, or decimal as two's complement; x where there is none."""
        digits = {"binary": self.bits, "hex": -(-self.bits // 4)}.get(radix, 0)
        lines = []
        for word in self.words:
            if word is None:
                lines.append("x" * max(digits, 1))
            elif radix == "decimal":
                is_negative = self.bits and word >> (self.bits - 1) == 1
                lines.append(str(word - (1 << self.bits) if is_negative else word))
            else:
                plain = word & ((1 << self.bits) - 1) if self.bits else word
                lines.append(f"{plain:0{digits}{'b' if radix == 'binary' else 'x'}}")
        return "\n".join(lines) + "\n"

    def __str__(self) -> str:
        size = f" of {counted(self.bits, 'bit')}" if self.bits else ""
        more = f", and {self.left_out} behind them are left out" if self.left_out else ""
        return f"{self.tool}: {counted(len(self.words), 'word')}{size}{more}"


def read_memory_image(content: bytes, path: Path) -> MemoryImage | None:
    """The image that a file holds; None if it is no such file.

    Raises `FormatError`, naming `path`, for one that is damaged: a sum of octets that is wrong, an address
    that is given two words or lies outside, a word that does not fit.
    """
    folded = content.lstrip().lower()
    is_s = _S_RECORD.match(folded[:100].decode("latin-1")) is not None
    if not folded.startswith(b":") and not is_s and all(key not in folded for key in _KEYS):
        return None
    text = content.decode("latin-1")
    if is_s:
        return _s_records(text, path)
    if _RECORD.match(text.lstrip()):
        return _intel_hex(text, path)
    if _COE.search(plain := _COE_COMMENT.sub(_lines_of, text)):
        return _coe(plain, path)
    body = _MIF_COMMENT.sub(_lines_of, text)
    content_of = _MIF_CONTENT.search(body)
    return None if content_of is None else _mif(body, content_of.span(1), path)


def _mif(body: str, content: tuple[int, int], path: Path) -> MemoryImage:
    """Source: Intel Quartus Prime help, Memory Initialization File. The last word of an address counts."""
    fields = {name.upper(): value.upper() for name, value in _MIF_FIELD.findall(body)}
    sizes = [fields.get(key, "") for key in ("WIDTH", "DEPTH")]
    if not all(map(str.isdecimal, sizes)):
        raise FormatError(f"{path} must state WIDTH and DEPTH as numbers, as a MIF does")
    bits, depth = map(int, sizes)
    if not (0 < bits <= 2**16 and 0 < depth <= MAX_WORDS):
        raise FormatError(f"{path} must have a WIDTH of 1..65536 and a DEPTH of 1..{MAX_WORDS}")
    radices = [fields.get(f"{key}_RADIX", "HEX") for key in ("ADDRESS", "DATA")]
    for radix in radices:
        if radix not in RADICES:
            raise FormatError(f"{path}: a radix is {', '.join(RADICES)}, not {radix}")
    address_base, base = (RADICES[radix] for radix in radices)
    image, numbers = _Image(bits, depth, path, is_last_used=True), _LineNumbers(body)
    for entry in _ENTRY.finditer(body, *content):
        place, found, values = entry[1].partition(":")
        if not found or not values.split():
            raise FormatError(f"{path}: {entry[1].strip()[:40]!r} must be 'address : words'")
        parts = [_number(token, base, path) for token in values.split()]
        bounds = _MIF_RANGE.fullmatch(place.strip())
        if bounds:
            first, last = (_number(token, address_base, path) for token in bounds.groups())
            pairs = zip(range(first, last + 1), cycle(parts), strict=False)
        else:
            first = _number(place.strip(), address_base, path)
            pairs = zip(range(first, first + len(parts)), parts, strict=True)
        image.store(pairs, numbers.of(entry.start(1)))
    return image.of("a memory initialization file (MIF)", "mif")


def _coe(text: str, path: Path) -> MemoryImage:
    """Source: AMD Vivado, Block Memory Generator product guide, COE file syntax."""
    found = _COE.search(text)
    assert found is not None, "the caller has looked"  # noqa: S101
    base = int(found[1])
    if base not in (2, 10, 16):
        raise FormatError(f"{path}: memory_initialization_radix must be 2, 10 or 16, not {base}")
    tokens = list(_COE_TOKEN.finditer(text, *found.span(2)))
    bits = max((len(token[0]) for token in tokens), default=0) * DIGIT_BITS.get(base, 0)
    words = tuple(_number(token[0], base, path) for token in tokens)
    numbers = _LineNumbers(text)
    lines = tuple(numbers.of(token.start()) for token in tokens)
    return MemoryImage("a coefficient file (COE)", bits, words, lines, container="coe")


def _intel_hex(text: str, path: Path) -> MemoryImage:
    """Source: Intel, Hexadecimal Object File Format Specification, 1988. Quartus counts words, not octets:
    known by records whose addresses rise by 1 while each has several octets.
    """
    records, base, is_ended = list[_Record](), 0, False
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        match = _RECORD.fullmatch(line.strip())
        octets = bytes.fromhex(match[1]) if match else b""
        if not octets or is_ended or len(octets) != octets[0] + 5 or sum(octets) % 256:
            raise FormatError(
                f"{path}: line {number} must be a record of Intel HEX whose octets add up to 0, but is not: "
                "was the file cut or edited?"
            )
        address, kind, data = int.from_bytes(octets[1:3]), octets[3], octets[4:-1]
        if kind == DATA:
            records.append((base + address, data, number))
        elif kind in (SEGMENT, LINEAR):
            base = int.from_bytes(data) << (4 if kind == SEGMENT else 16)
        elif kind not in STARTS and kind != END:
            raise FormatError(f"{path}: line {number} must be a record of type 0..5, not {kind}")
        is_ended = kind == END
    if not is_ended or not any(data for _, data, _ in records):
        raise FormatError(f"{path} must have data and the record :00000001FF at its end")
    image = _of_records(records, path, "Intel HEX")
    return replace(image, container="ihex" if image.is_octets else "ihex-words")


def _s_records(text: str, path: Path) -> MemoryImage:
    """Source: the manual page srec(5); types 1 to 3 hold data, the others a header, counts and the start."""
    records = list[_Record]()
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        match = _S_RECORD.fullmatch(line.strip())
        octets = bytes.fromhex(match[2]) if match else b""
        if not match or len(octets) != octets[0] + 1 or sum(octets) % 256 != OCTET:
            raise FormatError(
                f"{path}: line {number} must be an S-record whose octets add up to FF, but is not: was the "
                "file cut or edited?"
            )
        if (size := _ADDRESS_OCTETS.get(int(match[1]))) is not None:
            records.append((int.from_bytes(octets[1 : 1 + size]), octets[1 + size : -1], number))
    if not any(data for _, data, _ in records):
        raise FormatError(f"{path} must have S-records with data, but has none")
    return _of_records(records, path, "S-records")


def _of_records(records: list[_Record], path: Path, tool: str) -> MemoryImage:
    """The octets by address; where these are a processor's, from the lowest on."""
    sizes = {len(data) for _, data, _ in records}
    size = max(sizes)
    steps = {after[0] - before[0] for before, after in pairwise(records)}
    is_worded = size > 1 and len(sizes) == 1 and steps == {1}
    lowest = min(address for address, _, _ in records)
    if lowest >= MAX_WORDS:
        records = [(address - lowest, data, line) for address, data, line in records]
    count = max(address + (1 if is_worded else len(data)) for address, data, _ in records)
    if count > MAX_WORDS:
        raise FormatError(
            f"{path} must have addresses below {MAX_WORDS}, or within as many from the lowest, but has "
            f"{count - 1}"
        )
    image = _Image(8 * size if is_worded else 8, count, path)
    for address, data, line in records:
        words = [int.from_bytes(data)] if is_worded else list(data)
        image.store(enumerate(words, address), line)
    return image.of(tool, is_octets=not is_worded)


class _Image:
    """Words as they are stored. is_last_used: whether an address may be given another word."""

    def __init__(self, bits: int, depth: int, path: Path, *, is_last_used: bool = False) -> None:
        self._bits, self._path, self._is_last_used = bits, path, is_last_used
        self._words: list[int | None] = [None] * depth
        self._lines = [0] * depth

    def store(self, pairs: Iterable[tuple[int, int]], line: int) -> None:
        """Words with their addresses."""
        for address, word in pairs:
            if not 0 <= address < len(self._words):
                raise FormatError(
                    f"{self._path}: line {line} must have addresses below {len(self._words)}, but has "
                    f"{address}: is DEPTH right?"
                )
            if self._words[address] is not None and not self._is_last_used:
                raise FormatError(
                    f"{self._path}: line {line} must not have address {address}, which has a word already"
                )
            if word >> self._bits not in (0, -1):
                raise FormatError(
                    f"{self._path}: line {line} must have words of {self._bits} bits, but has {word}"
                )
            self._words[address], self._lines[address] = word, line

    def of(self, tool: str, container: str = "", *, is_octets: bool = False) -> MemoryImage:
        """The image of all that was stored."""
        around = tool, self._bits, tuple(self._words), tuple(self._lines)
        return MemoryImage(*around, is_octets=is_octets, container=container)


def _lines_of(comment: re.Match[str]) -> str:
    """What is left of a comment: a blank, and its line ends, so that lines keep their numbers."""
    return " " + "\n" * comment[0].count("\n")


class _LineNumbers:
    """The line of a place in a text, asked from the beginning on."""

    def __init__(self, text: str) -> None:
        self._text, self._place, self._line = text, 0, 1

    def of(self, place: int) -> int:
        self._line += self._text.count("\n", self._place, place)
        self._place = place
        return self._line


def _number(token: str, base: int, path: Path) -> int:
    try:
        return int(token, base)
    except ValueError:
        raise FormatError(f"{path}: {token[:40]!r} must be a number of radix {base}") from None


def _joined(octets: tuple[int | None, ...], order: Literal["little", "big"]) -> int | None:
    known = [octet for octet in octets if octet is not None]
    return int.from_bytes(bytes(known), order) if len(known) == len(octets) else None

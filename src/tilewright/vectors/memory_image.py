"""What a memory held, as tools for FPGAs and processors write it: MIF, COE and Intel HEX."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import cycle, pairwise
from pathlib import Path

from tilewright.errors import FormatError

MAX_WORDS = 2**24
RADICES = {"BIN": 2, "OCT": 8, "DEC": 10, "UNS": 10, "HEX": 16}
DIGIT_BITS = {2: 1, 8: 3, 16: 4}
_MIF_COMMENT = re.compile(r"--[^\n]*|%[^%]*%")
_MIF_FIELD = re.compile(r"\b(WIDTH|DEPTH|ADDRESS_RADIX|DATA_RADIX)\s*=\s*(\w+)\s*;", re.IGNORECASE)
_MIF_CONTENT = re.compile(r"\bCONTENT\s+BEGIN\b(.*)\bEND\s*;", re.IGNORECASE | re.DOTALL)
_MIF_RANGE = re.compile(r"\[\s*(\w+)\s*\.\.\s*(\w+)\s*\]")
_COE = re.compile(
    r"\bmemory_initialization_radix\s*=\s*(\d+)\s*;\s*memory_initialization_vector\s*=([^;]*);",
    re.IGNORECASE,
)
_KEYS = re.compile(r"\bmemory_initialization_vector\b|\bCONTENT\s+BEGIN\b", re.IGNORECASE)
_COE_COMMENT = re.compile(r"^\s*;[^\n]*", re.MULTILINE)
_RECORD = re.compile(r":((?:[0-9a-f]{2}){5,})", re.IGNORECASE)
DATA, END, SEGMENT, LINEAR, STARTS = 0, 1, 2, 4, (3, 5)
"""Types of Intel HEX records."""


@dataclass(frozen=True, slots=True)
class MemoryImage:
    """Words by address, from 0 on.

    tool: what such a file is called. bits: of a word; 0 where the file does not say. words: without a sign,
    except of decimal numbers below 0; None where the file has none. is_octets: a word is an octet of a memory
    whose words may be wider, the lowest octet first. left_out: words behind these.
    """

    tool: str
    bits: int
    words: tuple[int | None, ...]
    is_octets: bool = False
    left_out: int = 0

    def in_words(self, count: int) -> MemoryImage:
        """The first `count` words; octets are joined first, if they are so many whole words."""
        octets, rest = divmod(len(self.words), max(count, 1))
        if self.is_octets and octets and not rest:
            parts = (self.words[at : at + octets] for at in range(0, len(self.words), octets))
            return MemoryImage(self.tool, 8 * octets, tuple(map(_joined, parts)))
        left_out = max(len(self.words) - count, 0)
        return replace(self, words=self.words[:count], left_out=left_out)

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
        size = f" of {self.bits} bits" if self.bits else ""
        more = f", and {self.left_out} behind them are left out" if self.left_out else ""
        return f"{self.tool}: {len(self.words)} words{size}{more}"


def read_memory_image(content: bytes, path: Path) -> MemoryImage | None:
    """The image that a file holds; None if it is no such file.

    Raises `FormatError`, naming `path`, for one that is damaged: a sum of octets that is wrong, an address
    that is given two words or lies outside, a word that does not fit.
    """
    text = content.decode("latin-1")
    if _RECORD.match(text.lstrip()):
        return _intel_hex(text, path)
    if not _KEYS.search(text):
        return None
    if _COE.search(plain := _COE_COMMENT.sub("", text)):
        return _coe(plain, path)
    body = _MIF_COMMENT.sub(" ", text)
    content_of = _MIF_CONTENT.search(body)
    if content_of is None:
        return None
    fields = {name.upper(): value.upper() for name, value in _MIF_FIELD.findall(body)}
    return _mif(fields, content_of[1], path)


def _mif(fields: dict[str, str], body: str, path: Path) -> MemoryImage:
    """Source: Intel Quartus Prime help, Memory Initialization File. The last word of an address counts."""
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
    image: list[int | None] = [None] * depth
    for entry in filter(str.strip, body.split(";")):
        place, found, values = entry.partition(":")
        if not found or not values.split():
            raise FormatError(f"{path}: {entry.strip()[:40]!r} must be 'address : words'")
        parts = [_number(token, base, path) for token in values.split()]
        bounds = _MIF_RANGE.fullmatch(place.strip())
        if bounds:
            first, last = (_number(token, address_base, path) for token in bounds.groups())
            pairs = zip(range(first, last + 1), cycle(parts), strict=False)
        else:
            first = _number(place.strip(), address_base, path)
            pairs = zip(range(first, first + len(parts)), parts, strict=True)
        _store(image, pairs, bits, path, is_last_used=True)
    return MemoryImage("a memory initialization file (MIF)", bits, tuple(image))


def _coe(text: str, path: Path) -> MemoryImage:
    """Source: AMD Vivado, Block Memory Generator product guide, COE file syntax."""
    found = _COE.search(text)
    assert found is not None, "the caller has looked"  # noqa: S101
    base = int(found[1])
    if base not in (2, 10, 16):
        raise FormatError(f"{path}: memory_initialization_radix must be 2, 10 or 16, not {base}")
    tokens = [token for token in re.split(r"[\s,]+", found[2]) if token]
    if not tokens:
        raise FormatError(
            f"{path} must have words after memory_initialization_vector, but has none"
        )
    bits = max(map(len, tokens)) * DIGIT_BITS.get(base, 0)
    words = tuple(_number(token, base, path) for token in tokens)
    return MemoryImage("a coefficient file (COE)", bits, words)


def _intel_hex(text: str, path: Path) -> MemoryImage:
    """Source: Intel, Hexadecimal Object File Format Specification, 1988. Quartus counts words, not octets:
    known by records whose addresses rise by 1 while each has several octets.
    """
    records, base, is_ended = list[tuple[int, bytes]](), 0, False
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
            records.append((base + address, data))
        elif kind in (SEGMENT, LINEAR):
            base = int.from_bytes(data) << (4 if kind == SEGMENT else 16)
        elif kind not in STARTS and kind != END:
            raise FormatError(f"{path}: line {number} must be a record of type 0..5, not {kind}")
        is_ended = kind == END
    if not is_ended or not any(data for _, data in records):
        raise FormatError(f"{path} must have data and the record :00000001FF at its end")
    return _of_records(records, path)


def _of_records(records: list[tuple[int, bytes]], path: Path) -> MemoryImage:
    name, sizes = "Intel HEX", {len(data) for _, data in records}
    size = max(sizes)
    steps = {after[0] - before[0] for before, after in pairwise(records)}
    is_worded = size > 1 and len(sizes) == 1 and steps == {1}
    count = max(address + (1 if is_worded else len(data)) for address, data in records)
    if count > MAX_WORDS:
        raise FormatError(f"{path} must have addresses below {MAX_WORDS}, but has {count - 1}")
    image: list[int | None] = [None] * count
    for address, data in records:
        words = [int.from_bytes(data)] if is_worded else list(data)
        _store(image, enumerate(words, address), 8 * size, path)
    if is_worded:
        return MemoryImage(name, 8 * size, tuple(image))
    return MemoryImage(name, 8, tuple(image), is_octets=True)


def _store(
    image: list[int | None],
    pairs: Iterator[tuple[int, int]],
    bits: int,
    path: Path,
    *,
    is_last_used: bool = False,
) -> None:
    for address, word in pairs:
        if not 0 <= address < len(image):
            raise FormatError(
                f"{path}: addresses must be below {len(image)}, but one is {address}: is DEPTH right?"
            )
        if image[address] is not None and not is_last_used:
            raise FormatError(f"{path}: address {address} must have one word, but has two")
        if word >> bits not in (0, -1):
            raise FormatError(f"{path}: {word} at address {address} does not fit {bits} bits")
        image[address] = word


def _number(token: str, base: int, path: Path) -> int:
    try:
        return int(token, base)
    except ValueError:
        raise FormatError(f"{path}: {token[:40]!r} must be a number of radix {base}") from None


def _joined(octets: tuple[int | None, ...]) -> int | None:
    known = [octet for octet in octets if octet is not None]
    return int.from_bytes(bytes(known), "little") if len(known) == len(octets) else None

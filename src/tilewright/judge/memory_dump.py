"""What lies in a memory: the octets of a raw file, or a dump of them as text.

Nothing says how long a number is, or which of its octets is the lowest. The first follows from how many
numbers are expected; of the orders of octets that one counts in which most numbers fit their bits, and where
several are alike, in which numbers are smaller: octets in another order are large.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from tilewright.errors import FormatError, counted
from tilewright.judge.dump import Dump, FoundNumbers, dump_shape
from tilewright.judge.listed import numbers_in_order
from tilewright.judge.memory_rows import Row, octets_of_decimal, read_rows
from tilewright.spec import Ints
from tilewright.vectors import Bundle
from tilewright.vectors.containers import OCTET_SUFFIXES
from tilewright.vectors.memory_image import MemoryImage

_SIZES = (1, 2, 4, 8)
"""Octets of a number."""
_ODD_SIZES = (3, 6)
"""Octets of a number where the file has exactly so many: of 24 and 48 bits."""
_FOUR_STATE = 4
"""Octets of a number, and again of its bits of x or z, that ``$fwrite("%z")`` writes."""
_FLOATS = {4: "f4", 8: "f8"}
_OTHERS = (b"PK", b"\x80", b"\x7fELF", b"\x1f\x8b", b"\x89", b"\x93NUMPY")
"""How files begin that are binary and no memory: archives, pickles, programs, pictures."""
_LONG = (b"PK\x03\x04", b"\x7fELF", b"\x1f\x8b\x08", b"\x93NUMPY")
"""Such beginnings as no number has by chance: of a file that is called one of octets."""
_CONTROL = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f]")


@dataclass(frozen=True, slots=True)
class _Memory:
    """Octets as they may lie in a memory, and of each the line (of a raw file its place) and the lane.

    order: whether the first octet of a number is the lowest, or the last one.
    """

    octets: bytes
    places: Ints  # octet 2
    order: Literal["little", "big"]

    def numbers(self, size: int, count: int) -> Ints:
        """`count` numbers of two's complement, of `size` octets each."""
        octets = np.frombuffer(self.octets[: size * count], np.uint8).reshape(count, size)
        octets = octets if self.order == "little" else octets[:, ::-1]
        signs = np.where(octets[:, -1:] >> 7, 0xFF, 0).astype(np.uint8)
        filled = np.concatenate([octets, np.repeat(signs, 8 - size, axis=1)], axis=1)
        return np.ascontiguousarray(filled).view("<i8").reshape(-1)


def read_memory_dump(
    bundle: Bundle,
    path: Path,
    content: bytes,
    kind: str,
    *,
    order: str | None = None,
    is_partial: bool = False,
    image: MemoryImage | None = None,
) -> Dump | None:
    """Numbers of `kind`, in `order` (`numbers_in_order`), of a dump of a memory; None if the file is none.

    image: the octets, where they were read already (`holds_numbers`).
    Raises `FormatError` if there are fewer than expected and not `is_partial`, or more in a raw file.
    """
    targets, bits = numbers_in_order(bundle, kind, order), bundle.array.psum_bits
    is_raw = image is None and _is_raw(path, content)
    rows = [] if is_raw or image else read_rows(content.decode("utf-8", "replace"))
    if not (is_raw or rows or image):
        return None
    what = image.tool if image else "raw octets" if is_raw else "a dump of a memory"
    is_decimal = bool(rows) and rows[0].is_decimal
    if is_decimal and not octets_of_decimal(rows):
        numbers, places = _decimal(rows)
        total, size, said, unit = len(numbers), 1, "decimal", "number"
        count = min(total, len(targets))
    else:
        ways = _of_image(image) if image else _raw(content) if is_raw else _ways(rows)
        total, unit = len(ways[0].octets), "octet"
        size, count = _size(total, len(targets), bits)
        best, numbers = _likeliest([way.numbers(size, count) for way in ways], bits)
        said = f"{8 * size} bits each, {'decimal' if is_decimal else f'{ways[best].order}-endian'}"
        if not _fit(numbers, bits) and (other := _otherwise(ways, size, count, bits)) is not None:
            best, numbers, said = other
        places = ways[best].places[::size]
    rest = total - size * count
    if (count < len(targets) and not (is_partial and count)) or (is_raw and rest):
        raise FormatError(
            f"{path} must hold {counted(len(targets), 'number')} ({kind}) of 1 to 4, 6 or 8 octets, but is "
            f"{what} of {counted(total, unit)}: another layer, geometry or kind?"
        )
    left_out = f"; {counted(rest, unit)} behind them left out" if rest else ""
    where = np.zeros((count, 3), np.int64)
    where[:, 1:] = places[:count]
    held = FoundNumbers(targets[:count], numbers[:count], np.ones(count, bool), where, (path.name,))
    return held.to_dump(
        kind,
        dump_shape(bundle, kind),
        notes=(
            f"read as {what}: {counted(count, 'word' if image else 'number')}, {said}{left_out}",
        ),
        counted="octet" if is_raw else "line",
    )


def holds_numbers(bundle: Bundle, image: MemoryImage, kind: str, order: str | None = None) -> bool:
    """Whether an image has the octets of as many numbers of `kind` as are expected, and no other ones."""
    octets, rest = divmod(len(image.words), len(numbers_in_order(bundle, kind, order)))
    return image.is_octets and not rest and octets in _SIZES and None not in image.words


def _likeliest(ways: Sequence[Ints], bits: int) -> tuple[int, Ints]:
    """Of the same octets read in several ways, which one counts, and its numbers."""

    def cost(at: int) -> tuple[int, int]:
        numbers = ways[at]
        unfitting = int((numbers >> (bits - 1) != numbers >> 63).sum())
        return unfitting, int(np.frexp(np.abs(numbers.astype(float)))[1].sum())  # and all bits

    best = min(range(len(ways)), key=cost)
    return best, ways[best]


def _fit(numbers: Ints, bits: int) -> bool:
    return bool((numbers >> (bits - 1) == numbers >> 63).all())


def _otherwise(
    ways: Sequence[_Memory], size: int, count: int, bits: int
) -> tuple[int, Ints, str] | None:
    """What the octets are if they are no integers of their size: which way, the numbers, and what is said.

    Floats that are whole, or numbers of 32 bits, each before its bits of x, as ``$fwrite("%z")`` writes them.
    """
    for at, way in enumerate(ways if size in _FLOATS else ()):
        octets = way.octets[: size * count]
        kind = np.dtype(_FLOATS[size]).newbyteorder("<" if way.order == "little" else ">")
        floats = np.frombuffer(octets, kind).astype(np.float64)
        if np.isfinite(floats).all() and (np.abs(floats) < 1 << 53).all():
            numbers: Ints = np.rint(floats).astype(np.int64)
            if (numbers == floats).all() and _fit(numbers, bits):
                return at, numbers, f"floats of {8 * size} bits, {way.order}-endian"
        if size == 2 * _FOUR_STATE and way.order == "little":
            pairs = np.frombuffer(octets, "<i4").reshape(count, 2).astype(np.int64)
            if not pairs[:, 1].any() and _fit(pairs[:, 0], bits):
                return at, pairs[:, 0], '32 bits each and their bits of x, as "%z" writes them'
    return None


def _is_raw(path: Path, content: bytes) -> bool:
    if path.suffix in OCTET_SUFFIXES:
        return not content.startswith(_LONG)
    return not content.startswith(_OTHERS) and _CONTROL.search(content) is not None


def _size(total: int, wanted: int, bits: int) -> tuple[int, int]:
    """Octets of a number, and how many numbers there are, of those that are wanted.

    All octets are used if they can be, else numbers are as long as `bits` ask for.
    """
    for size in (*_SIZES, *_ODD_SIZES):
        if size * wanted == total:
            return size, wanted
    size = next(size for size in _SIZES if 8 * size >= min(bits, 64))
    return size, min(wanted, total // size)


def _decimal(rows: Sequence[Row]) -> tuple[Ints, Ints]:
    """The numbers, and the line and the lane of each."""
    found = [(int(word), row.line, lane) for row in rows for lane, word in enumerate(row.words)]
    numbers = np.array(found, np.int64)
    return numbers[:, 0], numbers[:, 1:]


def _raw(content: bytes) -> list[_Memory]:
    places = np.stack([np.arange(len(content)), np.zeros(len(content), np.int64)], axis=1)
    return [_Memory(content, places, "little"), _Memory(content, places, "big")]


def _of_image(image: MemoryImage) -> list[_Memory]:
    lines = np.array(image.lines, np.int64)
    places = np.stack([lines, np.zeros_like(lines)], axis=1)
    octets = bytes(word or 0 for word in image.words)
    return [_Memory(octets, places, "little"), _Memory(octets, places, "big")]


def _ways(rows: Sequence[Row]) -> list[_Memory]:
    """What the memory may have held, the likelier before.

    Words of one octet, and pairs of octets behind a colon (xxd), stand as they lie; longer words are numbers
    of which the lowest octet lies first, or octets as they lie, too (``xxd -g4``). Decimal numbers are such
    words; what is printed without a sign may have one.
    """
    if rows[0].is_decimal:
        size = octets_of_decimal(rows)
        rows = [replace(row, words=_in_complement(row.words, size)) for row in rows]
    words = [(word, row.line, lane) for row in rows for lane, word in enumerate(row.words)]
    shown = b"".join(bytes.fromhex(word) for word, _, _ in words)
    turned = b"".join(bytes.fromhex(word)[::-1] for word, _, _ in words)
    places = np.array([place for word, *place in words for _ in range(len(word) // 2)], np.int64)
    if rows[0].is_decimal:
        return [_Memory(turned, places, "little")]
    as_they_lie = [_Memory(shown, places, "little"), _Memory(shown, places, "big")]
    if len(words[0][0]) == 2:
        return as_they_lie
    numbers = [_Memory(turned, places, "little"), _Memory(turned, places, "big")]
    if len(words[0][0]) == 4 and rows[0].has_colon:
        return [*as_they_lie, *numbers]
    return [numbers[0], *as_they_lie, numbers[1]]


def _in_complement(words: Sequence[str], octets: int) -> tuple[str, ...]:
    """Decimal numbers in hexadecimal digits of so many octets."""
    mask = (1 << 8 * octets) - 1
    return tuple(f"{int(word) & mask:0{2 * octets}x}" for word in words)

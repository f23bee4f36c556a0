"""Files that are no lines of text: octets, arrays, and memories as other tools write them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy.typing as npt

from tilewright.adopt.parsed_file import ParsedFile
from tilewright.errors import FormatError
from tilewright.vectors.array_files import said, whole_numbers
from tilewright.vectors.memory_image import MemoryImage

MOST_NUMBERS = 2**20
"""Octets of a file, or numbers of an array."""
FEWEST_NUMBERS = 2


def octets_of(name: str, octets: bytes, container: str) -> ParsedFile | None:
    """A file of octets, one a word."""
    if not 0 < len(octets) <= MOST_NUMBERS:
        return None
    words = tuple((f"{octet:02x}",) for octet in octets)
    return _contained(name, words, "hex", container)


def arrays_of(
    name: str, arrays: Mapping[str, npt.NDArray[Any] | str], container: str
) -> tuple[list[ParsedFile], list[str]]:
    """The arrays of integers of a file, a number a word, and what is said of those that are none."""
    path, found, faults = Path(name), list[ParsedFile](), list[str]()
    is_shared = len(arrays) > 1
    for number, (array_name, array) in enumerate(arrays.items(), start=1):
        try:
            whole = _whole(array, said(path, array_name))
        except FormatError as error:
            faults.append(str(error))
            continue
        if not FEWEST_NUMBERS <= whole.size <= MOST_NUMBERS:
            continue
        words = tuple((str(int(value)),) for value in whole.reshape(-1))
        part = number if is_shared else 0
        one = _contained(name, words, "decimal", container)
        rows = len(whole) if whole.ndim > 1 else 0
        found.append(replace(one, part=part, array=array_name, rows=rows))
    return found, faults


def _whole(array: npt.NDArray[Any] | str, where: str) -> npt.NDArray[Any]:
    if isinstance(array, str):
        raise FormatError(array)
    return whole_numbers(array, where)


def memory_of(name: str, image: MemoryImage) -> ParsedFile | None:
    """The words of a memory; those behind the last one that is there are none, nor is what fills it up.

    listed: with the words that fill it up, which may be numbers. Raises `FormatError` where one is missing,
    and for a format that no layout has.
    """
    if not image.container:
        raise FormatError(
            f"{name} is of {image.tool}, which no layout has: write Intel HEX (objcopy -O ihex)"
        )
    words = list(image.words)
    while words and words[-1] is None:
        words.pop()
    if None in words:
        raise FormatError(
            f"{name} must have a word at every address, but has none at {words.index(None)}"
        )
    if not 0 < len(words) <= MOST_NUMBERS:
        return None
    used = len(words) if image.is_octets else _without_fill(words, image.lines)
    whole = _memory_words(name, image, words)
    if used == len(words):
        return whole
    return replace(whole, words=whole.words[:used], starts=whole.starts[:used], listed=whole)


def _without_fill(words: list[int | None], lines: tuple[int, ...]) -> int:
    """How many words stand before those that one range at the end fills with zeros."""
    last = len(words)
    while last and words[last - 1] == 0 and lines[last - 1] == lines[len(words) - 1]:
        last -= 1
    is_fill = 0 < last < len(words) - 1 and lines[last - 1] != lines[len(words) - 1]
    return last if is_fill else len(words)


def _memory_words(name: str, image: MemoryImage, words: list[int | None]) -> ParsedFile:
    container = image.container
    numbers = [word or 0 for word in words]
    if image.is_octets:
        parsed = octets_of(name, bytes(numbers), container)
        assert parsed is not None, "the caller has looked"  # noqa: S101
        return parsed
    bits, mask = image.bits, (1 << image.bits) - 1
    if not bits:
        return _contained(name, tuple((str(number),) for number in numbers), "decimal", container)
    is_hex = container == "coe" and bits % 4 == 0  # of which some may be left of the numbers
    shape, radix = (f"0{bits // 4}x", "hex") if is_hex else (f"0{bits}b", "binary")
    texts = tuple((format(number & mask, shape),) for number in numbers)
    return _contained(name, texts, radix, container)


def _contained(
    name: str, words: tuple[tuple[str, ...], ...], radix: str, container: str
) -> ParsedFile:
    starts = tuple(range(len(words)))
    around = (name, (), (), words, "", (radix,), "LF", len(words), starts)
    return ParsedFile(*around, container=container)

"""Which files of a folder belong together: those whose names differ in numbers only."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from tilewright.adopt.contained import arrays_of, memory_of, octets_of
from tilewright.adopt.families import Family, NumberPlace, family_of
from tilewright.adopt.parsed_file import ParsedFile, parse_text
from tilewright.adopt.parts import parse_parts
from tilewright.adopt.reasons import reason_of
from tilewright.errors import TilewrightError
from tilewright.vectors import MANIFEST
from tilewright.vectors.array_files import arrays_in
from tilewright.vectors.c_arrays import has_hex_words, read_c_arrays
from tilewright.vectors.containers import OCTET_SUFFIXES
from tilewright.vectors.encoding import without_mark
from tilewright.vectors.memory_image import read_memory_image

MAX_FILES = 20_000
MOST_DIGITS = 9
"""Of a number in a name: more are a date, or a hash."""
MAX_BYTES = 64 * 2**20
ARRAYS = (".npy", ".npz", ".json")
SKIPPED = (".v", ".sv", ".vh", ".svh", ".vhd", ".py", ".toml", ".md", ".f", ".vcd", ".fst", ".ghw")
_NUMBER = re.compile(r"(\d+)")


def read_families(folder: Path, *, has_parts: bool = False) -> tuple[list[Family], list[str]]:
    """The families of files in `folder` and its sub-folders, and the files that hold none, with the reason.

    has_parts: files are cut where several kinds of numbers stand in one.
    """
    found_in: list[ParsedFile] = []
    others = []
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    for path in paths[:MAX_FILES]:
        if path.suffix.lower() in SKIPPED or path.name == MANIFEST:
            continue
        found, faults = parse_file(path.relative_to(folder).as_posix(), path, has_parts=has_parts)
        others += faults
        found_in += found
    digits = _digits(parsed.name for parsed in found_in)
    groups: dict[tuple[Any, ...], list[tuple[tuple[int, ...], ParsedFile]]] = defaultdict(list)
    for parsed in found_in:
        parts = _NUMBER.split(parsed.name)
        if digits[tuple(parts[::2])] is None:  # 007 beside 7: a text, not a number
            parts = [parsed.name]
        key = (tuple(parts[::2]), parsed.shape, parsed.part, parsed.array)
        groups[key].append((tuple(map(int, parts[1::2])), parsed))
    families = [
        replace(
            family,
            places=tuple(
                replace(place, digits=least)
                for place, least in zip(family.places, digits.get(texts) or (), strict=False)
            ),
        )
        for (texts, *_), members in groups.items()
        for family in _split(texts, members)
    ]
    if any(family.radix == "decimal" for family in families):
        families = [family.as_decimal() for family in families]
    return families, others


def _digits(names: Iterable[str]) -> dict[tuple[str, ...], tuple[int, ...] | None]:
    """How many digits the numbers of names of one text have at least, 0 for any; None where they differ."""
    numbers: dict[tuple[str, ...], list[list[str]]] = defaultdict(list)
    for name in names:
        parts = _NUMBER.split(name)
        numbers[tuple(parts[::2])].append(parts[1::2])
    found: dict[tuple[str, ...], tuple[int, ...] | None] = {}
    for texts, rows in numbers.items():
        columns = list(zip(*rows, strict=True))
        least = [_least_digits(column) for column in columns]
        found[texts] = tuple(one for one in least if one is not None)
        if None in least or max(map(len, chain(*columns)), default=0) > MOST_DIGITS:
            found[texts] = None
    return found


def _least_digits(column: Sequence[str]) -> int | None:
    """Of numbers that are filled up with zeros, 0 for plain ones; None if not all are written so."""
    if all(number == str(int(number)) for number in column):
        return 0
    least = min(map(len, column))
    return least if all(number == f"{int(number):0{least}}" for number in column) else None


def parse_file(
    name: str, path: Path, *, has_parts: bool = False
) -> tuple[list[ParsedFile], list[str]]:
    """The words of a file, or of the kinds in it; and what is not understood, with the reason if it has one.

    Of JSON, which may be anything, lists of numbers are looked at, and nothing is said of others.
    """
    if path.stat().st_size > MAX_BYTES:
        return [], [name]
    content, suffix = path.read_bytes(), path.suffix.lower()
    content = content if suffix in (*ARRAYS, *OCTET_SUFFIXES) else without_mark(content)
    try:
        if suffix in ARRAYS:
            arrays = arrays_in(content, Path(name))
            found, faults = arrays_of(name, arrays, suffix.removeprefix("."))
            return found, faults or ([] if found or suffix == ".json" else [name])
        if suffix in OCTET_SUFFIXES:
            parsed = octets_of(name, content, "raw")
            return ([parsed], []) if parsed else ([], [name])
        image = read_memory_image(content, Path(name))
        if image is not None:
            parsed = memory_of(name, image)
            return ([parsed], []) if parsed else ([], [name])
    except TilewrightError as error:
        return [], [str(error)]
    if b"{" in content and b"\0" not in content and not has_hex_words(content):
        found, faults = arrays_of(name, read_c_arrays(content, Path(name)), "c-arrays")
        if found:
            return found, faults
    parts = parse_parts(name, content) if has_parts else []
    text = None if parts else parse_text(name, content)
    return parts or ([text] if text else []), [] if parts or text else [
        reason_of(name, content) or name
    ]


def _split(
    texts: tuple[str, ...], members: Sequence[tuple[tuple[int, ...], ParsedFile]]
) -> Iterator[Family]:
    """Families of files with the same texts: numbers that do not count up part them."""
    columns = list(zip(*(numbers for numbers, _ in members), strict=True))
    for at, column in enumerate(columns):
        seen = sorted(set(column))
        if len(seen) > 1 and (seen[0] > 1 or seen[-1] - seen[0] + 1 != len(seen)):
            for value in seen:
                part = [member for member in members if member[0][at] == value]
                yield from _split(texts, part)
            return
    places = _places(columns, len(members))
    if places is None:
        at = next(i for i, column in enumerate(columns) if len(set(column)) > 1)
        for value in sorted(set(columns[at])):
            yield from _split(texts, [member for member in members if member[0][at] == value])
        return
    free = [i for i, place in enumerate(places) if not place.factors]
    ordered = sorted(members, key=lambda member: [member[0][i] for i in free])
    files = tuple(parsed for _, parsed in ordered)
    yield family_of(texts, places, files)


def _places(columns: list[tuple[int, ...]], count: int) -> tuple[NumberPlace, ...] | None:
    """The numbers of the names; None if they are no full grid of the free ones."""
    places = [NumberPlace(min(column), len(set(column))) for column in columns]
    if prod(place.size for place in places) == count:
        return tuple(places)
    for at, place in enumerate(places):
        rest = [i for i in range(len(places)) if i != at]
        if place.size == 1 or prod(places[i].size for i in rest) != count:
            continue
        rows = np.array([[*(column[i] for i in rest), 1] for column in zip(*columns, strict=True)])
        wanted = np.array(columns[at])
        factors = np.rint(np.linalg.lstsq(rows, wanted, rcond=None)[0]).astype(int)
        if (rows @ factors == wanted).all() and (factors >= 0).all():
            by = factors.tolist()
            full = (*by[:at], 0, *by[at:])
            places[at] = NumberPlace(place.first, place.size, full)
            return tuple(places)
    return None

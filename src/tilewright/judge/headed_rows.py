"""Blocks of numbers under headings that say a part of their place: ``Channel 7:``, then its rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tilewright.errors import FormatError
from tilewright.judge.columns import Chosen, Column, Columns
from tilewright.judge.long_rows import rows_of_places
from tilewright.judge.numerals import is_numbers, tokens_of
from tilewright.judge.place_words import axis_of
from tilewright.vectors import Bundle

_HEADING = re.compile(r"[^\w-]*(?:[A-Za-z][A-Za-z_]*[ \t]*[:=#]?[ \t]*\d+[\s,;:\])*=-]*)+")
_PART = re.compile(r"([A-Za-z][A-Za-z_]*)[ \t]*[:=#]?[ \t]*(\d+)")
_SAME = ("col", "oc")
"""A lane under which a block of numbers stands is a channel."""


@dataclass(slots=True)
class _Block:
    line: int
    places: tuple[tuple[str, int], ...]
    numbers: list[str] = field(default_factory=list)


def headed_rows(bundle: Bundle, path: Path, text: str, kind: str | None) -> Chosen | None:
    """The numbers under headings that say a channel, a pixel, or a row of a channel; None for other text.

    Places count from 0 or, all of them, from 1, and stand in any order. Raises `FormatError` where headings
    do not count up and name other places than those of the layer: then nobody knows which number is which.
    """
    blocks = _blocks(text.splitlines())
    if kind not in (None, "psum", "output") or len(blocks) < 2:
        return None
    axes = tuple(axis for axis, _ in blocks[0].places)
    is_alike = all(tuple(axis for axis, _ in one.places) == axes for one in blocks)
    if not is_alike or len(set(axes)) < len(axes) or len({len(one.numbers) for one in blocks}) > 1:
        return None
    said = [tuple(number for _, number in one.places) for one in blocks]
    first = min(map(min, said))
    rows = tuple(
        (*(str(number - (first == 1)) for number in place), *one.numbers)
        for place, one in zip(said, blocks, strict=True)
    )
    columns = Columns(
        tuple(map(Column, (*axes, *("" for _ in blocks[0].numbers)))),
        rows,
        tuple(one.line for one in blocks),
    )
    chosen = rows_of_places(columns, {axis: at for at, axis in enumerate(axes)}, bundle)
    if chosen is None and said != sorted(said):
        heading = text.splitlines()[blocks[0].line - 1].strip()
        raise FormatError(
            f"{path}: headings such as {heading!r} must count up or name "
            "the places of this layer, but do neither: another geometry? (--order says which number is which)"
        )
    from_one = ", counted from 1" if first == 1 else ""
    return chosen and replace(chosen, note=f"{chosen.note}, by their headings{from_one}")


def _blocks(lines: Sequence[str]) -> list[_Block]:
    """The headings that say places, with the numbers below each, up to another line; none if numbers stand
    above the first."""
    blocks, is_open = list[_Block](), False
    for at, line in enumerate(lines, 1):
        if not line.strip():
            continue
        places = _places(line)
        if places:
            blocks.append(_Block(at, places))
            is_open = True
        elif not is_numbers(line, "hex"):
            is_open = False
        elif is_open:
            blocks[-1].numbers += tokens_of(line)
        else:
            return []
    return blocks if all(one.numbers for one in blocks) else []


def _places(line: str) -> tuple[tuple[str, int], ...]:
    """The places that a heading says, as our axes; none if it is no heading."""
    if not _HEADING.fullmatch(line):
        return ()
    parts = [(axis_of(word), int(number)) for word, number in _PART.findall(line)]
    if any(axis is None for axis, _ in parts):
        return ()
    return tuple(("oc" if axis in _SAME else str(axis), number) for axis, number in parts)

"""Tables with a title for each column, as pandas, spreadsheets, benches and wave viewers write them."""

from __future__ import annotations

import csv
import re

from tilewright.judge.columns import Column, Columns
from tilewright.judge.numerals import is_number

_SEPARATORS = (",", ";", "\t", None)
"""What parts cells; None: blanks."""
_TITLE = re.compile(r"[a-z_][^=]*")
_RANGE = re.compile(r"\s*\[\d+(:|\.\.)\d+\]$")

_RULE = re.compile(r"\s*[|+:=\u2500-\u257f-]*[-=\u2500-\u257f][|+:=\u2500-\u257f-]*\s*")
_DRAWN = dict.fromkeys(map(ord, "\u2502\u2503\u2551"), "|")
_UNIT = re.compile(
    r"(?P<title>[a-z_][\w ]*?)\s*"
    r"(?:\s?\([a-z%]+\)|\s\[[a-z%]+\]|\[(?:[munpf]?s|cycles?)\]|(?<=time)/[munpf]?s)"
)
"""A title with its unit: ``time (ns)``, ``psum [LSB]``."""
MOST_ABOVE = 10
"""Lines among which the first row of a drawn table stands."""
MOST_TITLE = 100


def read_table(text: str) -> Columns | None:
    """The columns of a table, titles in small letters and without the path and range of a signal.

    None if the first line has no titles, if lines have not as many cells each, or if each cell says what it
    is, in the first line as in the others.

    >>> read_table("oc;psum\\n0;1\\n").rows
    (('0', '1'),)
    >>> [column.word for column in read_table("Time\\t/tb/psum[15:0]\\n5 ns\\tfb\\n").columns]
    ['time', 'psum']
    >>> read_table("1,2\\n3,4\\n"), read_table("want 5, got 5\\nwant 7, got 6\\n")
    (None, None)
    """
    lines = _without_pipes(text.splitlines())
    numbered = [(n, line) for n, line in enumerate(lines, 1) if line.strip()]
    if len(numbered) < 2:
        return None
    for separator in _SEPARATORS:
        titles = [_bare(cell) for cell in _cells(numbered[0][1], separator)]
        rows = [tuple(_cells(line, separator)) for _, line in numbered[1:]]
        is_titled = all(map(_TITLE.fullmatch, titles[1:] if titles[0] == "" else titles))
        if len(titles) < 2 or not is_titled or any(len(row) != len(titles) for row in rows):
            continue
        if separator is None and not all(is_number(cell, "hex") for row in rows for cell in row):
            continue
        if all(map(_repeats, titles, zip(*rows, strict=True))):
            continue
        first = 1 if len(rows) > 1 and _is_of_units(rows[0], rows[1]) else 0
        places = tuple(number for number, _ in numbered[1 + first :])
        return Columns(tuple(map(Column, titles)), tuple(rows[first:]), places, is_titled=True)
    return None


def _without_pipes(lines: list[str]) -> list[str]:
    """A table that Markdown, psql or rich draws, with commas between its cells and without its rules."""
    if not any("|" in line.translate(_DRAWN) for line in lines[:MOST_ABOVE]):
        return lines
    told = [line for line in lines if line.strip() and not _RULE.fullmatch(line)]
    rows = [line for line in told if "|" in line.translate(_DRAWN)]
    if len(rows) < 2 or rows != told[: len(rows)] or len(rows) + 1 < len(told):
        return lines
    found = list[str]()
    for line in lines:
        bare = line.translate(_DRAWN).strip()
        is_row = "|" in bare and not _RULE.fullmatch(line)
        found.append(",".join(bare.strip("|").split("|")) if is_row else "")
    return found


def _is_of_units(row: tuple[str, ...], below: tuple[str, ...]) -> bool:
    """Whether a row says units, ``ns`` and ``LSB``, of the numbers below it."""
    is_text = all(re.fullmatch(r"[\[(]?[A-Za-z%]*[)\]]?", cell) for cell in row)
    has_numbers = all(is_number(cell, "hex") for cell in below)
    return is_text and has_numbers and not all(is_number(cell, "hex") for cell in row)


def _repeats(title: str, cells: tuple[str, ...]) -> bool:
    """Whether every cell begins with the first word of the title."""
    word = re.match(r"[a-z_]+", title)
    return word is not None and all(cell.lower().startswith(word[0]) for cell in cells)


def _cells(line: str, separator: str | None) -> list[str]:
    if separator is None:
        return line.split()
    if '"' in line:
        try:
            return [cell.strip() for cell in next(csv.reader([line.strip()], delimiter=separator))]
        except csv.Error:  # a cell of more than 128 KiB
            return [line]
    return [cell.strip() for cell in line.split(separator)]


def _bare(cell: str) -> str:
    title = _RANGE.sub("", cell.strip().lower())
    measured = _UNIT.fullmatch(title) if len(title) <= MOST_TITLE else None
    title = measured["title"] if measured else title
    return title if " " in title else re.split(r"[/.]", title)[-1]

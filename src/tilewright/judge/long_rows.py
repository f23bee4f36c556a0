"""Rows of several numbers each, behind a part of their place, or behind what counts the rows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import prod

import numpy as np

from tilewright.errors import counted
from tilewright.judge.columns import Chosen, Columns
from tilewright.judge.places import sizes_of
from tilewright.judge.words import is_beside
from tilewright.vectors import Bundle

_ROWS = {
    frozenset(("oc",)): "oc oh ow",
    frozenset(("oc", "oh")): "oc oh ow",
    frozenset(("onij",)): "onij oc",
    frozenset(("oh", "ow")): "oh ow oc",
}
"""The order of numbers in rows that say a part of their place."""


def rows_of_places(columns: Columns, places: Mapping[str, int], bundle: Bundle) -> Chosen | None:
    """Rows that say a part of the place, with as many numbers as it has: ``oc 0: 22 -77 5 ..``."""
    order = _ROWS.get(frozenset(places))
    if order is None:
        return None
    axes, sizes = order.split(), sizes_of(bundle)
    said, rest = axes[: len(places)], axes[len(places) :]
    values = [
        at
        for at, column in enumerate(columns.columns)
        if at not in places.values() and not is_beside(column.word) and not column.is_expected
    ]
    rows = {
        tuple(int(row[places[axis]]) for axis in said): n
        for n, row in enumerate(columns.rows)
        if all(row[places[axis]].isdecimal() for axis in said)
    }
    each = prod(sizes[axis] for axis in rest)
    if columns.is_titled:
        values = _numbered(columns, values)
    is_whole = sorted(rows) == list(np.ndindex(*(sizes[axis] for axis in said)))
    if len(values) != each or not is_whole or len(rows) != len(columns.rows):
        return None
    by = [rows[place] for place in sorted(rows)]
    columns = replace(
        columns,
        rows=tuple(columns.rows[n] for n in by),
        lines=tuple(columns.lines[n] for n in by),
    )
    note = (
        f"read as rows of {counted(each, 'number')} for each {' '.join(said)}, in the order {order}"
    )
    return Chosen(columns, tuple(values), {}, order, note)


def _numbered(columns: Columns, at: list[int]) -> list[int]:
    """Columns with titles that count from 0 on, ``onij0 onij1 onij10 ..``, as these count; else none."""
    found = {n: re.fullmatch(r"([a-z_]*)(\d+)", columns.columns[n].word) for n in at}
    numbers = {int(one[2]): n for n, one in found.items() if one}
    words = {one[1] for one in found.values() if one}
    is_whole = len(words) == 1 and sorted(numbers) == list(range(len(at)))
    return [numbers[n] for n in sorted(numbers)] if is_whole else []


def rows_that_count(
    columns: Columns, values: Sequence[int], index: int, sizes: Mapping[str, int], note: str
) -> Chosen | str:
    """Rows of several numbers, each behind a count of the rows or numbers before it."""
    at = [int(one) for one in columns.cells(index)]
    rows, each = len(at), len(values)
    if at not in (list(range(rows)), *(list(range(n, n + each * rows, each)) for n in (0, 1))):
        return f"nobody knows what the {columns.columns[index].word or 'number'} before each row counts"
    is_pixel = (rows, each) == (sizes["onij"], sizes["oc"]) and rows != each
    is_pixel &= at == list(range(rows))
    order = "onij oc" if is_pixel else None
    return Chosen(
        columns, tuple(values), {}, order, f"{note}{', a row a pixel' if is_pixel else ''}"
    )

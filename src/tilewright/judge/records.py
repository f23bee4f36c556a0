"""Records of JSON, each with a number and its place by name; or a list, or an object, for each name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tilewright.judge.columns import Column, Columns
from tilewright.judge.places import PLACES
from tilewright.judge.words import is_expected

_SCALARS = (str, int, float, type(None))
MOST = 100
"""Keys of a record."""


def records_of(value: Any) -> Iterator[Columns]:
    """The tables in a value of JSON, but those under a name of expected numbers: titles in small letters, and
    a row a record.

    >>> next(records_of([{"oc": 0, "psum": "0x1f"}, {"oc": 1, "psum": None}])).rows
    (('0', '0x1f'), ('1', 'x'))
    >>> next(records_of({"conv1": {"psum": {"0": 5, "1": -7}}})).rows
    (('5',), ('-7',))
    """
    rows = _rows(value)
    if rows:
        titles = tuple(rows[0])
        yield Columns(
            tuple(Column(title.lower()) for title in titles),
            tuple(tuple(_cell(row[title]) for title in titles) for row in rows),
            tuple(range(1, len(rows) + 1)),
            is_titled=True,
            counted="record",
        )
        return
    parts = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value if isinstance(value, list) else ())
    )
    for name, part in parts:
        if is_expected(str(name).lower()):
            continue
        if isinstance(part, dict | list):
            yield from records_of(part)


def _rows(value: Any) -> list[Mapping[str, Any]]:
    """The records of a value, all with the same keys and no lists in them; none if it is no table."""
    if isinstance(value, list) and len(value) > 1 and all(isinstance(one, dict) for one in value):
        rows = value
    elif isinstance(value, dict) and value:
        rows = _turned(value)
    else:
        return []
    keys = rows[0].keys() if rows else {}
    is_table = 0 < len(keys) <= MOST and all(
        row.keys() == keys and all(isinstance(one, _SCALARS) for one in row.values())
        for row in rows
    )
    return rows if is_table else []


def _turned(value: dict[str, Any]) -> list[Mapping[str, Any]]:
    """Records of an object with a list for each name, places among them, or an object that counts."""
    parts = list(value.values())
    if isinstance(value.get("columns"), list) and isinstance(value.get("data"), list):  # of pandas
        titles, rows = list(map(str, value["columns"])), value["data"]
        is_whole = all(isinstance(row, list) and len(row) == len(titles) for row in rows)
        return [dict(zip(titles, row, strict=True)) for row in rows] if is_whole else []
    if all(isinstance(part, list) for part in parts) and not value.keys().isdisjoint(PLACES):
        columns = parts
    elif all(isinstance(part, dict) for part in parts):
        counts = [str(n) for n in range(len(parts[0]))]
        if any(list(part) != counts for part in parts):
            return []
        columns = [list(part.values()) for part in parts]
    else:
        return []
    if len(set(map(len, columns))) != 1:
        return []
    return [dict(zip(value, row, strict=True)) for row in zip(*columns, strict=True)]


def _cell(value: Any) -> str:
    return "x" if value is None else str(value).lower() if isinstance(value, bool) else str(value)

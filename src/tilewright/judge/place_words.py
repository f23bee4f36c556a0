"""Places in other words than ours, ``channel row column``, where their numbers bear the words out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import prod

from tilewright.judge.columns import Columns

_WORDS = {
    "oc": "c ch chan channel cout co och out_c out_ch out_chan out_channel output_ch output_channel oc "
    "filter fm map k m",
    "oh": "y row h oy oh out_h out_row output_row out_y height line r p",
    "ow": "x col column w ox ow out_w out_col output_col out_column output_column out_x width q s",
    "otile": "tile otile out_tile oc_tile",
    "col": "lane",
    "onij": "pixel pix px onij nij pos position",
}
_AXES = {word: axis for axis, words in _WORDS.items() for word in words.split()}
WHOLE = (
    ("oc", "oh", "ow"),
    ("oc", "onij"),
    ("otile", "col", "oh", "ow"),
    ("otile", "col", "onij"),
)
"""The axes that say a place together."""
_BY_LANE = (("col", "onij"), ("col", "oh", "ow"))
"""Those that say it where lanes count the channels of all tiles."""


def axis_of(word: str) -> str | None:
    """The axis that a word, in any letters, says: ``Channel`` is oc; None for other words."""
    small = word.lower()
    return small if small in _WORDS else _AXES.get(small)


def with_axes(columns: Columns, sizes: Mapping[str, int]) -> tuple[Columns, str]:
    """The columns with our words for places, and what is said of that; as they are, and "", else.

    Each axis must have one word, and the columns must name every place of the layer once, counted from 0 or,
    all of them, from 1.

    >>> from tilewright.judge.columns import Column
    >>> rows = tuple((str(y), str(x), str(c), "7") for y in (0, 1) for x in (0, 1, 2) for c in (0, 1))
    >>> table = Columns(tuple(map(Column, ("y", "x", "c", "psum"))), rows, tuple(range(12)), is_titled=True)
    >>> with_axes(table, {"oc": 2, "oh": 2, "ow": 3})[1]
    ', c y x for oc oh ow'
    """
    words = [column.word.replace(" ", "_") for column in columns.columns]
    at = {
        axis: [n for n, word in enumerate(words) if axis in (word, _AXES.get(word))]
        for axis in _WORDS
    }
    for axes in (*WHOLE, *_BY_LANE):
        found = [at[axis][0] for axis in axes if len(at[axis]) == 1]
        if len(found) < len(axes):
            continue
        names = dict(zip(found, axes, strict=True))
        if "otile" not in axes:
            names = {n: "oc" if axis == "col" else axis for n, axis in names.items()}
        is_ours = all(words[n] == axis for n, axis in names.items())
        first = _first_place(columns, found, list(names.values()), sizes)
        if first is None:
            continue
        if is_ours and first == 0:
            break
        renamed = tuple(
            replace(column, word=names.get(n, column.word))
            for n, column in enumerate(columns.columns)
        )
        said = f", {' '.join(words[n] for n in found)} for {' '.join(names.values())}" * (
            not is_ours
        )
        if first:
            columns = _counted_from_0(columns, found)
            said = f"{said}, places counted from 1"
        return replace(columns, columns=renamed), said
    return columns, ""


def _first_place(
    columns: Columns, at: list[int], axes: list[str], sizes: Mapping[str, int]
) -> int | None:
    """0 or 1, from which on these columns name every place of the layer once; None if from neither."""
    cells = [columns.cells(n) for n in at]
    if not all(one.isdecimal() for column in cells for one in column):
        return None
    rows = list(zip(*(map(int, column) for column in cells), strict=True))
    for first in (0, 1):
        places = {tuple(n - first for n in row) for row in rows}
        if len(places) == len(rows) and _is_whole(places, axes, sizes):
            return first
    return None


def _is_whole(places: set[tuple[int, ...]], axes: list[str], sizes: Mapping[str, int]) -> bool:
    """Whether these are all places of the layer."""
    if not places or min(map(min, places)) < 0:
        return False
    is_within = all(max(place[n] for place in places) < sizes[axis] for n, axis in enumerate(axes))
    wanted = prod(sizes[axis] for axis in axes)
    if "otile" in axes:  # lanes without a channel may not be there
        has_channel = all(tile * sizes["col"] + lane < sizes["oc"] for tile, lane, *_ in places)
        wanted = sizes["oc"] * sizes["onij"] if has_channel else wanted
    return is_within and len(places) == wanted


def _counted_from_0(columns: Columns, at: list[int]) -> Columns:
    """The columns `at` with numbers that are one less."""
    rows = tuple(
        tuple(str(int(cell) - 1) if n in at else cell for n, cell in enumerate(row))
        for row in columns.rows
    )
    return replace(columns, rows=rows)

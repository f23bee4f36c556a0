"""Places in other words than ours, ``channel row column``, where their numbers bear the words out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import prod

from tilewright.judge.columns import Columns
from tilewright.judge.places import PLACES

_WORDS = {
    "oc": "c ch chan channel cout co och out_ch out_channel output_channel oc filter fm map k m",
    "oh": "y row h oy oh out_row out_y height line r p",
    "ow": "x col column w ox ow out_col out_x width q s",
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


def with_axes(columns: Columns, sizes: Mapping[str, int]) -> tuple[Columns, str]:
    """The columns with our words for places, and what is said of that; as they are, and "", else.

    Each axis must have one word, and the columns must name every place of the layer once.

    >>> from tilewright.judge.columns import Column
    >>> rows = tuple((str(y), str(x), str(c), "7") for y in (0, 1) for x in (0, 1, 2) for c in (0, 1))
    >>> table = Columns(tuple(map(Column, ("y", "x", "c", "psum"))), rows, tuple(range(12)), is_titled=True)
    >>> with_axes(table, {"oc": 2, "oh": 2, "ow": 3})[1]
    ', c y x for oc oh ow'
    """
    words = [column.word for column in columns.columns]
    at = {axis: [n for n, word in enumerate(words) if _AXES.get(word) == axis] for axis in _WORDS}
    for axes in WHOLE:
        found = [at[axis][0] for axis in axes if len(at[axis]) == 1]
        is_ours = all(words[n] in PLACES for n in found)
        if len(found) < len(axes) or is_ours or not _is_whole(columns, found, axes, sizes):
            continue
        names = dict(zip(found, axes, strict=True))
        renamed = tuple(
            replace(column, word=names.get(n, column.word))
            for n, column in enumerate(columns.columns)
        )
        said = f", {' '.join(words[n] for n in found)} for {' '.join(axes)}"
        return replace(columns, columns=renamed), said
    return columns, ""


def _is_whole(
    columns: Columns, at: list[int], axes: tuple[str, ...], sizes: Mapping[str, int]
) -> bool:
    cells = [columns.cells(n) for n in at]
    if not all(one.isdecimal() for column in cells for one in column):
        return False
    places = set(zip(*(map(int, column) for column in cells), strict=True))
    is_within = all(max(place[n] for place in places) < sizes[axis] for n, axis in enumerate(axes))
    wanted = prod(sizes[axis] for axis in axes)
    if "otile" in axes:  # lanes without a channel may not be there
        has_channel = all(tile * sizes["col"] + lane < sizes["oc"] for tile, lane, *_ in places)
        wanted = sizes["oc"] * sizes["onij"] if has_channel else wanted
    return is_within and len(places) == len(columns.rows) == wanted

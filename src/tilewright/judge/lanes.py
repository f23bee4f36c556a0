"""Columns or lines that are lanes of the array, one number each."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise

from tilewright.judge.column_words import LANE, counts_up, is_value, says_nothing
from tilewright.judge.columns import Chosen, Columns
from tilewright.judge.places import PLACES, sizes_of
from tilewright.vectors import Bundle


def lanes_by_title(columns: Columns, at: list[int]) -> list[int]:
    """Of columns ``ch0``, ``ch1``, .., in any order, those in the order of their numbers; else none."""
    found = {n: LANE.fullmatch(columns.columns[n].word) for n in at}
    lanes = {int(one["lane"]): n for n, one in found.items() if one}
    words = {one["word"] for one in found.values() if one}
    is_whole = len(lanes) == len(at) > 1 and sorted(lanes) == list(range(len(at)))
    return [lanes[n] for n in sorted(lanes)] if is_whole and len(words) == 1 else []


def lanes_in_brackets(columns: Columns) -> list[int]:
    """The numbers of lines such as ``out[0]=5 out[1]=-7``, in the order of their indices; else none."""
    found = dict[int, int]()
    for at, (index, value) in enumerate(pairwise(columns.columns)):
        cells = set(columns.cells(at))
        if index.is_index and not value.is_index and index.word == value.word and len(cells) == 1:
            (cell,) = cells
            if cell.isdecimal() and LANE.fullmatch(f"{value.word}0"):
                found[int(cell)] = at + 1
    taken = {*found.values(), *(at - 1 for at in found.values())}
    rest = [at for at in range(len(columns.columns)) if at not in taken]
    is_whole = len(found) > 1 and sorted(found) == list(range(len(found)))
    is_whole = is_whole and len({columns.columns[at].word for at in taken}) == 1
    is_whole = is_whole and all(says_nothing(columns, at) for at in rest)
    return [found[n] for n in sorted(found)] if is_whole else []


def of_lanes(
    columns: Columns, lanes: list[int], bundle: Bundle, kind: str | None, order: str | None
) -> Chosen | str:
    """Columns that are output channels, one for each; or columns of the array."""
    sizes = sizes_of(bundle)
    first, last = (columns.columns[at].word for at in (lanes[0], lanes[-1]))
    note = f"read as columns {first!r} to {last!r}"
    if order is not None:
        return Chosen(columns, tuple(lanes), {}, order, note)
    if kind in (None, "psum", "output") and len(lanes) == sizes["oc"]:
        return Chosen(columns, tuple(lanes), {}, "oh ow oc", f"{note}, the output channels")
    if kind in (None, "psum", "output") and len(lanes) == sizes["col"]:
        return Chosen(columns, tuple(lanes), {}, "otile oh ow col", f"{note}, those of the array")
    return f"{first} to {last} are neither the {sizes['oc']} output channels nor the {sizes['col']} columns"


LEAST_ROWS = 3
"""Of a lane, from which on a column that counts up in each lane is a time."""


def lane_by_lane(columns: Columns, bundle: Bundle) -> tuple[Columns, str, str] | None:
    """Lines of one number each behind its lane, ``out_3 = -7``: the rows pixel by pixel, without the column
    of lanes; the order of their numbers; and what is said of it. None for other lines.

    The first row of a lane is of the first pixel, in whatever order the lanes come. Every lane has as many.
    """
    sizes = sizes_of(bundle)
    pixels = sizes["onij"]
    ways = {sizes["oc"]: ("oh ow oc", pixels)}
    ways.setdefault(sizes["col"], ("otile oh ow col", pixels * sizes["otile"]))
    fitting = [
        (at, *ways[count])
        for at, column in enumerate(columns.columns)
        if LANE.fullmatch(f"{column.word.rstrip('_')}0")
        and (count := _lanes_of(columns.cells(at))) in ways
        and count != pixels
        and count * ways[count][1] == len(columns.rows)
    ]
    places = [n for n, column in enumerate(columns.columns) if column.word in PLACES]
    if len(fitting) != 1 or not {fitting[0][0]}.issuperset(places):
        return None
    at, order, each = fitting[0]
    seen, keys = Counter[str](), list[tuple[int, int]]()
    for cell in columns.cells(at):
        keys.append((seen[cell], int(cell)))
        seen[cell] += 1
    by = sorted(range(len(keys)), key=keys.__getitem__)
    left = [at, *(n for n in range(len(columns.columns)) if n != at and _is_time(columns, n, at))]
    kept = [n for n in range(len(columns.columns)) if n not in left]
    count = len(columns.rows) // each
    turned = replace(
        columns,
        columns=tuple(replace(columns.columns[n], is_index=False) for n in kept),
        rows=tuple(tuple(columns.rows[row][n] for n in kept) for row in by),
        lines=tuple(columns.lines[row] for row in by),
    )
    return turned, order, f", {count} lanes by {columns.columns[at].word.rstrip('_')!r}"


def _lanes_of(cells: list[str]) -> int:
    """How many lanes these cells count, each as often as the others, from 0 on; 0 if they do not."""
    seen = Counter(cells)
    is_whole = len(set(seen.values())) == 1 and set(seen) == {str(n) for n in range(len(seen))}
    return len(seen) if is_whole and len(seen) > 1 else 0


def _is_time(columns: Columns, at: int, lanes: int) -> bool:
    """Whether a column counts up from row to row, or in each of the lanes."""
    if is_value(columns.columns[at]):
        return False
    if counts_up(columns.cells(at)):
        return True
    by_lane = dict[str, list[str]]()
    for row in columns.rows:
        by_lane.setdefault(row[lanes], []).append(row[at])
    return all(len(own) >= LEAST_ROWS and counts_up(own) for own in by_lane.values())

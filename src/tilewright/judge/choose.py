"""Which of the columns of a table or of lines that are alike hold the numbers, and which their places."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import permutations
from math import prod

from tilewright.errors import ConfigError, counted
from tilewright.judge.column_words import (
    counts_rows,
    counts_up,
    is_column_of_expected,
    is_value,
    says_nothing,
)
from tilewright.judge.columns import Chosen, Columns
from tilewright.judge.dump import DUMP_AXES
from tilewright.judge.lanes import lane_by_lane, lanes_by_title, lanes_in_brackets, of_lanes
from tilewright.judge.listed import numbers_in_order
from tilewright.judge.long_rows import rows_of_places, rows_that_count
from tilewright.judge.place_words import WHOLE, with_axes
from tilewright.judge.places import INDEX, PLACES, sizes_of
from tilewright.judge.restated import without_restated
from tilewright.judge.words import COUNTS, is_own, is_perhaps_expected
from tilewright.vectors import Bundle

_VALID = ("valid", "out_valid", "valid_o", "valid_out", "o_valid", "vld")
_READY = ("ready", "out_ready", "ready_i", "ready_in", "i_ready", "rdy")
_TRUE = ("1", "1.0", "true", "1'b1", "1'h1")


def choose(columns: Columns, bundle: Bundle, kind: str | None, order: str | None) -> Chosen | str:
    """Which of the columns count; or why nobody knows. Places may have other words (`with_axes`), and numbers
    may be said in two radices (`without_restated`).

    A row that is not valid has no number. Of titles each must be known. Behind other words, columns that are
    constant or count up say nothing; what is left must be one number, or several side by side, or the indices
    of every place (``psum[0][1][2]``). Raises `ConfigError` for an order beside places.
    """
    columns, twice = without_restated(_valid(columns), bundle.array.psum_bits)
    columns, said = with_axes(columns, sizes_of(bundle))
    chosen = _choose(columns, bundle, kind, order)
    if not isinstance(chosen, Chosen) and order is None and kind in (None, "psum", "output"):
        by_lane = lane_by_lane(columns, bundle)
        if by_lane is not None:
            columns, order, said = by_lane
            found = _choose(columns, bundle, kind, order)
            chosen = replace(found, order=order) if isinstance(found, Chosen) else chosen
    if not isinstance(chosen, Chosen):
        return chosen
    return replace(chosen, note=f"{chosen.note}{twice}{said}")


def _choose(columns: Columns, bundle: Bundle, kind: str | None, order: str | None) -> Chosen | str:
    words = [column.word for column in columns.columns]
    places = {word: at for at, word in enumerate(words) if word in PLACES}
    if places and order is not None:
        raise ConfigError("an order is for numbers without a place: leave out --order")
    if places and not any(set(places) - {"kij", "itile"} == {*whole} for whole in WHOLE):
        return (
            rows_of_places(columns, places, bundle) or f"{' and '.join(places)} alone are no place"
        )
    open_columns = [
        at for at, word in enumerate(words) if word not in PLACES and not says_nothing(columns, at)
    ]
    lanes = [] if places else lanes_by_title(columns, open_columns) or lanes_in_brackets(columns)
    if lanes:
        return of_lanes(columns, lanes, bundle, kind, order)
    has_expected = any(map(is_column_of_expected, columns.columns))
    named = [at for at, one in enumerate(columns.columns) if is_value(one)]
    if has_expected and not named:
        named = [at for at, one in enumerate(columns.columns) if is_value(one, has_expected)]
    named = [at for at in named if not columns.columns[at].is_index] or named
    left = [at for at in open_columns if at not in named]
    own = [at for at in named if is_own(words[at])]
    if len(own) == 1 and has_expected:
        named = own
    if columns.is_titled:
        if len(own) == 1:
            sizes = sizes_of(bundle)
            left = [at for at in left if not _is_no_place(columns.cells(at), sizes)]
        return _of_titles(columns, places, named, left)
    return _of_words(columns, places, named, left, bundle, kind, order)


def _of_words(
    columns: Columns,
    places: Mapping[str, int],
    named: list[int],
    left: list[int],
    bundle: Bundle,
    kind: str | None,
    order: str | None,
) -> Chosen | str:
    """Which columns of lines without titles count."""
    words = [column.word for column in columns.columns]
    if not any(words) and len(words) * len(columns.rows) == _count(bundle, kind, order):
        every = tuple(range(len(words)))
        return Chosen(columns, every, {}, None, _note(columns, every, {}))
    if not places:
        places = _indices(columns, bundle, kind or "psum", order)
        named = [at for at in named if at not in places.values()]
        left = [at for at in left if at not in places.values() and not says_nothing(columns, at)]
    perhaps = [repr(words[at]) for at in range(len(words)) if _is_perhaps_expected(columns, at)]
    if perhaps and not named:
        return (
            f"of each line nobody knows whether the numbers behind {perhaps[0]} are expected ones"
        )
    values = _run(columns, named or left)
    others = [at for at in [*named, *left] if at not in values]
    if not values or others:
        several = [repr(words[at]) if words[at] else f"number {at + 1}" for at in others or left]
        more = f", or what {several[0]} is" if several else ""
        return f"of each line nobody knows which number counts{more}"
    note = _note(columns, values, places)
    if len(values) > 1 and order is None and not places:
        beside = [at for at in range(len(words)) if at not in values and (words[at] or at == 0)]
        counts = [at for at in beside if counts_rows(columns.cells(at))]
        places = {INDEX: counts[0]} if counts else {}
    if INDEX in places and len(values) > 1:
        return rows_that_count(columns, values, places[INDEX], sizes_of(bundle), note)
    return Chosen(columns, tuple(values), places, None, note)


def _is_perhaps_expected(columns: Columns, at: int) -> bool:
    """Whether a column may hold expected numbers, or those of the core, behind a word such as ``check``."""
    cells = columns.cells(at)
    is_count = len(set(cells)) == 1 or counts_up(cells)
    return is_perhaps_expected(columns.columns[at].word) and not is_count


def _of_titles(
    columns: Columns, places: Mapping[str, int], named: Sequence[int], left: Sequence[int]
) -> Chosen | str:
    words = [column.word for column in columns.columns]
    if left:
        return f"what its columns {', '.join(words[at] for at in left)} are is not known"
    if len(named) != 1 or len(set(words)) < len(words):
        return f"of its titles {', '.join(words)} nobody knows which one counts"
    for at in (at for at, word in enumerate(words) if word in COUNTS):
        columns = _by_index(columns, at)
    return Chosen(
        columns, (named[0],), places, None, f"read as a table: its column {words[named[0]]!r}"
    )


def _is_no_place(cells: Sequence[str], sizes: Mapping[str, int]) -> bool:
    """Whether a column of a table cannot say places: it has a number below 0 or beyond every axis."""
    numbers = [int(one) for one in cells if re.fullmatch("[+-]?[0-9]{1,18}", one)]
    return bool(numbers) and not 0 <= min(numbers) <= max(numbers) <= max(sizes.values())


def _note(columns: Columns, values: Sequence[int], places: Mapping[str, int]) -> str:
    word, count = columns.columns[values[0]].word, len(values)
    number = (
        f"number {values[0] + 1}" if count == 1 else f"numbers {values[0] + 1} to {values[-1] + 1}"
    )
    about = f"{'number' if count == 1 else f'{count} numbers'} behind {word!r}" if word else number
    at = f", places {' '.join(places)}" if places else ""
    return f"read as {counted(len(columns.rows), 'line')} of one form: {about}{at}"


def _valid(columns: Columns) -> Columns:
    """The rows in which every column that says so is true, without these. Ready counts beside valid."""
    words = [column.word for column in columns.columns]
    if set(words).isdisjoint(_VALID):
        return columns
    at = [n for n, word in enumerate(words) if word in (*_VALID, *_READY)]
    rest = [n for n in range(len(columns.columns)) if n not in at]
    is_valid = [all(row[n].lower() in _TRUE for n in at) for row in columns.rows]
    return replace(
        columns,
        columns=tuple(columns.columns[n] for n in rest),
        rows=tuple(
            tuple(row[n] for n in rest)
            for row, is_it in zip(columns.rows, is_valid, strict=True)
            if is_it
        ),
        lines=tuple(line for line, is_it in zip(columns.lines, is_valid, strict=True) if is_it),
    )


def _indices(columns: Columns, bundle: Bundle, kind: str, order: str | None) -> dict[str, int]:
    """The columns that count the places, by axis, or that of the `INDEX`; none if none do.

    They stand in brackets (``psum[0][1][2]``), or are the first of lines that are numbers alone.
    """
    count = len(columns.columns)
    at = [n for n, column in enumerate(columns.columns) if column.is_index]
    if not any(column.word for column in columns.columns):
        at = at or list(range(count - 1))
    at = at or _run(columns, [0])[: count - 1]
    sizes, axes = sizes_of(bundle), tuple((order or " ".join(DUMP_AXES[kind])).split())
    is_bare = not any(column.is_index or column.word for column in columns.columns)
    named = _placed(columns, at, sizes, axes)
    others = [
        found for names in permutations(axes) if (found := _placed(columns, at, sizes, names))
    ]
    if is_bare and order is None and named and len(others) > 1 and _is_turned(columns, named):
        return {}
    if named or (is_bare and order is None and len(others) == 1):
        return named or others[0]
    if named := _placed(columns, at, sizes, ("oc", "onij")):
        return named
    if not is_bare and order is None and len(turned := _turned(columns, at, sizes)) == 1:
        return turned[0]
    is_index = len(at) == 1 and columns.columns[at[0]].is_index
    counts = _counted(columns, at) if is_index else set()
    is_within = counts and max(counts) < (_count(bundle, kind, order),)
    return {INDEX: at[0]} if is_within and len(counts) == len(columns.rows) else {}


def _placed(
    columns: Columns, at: Sequence[int], sizes: Mapping[str, int], names: tuple[str, ...]
) -> dict[str, int]:
    """The last of the columns `at` by these names, if they count all such places; else none."""
    tail = at[-len(names) :]
    rest = [n for n in at if n not in tail]
    if len(tail) != len(names) or not all(says_nothing(columns, n) for n in rest):
        return {}
    found = _counted(columns, tail)
    wanted = [set(range(sizes.get(name, 0))) for name in names]
    axes = [{place[n] for place in found} for n in range(len(names))]
    is_whole = bool(found) and axes[0] <= wanted[0] and axes[1:] == wanted[1:]
    is_whole = is_whole and len(found) in (len(columns.rows), prod(map(len, wanted)))
    return dict(zip(names, tail, strict=True)) if is_whole else {}


def _turned(columns: Columns, at: Sequence[int], sizes: Mapping[str, int]) -> list[dict[str, int]]:
    """What indices may count if the channel is not the first, rows before columns: ``psum[0][1][2]``."""
    orders = (("onij", "oc"), ("oh", "ow", "oc"), ("oh", "oc", "ow"))
    return [found for names in orders if (found := _placed(columns, at, sizes, names))]


def _is_turned(columns: Columns, places: Mapping[str, int]) -> bool:
    """Whether the first place runs fastest and the last one slowest, as where they stand turned round."""
    rows = [tuple(int(row[at]) for at in places.values()) for row in columns.rows]
    return rows == sorted(rows, key=lambda row: row[::-1]) != sorted(rows)


def _counted(columns: Columns, at: Sequence[int]) -> set[tuple[int, ...]]:
    """What stands in these columns, row by row; nothing where one of them is no natural number."""
    cells = [columns.cells(n) for n in at]
    if not all(one.isdecimal() for column in cells for one in column):
        return set()
    return set(zip(*(map(int, column) for column in cells), strict=True))


def _by_index(columns: Columns, at: int) -> Columns:
    """The rows in the order of a column that counts all of them from 0 on; as they are, if it does not."""
    cells = columns.cells(at)
    index = [int(one) for one in cells] if all(one.isdecimal() for one in cells) else []
    if sorted(index) != list(range(len(columns.rows))):
        return columns
    by = sorted(range(len(index)), key=index.__getitem__)
    rows, lines = tuple(columns.rows[n] for n in by), tuple(columns.lines[n] for n in by)
    return replace(columns, rows=rows, lines=lines)


def _run(columns: Columns, at: list[int]) -> list[int]:
    """The columns from the first of these on that stand side by side."""
    run = at[:1]
    while run and run[-1] + 1 < len(columns.columns) and columns.columns[run[-1] + 1].is_next:
        run.append(run[-1] + 1)
    return run


def _count(bundle: Bundle, kind: str | None, order: str | None) -> int:
    return len(numbers_in_order(bundle, kind or "psum", order))

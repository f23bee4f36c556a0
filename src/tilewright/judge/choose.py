"""Which of the columns of a table or of lines that are alike hold the numbers, and which their places."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise, permutations
from math import prod

from tilewright.errors import ConfigError, counted
from tilewright.judge.columns import Chosen, Column, Columns
from tilewright.judge.dump import DUMP_AXES
from tilewright.judge.listed import numbers_in_order
from tilewright.judge.long_rows import rows_of_places, rows_that_count
from tilewright.judge.place_words import WHOLE, with_axes
from tilewright.judge.places import INDEX, PLACES, sizes_of
from tilewright.judge.restated import without_restated
from tilewright.judge.words import COUNTS, is_beside, is_expected, is_own
from tilewright.vectors import Bundle

_VALUES = re.compile(
    r"(?:(?:sfp|ofifo|data|core|pe|array|mac|acc)_?)?d?out(?:put)?(?:_data)?|value|sum|acc|(?:m_axis_)?tdata"
)
_VALID = ("valid", "out_valid", "valid_o", "valid_out", "vld")
_TRUE = ("1", "1.0", "true", "1'b1", "1'h1")
_STATUS = frozenset(
    ("pass", "passed", "fail", "failed", "ok", "error", "match", "mismatch", "true", "false", "")
)
"""Cells that tell a right number from a wrong one."""
_LANE = re.compile(r"(?P<word>psum|output|out|oc|ch|channel|lane|value)_?[\[(]?(?P<lane>\d+)[\])]?")
_ADDRESS = re.compile("(0x)?[0-9a-f]{1,16}", re.IGNORECASE)
_NATURAL = re.compile(r"\+?[0-9]+(\.[0-9]+)?")


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
    return (
        replace(chosen, note=f"{chosen.note}{twice}{said}")
        if isinstance(chosen, Chosen)
        else chosen
    )


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
        at for at, word in enumerate(words) if word not in PLACES and not _says_nothing(columns, at)
    ]
    lanes = [] if places else _lanes(columns, open_columns) or _lanes_in_brackets(columns)
    if lanes:
        return _of_lanes(columns, lanes, bundle, kind, order)
    has_expected = any(map(_is_expected, columns.columns))
    named = [at for at, one in enumerate(columns.columns) if _is_value(one)]
    if has_expected and not named:
        named = [at for at, one in enumerate(columns.columns) if _is_value(one, has_expected)]
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
        left = [at for at in left if at not in places.values() and not _says_nothing(columns, at)]
    values = _run(columns, named or left)
    others = [at for at in [*named, *left] if at not in values]
    if not values or others:
        several = [repr(words[at]) if words[at] else f"number {at + 1}" for at in others or left]
        more = f", or what {several[0]} is" if several else ""
        return f"of each line nobody knows which number counts{more}"
    note = _note(columns, values, places)
    if len(values) > 1 and order is None and not places:
        beside = [at for at in range(len(words)) if at not in values and (words[at] or at == 0)]
        counts = [at for at in beside if _is_index(columns.cells(at))]
        places = {INDEX: counts[0]} if counts else {}
    if INDEX in places and len(values) > 1:
        return rows_that_count(columns, values, places[INDEX], sizes_of(bundle), note)
    return Chosen(columns, tuple(values), places, None, note)


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


def _is_expected(column: Column) -> bool:
    return column.is_expected or is_expected(column.word)


def _is_value(column: Column, has_expected: bool = False) -> bool:
    word = column.word
    is_said = (
        _VALUES.fullmatch(word) or "psum" in word or is_own(word, is_beside_expected=has_expected)
    )
    return bool(is_said) and not _is_expected(column)


def _valid(columns: Columns) -> Columns:
    """The rows in which every column that says so is true, without these columns."""
    at = [n for n, column in enumerate(columns.columns) if column.word in _VALID]
    if not at:
        return columns
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


def _says_nothing(columns: Columns, at: int) -> bool:
    """Whether a column is said to stand beside numbers, or, without a title, is constant or counts up."""
    column, cells = columns.columns[at], columns.cells(at)
    word = column.word
    if is_beside(word) or column.is_expected:
        return True
    if columns.is_titled and word == "":
        return True
    if _is_value(column) and not column.is_index:
        return False
    if columns.is_titled:
        is_lane = _LANE.fullmatch(word) is not None
        return not is_lane and (
            len(set(cells)) == 1 < len(cells) or _is_index(cells) or _is_status(cells)
        )
    return len(set(cells)) == 1 or _counts_up(cells)


def _is_index(cells: Sequence[str]) -> bool:
    """Whether cells count the rows, from 0 or 1."""
    return any([str(n + at) for n in range(len(cells))] == list(cells) for at in (0, 1))


def _is_status(cells: Sequence[str]) -> bool:
    return all(one.lower() in _STATUS for one in cells)


def _counts_up(cells: Sequence[str]) -> bool:
    if all(map(_NATURAL.fullmatch, cells)):
        return all(float(a) < float(b) for a, b in pairwise(cells))
    is_hex = all(map(_ADDRESS.fullmatch, cells))
    return is_hex and all(int(a, 16) < int(b, 16) for a, b in pairwise(cells))


def _lanes(columns: Columns, at: list[int]) -> list[int]:
    """Of columns ``ch0``, ``ch1``, .., in any order, those in the order of their numbers; else none."""
    found = {n: _LANE.fullmatch(columns.columns[n].word) for n in at}
    lanes = {int(one["lane"]): n for n, one in found.items() if one}
    words = {one["word"] for one in found.values() if one}
    is_whole = len(lanes) == len(at) > 1 and sorted(lanes) == list(range(len(at)))
    return [lanes[n] for n in sorted(lanes)] if is_whole and len(words) == 1 else []


def _lanes_in_brackets(columns: Columns) -> list[int]:
    """The numbers of lines such as ``out[0]=5 out[1]=-7``, in the order of their indices; else none."""
    found = dict[int, int]()
    for at, (index, value) in enumerate(pairwise(columns.columns)):
        cells = set(columns.cells(at))
        if index.is_index and not value.is_index and index.word == value.word and len(cells) == 1:
            (cell,) = cells
            if cell.isdecimal() and _LANE.fullmatch(f"{value.word}0"):
                found[int(cell)] = at + 1
    taken = {*found.values(), *(at - 1 for at in found.values())}
    rest = [at for at in range(len(columns.columns)) if at not in taken]
    is_whole = len(found) > 1 and sorted(found) == list(range(len(found)))
    is_whole = is_whole and len({columns.columns[at].word for at in taken}) == 1
    is_whole = is_whole and all(_says_nothing(columns, at) for at in rest)
    return [found[n] for n in sorted(found)] if is_whole else []


def _of_lanes(
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
    if len(tail) != len(names) or not all(_says_nothing(columns, n) for n in rest):
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

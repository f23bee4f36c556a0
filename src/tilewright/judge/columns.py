"""Numbers in columns, each under a title or behind a word: which column counts, and which are places."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import prod
from pathlib import Path

import numpy as np

from tilewright.errors import ConfigError, FormatError, counted
from tilewright.judge.dump import DUMP_AXES, Dump, FoundNumbers, dump_shape
from tilewright.judge.expected_words import STEMS
from tilewright.judge.listed import numbers_in_order
from tilewright.judge.numerals import is_number, not_a_number, parse_number, radix_of
from tilewright.judge.places import INDEX, PLACES, Places, sizes_of
from tilewright.spec import Ints
from tilewright.vectors import Bundle

_WHOLE = (
    *({"oc", "oh", "ow"}, {"oc", "onij"}, {"otile", "col", "oh", "ow"}, {"otile", "col", "onij"}),
)
_VALUES = ("output", "value", "actual", "got", "found", "dut", "rtl", "result", "sum", "acc", "out")
_COUNTS = frozenset(("", "index", "idx", "n", "id", "addr", "address"))
"""Titles of a column that may count the numbers."""
_BESIDE = _COUNTS - {""} | {"cycle", "cyc", "clk", "time", "t", "step", "delta", "ns", "ps", "us"}
_BESIDE |= {"diff", "error", "ok", "match"}
_WANTED = re.compile(f"(?:^|_)(?:{STEMS}|predict)")
"""What words have in them that the expected number follows."""
_VALID = ("valid", "out_valid", "valid_o", "valid_out", "vld")
_TRUE = ("1", "1.0", "true", "1'b1", "1'h1")
_LANE = re.compile(r"(?P<word>psum|output|out|oc|ch|channel|lane|value)_?[\[(]?(?P<lane>\d+)[\])]?")
_ADDRESS = re.compile("(0x)?[0-9a-f]{1,16}", re.IGNORECASE)
_NATURAL = re.compile(r"\+?[0-9]+(\.[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its title, or the word before it, in small letters, and "" for none.

    is_index: whether it stands in brackets or parentheses. is_next: whether nothing but blanks, commas or
    semicolons parts it from the column before it. is_expected: whether a line says that its numbers are not
    those of the core, but what they should be.
    """

    word: str
    is_index: bool = False
    is_next: bool = False
    is_expected: bool = False


@dataclass(frozen=True, slots=True)
class Columns:
    """Rows of cells with one column each, and the line of the file, from 1, on which each row stands.

    is_titled: whether the words are titles, of which each must be known. counted: as in `FilePlace`.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    is_titled: bool = False
    counted: str = "line"

    def cells(self, column: int) -> list[str]:
        """The cells of a column, from the top."""
        return [row[column] for row in self.rows]


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which columns count. values: of the numbers, from the left; places: column of each axis.

    order: in which the numbers stand, where the columns say it. note: what is said of it.
    """

    columns: Columns
    values: tuple[int, ...]
    places: Mapping[str, int]
    order: str | None
    note: str

    @property
    def word(self) -> str:
        """The title, or the word before the numbers."""
        return self.columns.columns[self.values[0]].word


def choose(columns: Columns, bundle: Bundle, kind: str | None, order: str | None) -> Chosen | str:
    """Which of the columns count; or why nobody knows.

    A row that is not valid has no number. Of titles each must be known. Behind other words, columns that are
    constant or count up say nothing; what is left must be one number, or several side by side, or the indices
    of every place (``psum[0][1][2]``). Raises `ConfigError` for an order beside places.
    """
    columns = _valid(columns)
    words = [column.word for column in columns.columns]
    places = {word: at for at, word in enumerate(words) if word in PLACES}
    if places and order is not None:
        raise ConfigError("an order is for numbers without a place: leave out --order")
    if places and not any(set(places) - {"kij", "itile"} == whole for whole in _WHOLE):
        return f"{' and '.join(places)} alone are no place"
    open_columns = [
        at for at, word in enumerate(words) if word not in PLACES and not _says_nothing(columns, at)
    ]
    lanes = [] if places else _lanes(columns, open_columns)
    if lanes:
        return _of_lanes(columns, lanes, bundle, kind, order)
    named = [at for at, column in enumerate(columns.columns) if _is_value(column)]
    named = [at for at in named if not columns.columns[at].is_index] or named
    left = [at for at in open_columns if at not in named]
    if columns.is_titled:
        return _of_titles(columns, places, named, left)
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
    return Chosen(columns, tuple(values), places, None, _note(columns, values, places))


def _of_titles(
    columns: Columns, places: Mapping[str, int], named: Sequence[int], left: Sequence[int]
) -> Chosen | str:
    words = [column.word for column in columns.columns]
    if left:
        return f"what its columns {', '.join(words[at] for at in left)} are is not known"
    if len(named) != 1 or len(set(words)) < len(words):
        return f"of its titles {', '.join(words)} nobody knows which one counts"
    for at in (at for at, word in enumerate(words) if word in _COUNTS):
        columns = _by_index(columns, at)
    return Chosen(
        columns, (named[0],), places, None, f"read as a table: its column {words[named[0]]!r}"
    )


def _note(columns: Columns, values: Sequence[int], places: Mapping[str, int]) -> str:
    word, count = columns.columns[values[0]].word, len(values)
    number = (
        f"number {values[0] + 1}" if count == 1 else f"numbers {values[0] + 1} to {values[-1] + 1}"
    )
    about = f"{'number' if count == 1 else f'{count} numbers'} behind {word!r}" if word else number
    at = f", places {' '.join(places)}" if places else ""
    return f"read as {counted(len(columns.rows), 'line')} of one form: {about}{at}"


def is_beside(word: str) -> bool:
    """Whether a word says that a number is not what the core computed: a time, or what was expected."""
    return word in _BESIDE or _WANTED.search(word) is not None


def _is_value(column: Column) -> bool:
    is_other = column.is_expected or _WANTED.search(column.word) is not None
    return not is_other and (column.word in _VALUES or "psum" in column.word)


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
    if columns.is_titled:
        return word == ""
    if _is_value(column) and not column.is_index:
        return False
    return len(set(cells)) == 1 or _counts_up(cells)


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
    sizes = sizes_of(bundle)
    for names in ((order or " ".join(DUMP_AXES[kind])).split(), ["oc", "onij"]):
        tail = at[-len(names) :]
        rest = [n for n in at if n not in tail]
        if len(tail) != len(names) or not all(_says_nothing(columns, n) for n in rest):
            continue
        found = _counted(columns, tail)
        wanted = [set(range(sizes.get(name, 0))) for name in names]
        axes = [{place[n] for place in found} for n in range(len(names))]
        is_whole = axes[0] <= wanted[0] and axes[1:] == wanted[1:]
        if found and is_whole and len(found) in (len(columns.rows), prod(map(len, wanted))):
            return dict(zip(names, tail, strict=True))
    is_index = len(at) == 1 and columns.columns[at[0]].is_index
    found = _counted(columns, at) if is_index else set()
    is_within = found and max(found) < (_count(bundle, kind, order),)
    return {INDEX: at[0]} if is_within and len(found) == len(columns.rows) else {}


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


def read_columns(
    bundle: Bundle,
    path: Path,
    chosen: Chosen,
    kind: str,
    *,
    order: str | None,
    radix: str | None = None,
    is_partial: bool = False,
) -> Dump:
    """The numbers of the columns that count. Raises `FormatError` for what is no number, or another count."""
    columns, bits = chosen.columns, bundle.array.psum_bits
    places = _places(bundle, chosen, kind, order)
    cells = [row[at] for row in columns.rows for at in chosen.values]
    radix, wanted = radix or radix_of("\n".join(cells), bits), len(places.index)
    if not places.axes and len(cells) != wanted and not (is_partial and 0 < len(cells) < wanted):
        raise FormatError(
            f"{path}: there must be {counted(wanted, 'number')} of {kind}, but there are {len(cells)} "
            f"({chosen.note.removeprefix('read as ')}): another layer, geometry or kind? (--kind; "
            "--partial if only the first ones are there)"
        )
    targets, values, where = list[int](), list[int | None](), list[tuple[int, int, int]]()
    lanes = Counter[int]()
    for line, row in zip(columns.lines, columns.rows, strict=True):
        said = {axis: row[at] for axis, at in chosen.places.items()}
        place = f"{path} {columns.counted} {line}"
        for at in chosen.values:
            values.append(_number(row[at], radix, bits, place))
            targets.append(places.target(said, place))
            where.append((0, line, lanes[line]))
            lanes[line] += 1
    indices: Ints = np.array(targets, np.int64)
    found = FoundNumbers.of(indices, values, where, (path.name,))
    more = "" if radix == "decimal" else f", {'hexadecimal' if radix == 'hex' else radix}"
    return found.to_dump(
        kind, dump_shape(bundle, kind), notes=(chosen.note + more,), counted=columns.counted
    )


def wanted_of(bundle: Bundle, chosen: Chosen, kind: str, order: str | None) -> int:
    """How many numbers the columns that count must hold."""
    return len(_places(bundle, chosen, kind, order).index)


def _places(bundle: Bundle, chosen: Chosen, kind: str, order: str | None) -> Places:
    axes = [axis for axis in (*PLACES, INDEX) if axis in chosen.places]
    is_said = axes and axes != [INDEX]
    return Places(bundle, kind, axes, None if is_said else chosen.order or order)


def _count(bundle: Bundle, kind: str | None, order: str | None) -> int:
    return len(numbers_in_order(bundle, kind or "psum", order))


def _number(cell: str, radix: str, bits: int, where: str) -> int | None:
    try:
        if not is_number(cell, radix):
            raise ValueError(cell)
        return parse_number(cell, radix, bits)
    except ValueError:
        raise FormatError(
            f"{where} must hold {radix} numbers, but has {not_a_number(cell)}"
        ) from None

"""Numbers in columns, each under a title or behind a word, and the numbers of those that count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tilewright.errors import FormatError, counted
from tilewright.judge.dump import Dump, FoundNumbers, dump_shape
from tilewright.judge.numerals import is_number, not_a_number, parse_number, radix_of
from tilewright.judge.places import INDEX, PLACES, Places
from tilewright.judge.repeats import check_once, new_rows
from tilewright.judge.too_many import why_other
from tilewright.judge.word_lanes import lane_width, lanes_remedy, parts_of
from tilewright.spec import Ints
from tilewright.vectors import Bundle


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
    chosen, bits = of_one_run(bundle, chosen, kind, order), bundle.array.psum_bits
    columns, places = chosen.columns, _places(bundle, chosen, kind, order)
    cells = [row[at] for row in columns.rows for at in chosen.values]
    radix, wanted = radix or radix_of("\n".join(cells), bits), len(places.index)
    if not places.axes and len(cells) != wanted and not (is_partial and 0 < len(cells) < wanted):
        remedy = remedy_of_lanes(bundle, chosen, wanted) or why_other(cells, wanted)
        raise FormatError(
            f"{path}: there must be {counted(wanted, 'number')} of {kind}, but there are {len(cells)} "
            f"({chosen.note.removeprefix('read as ')}): {remedy}"
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
    check_once(path, targets, values, [line for _, line, _ in where], columns.counted)
    indices: Ints = np.array(targets, np.int64)
    found = FoundNumbers.of(indices, values, where, (path.name,))
    more = "" if radix == "decimal" else f", {'hexadecimal' if radix == 'hex' else radix}"
    return found.to_dump(
        kind, dump_shape(bundle, kind), notes=(chosen.note + more,), counted=columns.counted
    )


def of_one_run(bundle: Bundle, chosen: Chosen, kind: str, order: str | None) -> Chosen:
    """The columns with words of several numbers taken apart (`in_lanes`), without further runs that are alike
    and without rows of x or z (`new_rows`)."""
    chosen = in_lanes(bundle, chosen, kind, order)
    columns, names = chosen.columns, tuple(chosen.places.values())
    kept, said = new_rows(
        columns.rows, names, chosen.values, wanted_of(bundle, chosen, kind, order)
    )
    if not said:
        return chosen
    columns = replace(
        columns,
        rows=tuple(columns.rows[n] for n in kept),
        lines=tuple(columns.lines[n] for n in kept),
    )
    return replace(chosen, columns=columns, note=f"{chosen.note}{said}")


def in_lanes(bundle: Bundle, chosen: Chosen, kind: str, order: str | None) -> Chosen:
    """The columns with words of several numbers taken apart, where an order says which is which."""
    wanted = wanted_of(bundle, chosen, kind, order)
    columns = chosen.columns
    radix, lanes, bits = _lanes(bundle, chosen, wanted)
    if lanes < 2 or (order or chosen.order) is None:
        return chosen
    mark, at = {"hex": "0x", "binary": "0b"}[radix], chosen.values[0]
    rows = [[f"{mark}{part}" for part in parts_of(row[at], bits, radix)] for row in columns.rows]
    apart = replace(columns, columns=(columns.columns[at],) * lanes, rows=tuple(map(tuple, rows)))
    note = f"{chosen.note}, each {lanes} numbers of {bits} bits, the highest bits first"
    return replace(chosen, columns=apart, values=tuple(range(lanes)), note=note)


def remedy_of_lanes(bundle: Bundle, chosen: Chosen, wanted: int) -> str:
    """What to say of words of several numbers; nothing if they are none."""
    _, lanes, bits = _lanes(bundle, chosen, wanted)
    return lanes_remedy(lanes, bits) if lanes > 1 else ""


def _lanes(bundle: Bundle, chosen: Chosen, wanted: int) -> tuple[str, int, int]:
    """The radix of the words that count, how many numbers each is, and of how many bits; 0 where that is not
    as wanted."""
    cells, bits = chosen.columns.cells(chosen.values[0]), bundle.array.psum_bits
    if chosen.places or len(chosen.values) > 1 or not cells or wanted % len(cells):
        return "", 0, 0
    radix = radix_of("\n".join(cells), bits)
    width = lane_width(cells, wanted, bits, radix)
    return radix, wanted // len(cells) if width else 0, width


def wanted_of(bundle: Bundle, chosen: Chosen, kind: str, order: str | None) -> int:
    """How many numbers the columns that count must hold."""
    return len(_places(bundle, chosen, kind, order).index)


def _places(bundle: Bundle, chosen: Chosen, kind: str, order: str | None) -> Places:
    axes = [axis for axis in (*PLACES, INDEX) if axis in chosen.places]
    is_said = axes and axes != [INDEX]
    return Places(bundle, kind, axes, None if is_said else chosen.order or order)


def _number(cell: str, radix: str, bits: int, where: str) -> int | None:
    try:
        if not is_number(cell, radix):
            raise ValueError(cell)
        return parse_number(cell, radix, bits)
    except ValueError:
        raise FormatError(
            f"{where} must hold {radix} numbers, but has {not_a_number(cell)}"
        ) from None

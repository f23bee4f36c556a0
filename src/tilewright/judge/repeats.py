"""Rows of a dump that say nothing new: those of further runs that are alike, and those of x and z."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tilewright.errors import FormatError, counted
from tilewright.judge.numerals import is_unknown
from tilewright.judge.too_many import is_idle


def new_rows(
    rows: Sequence[Sequence[str]], places: Sequence[int], values: Sequence[int], wanted: int
) -> tuple[list[int], str]:
    """Which rows hold `wanted` numbers and say all that the others say, and what is said of it; "" where all
    rows count, or nobody knows which do.

    places, values: the columns. Where no column is a place, rows of x or z say nothing beside enough that are
    known. Of runs that follow one another and are alike, in any order of their places, the first one counts;
    not where all of it is 0 or x, as that may be what stands before the first sum.

    >>> new_rows([("5",), ("-7",), ("5",), ("-7",)], (), (0,), 2)
    ([0, 1], ', the first of 2 runs that are alike')
    >>> new_rows([("5",), ("-7",), ("5",), ("7",)], (), (0,), 2)[1]
    ''
    """
    count, rest = divmod(wanted, len(values))
    if rest or not 0 < count < len(rows):
        return list(range(len(rows))), ""
    known = [n for n, row in enumerate(rows) if not all(is_unknown(row[at]) for at in values)]
    if len(known) == count and not places:
        return known, f", {counted(len(rows) - count, 'line')} of x or z left out"
    said = [tuple(row[at] for at in (*places, *values)) for row in rows]
    runs = [said[n : n + count] for n in range(0, len(said), count)]
    if places:
        runs = [sorted(run) for run in runs]
    is_whole = not places or len({row[: len(places)] for row in runs[0]}) == count
    is_known = any(not is_idle(cell) for row in runs[0] for cell in row[len(places) :])
    if is_whole and is_known and all(run == runs[0] for run in runs):
        return list(range(count)), f", the first of {len(runs)} runs that are alike"
    return list(range(len(rows))), ""


def check_once(
    path: Path,
    targets: Sequence[int],
    values: Sequence[int | None],
    lines: Sequence[int],
    counted: str,
) -> None:
    """Raise `FormatError` for a place with two numbers: nobody knows which one counts.

    targets: the place of each number. lines: on which it stands; counted: as in `FilePlace`.
    """
    seen = dict[int, int]()
    for at, target in enumerate(targets):
        before = seen.setdefault(target, at)
        if target >= 0 and values[before] != values[at]:
            raise FormatError(
                f"{path} must say the number of a place once, but {counted} {lines[before]} says "
                f"{values[before]}, and {counted} {lines[at]} {values[at]}: several runs in one file? Keep "
                "the one that counts"
            )

"""Numbers that a line says twice, in two radices: ``psum=0xfe98 (-360)``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from tilewright.judge.columns import Column, Columns
from tilewright.judge.places import PLACES

_DECIMAL = re.compile(r"[+-]?[0-9]{1,18}")
_HEX = re.compile(r"(?:0x)?(?P<digits>[0-9a-f]{1,16})h?", re.IGNORECASE)


def without_restated(columns: Columns, bits: int) -> tuple[Columns, str]:
    """The columns without one that says in one radix what another says in the other, and a note of that.

    bits: of a psum. The decimal numbers are kept if one of them has a sign, else the others, whose bits say
    it. As they are, and "", where every row is the same, and for places and expected numbers.

    >>> rows = ("0xfffb", "-5"), ("0x0c", "12")
    >>> columns = Columns((Column("psum"), Column("", is_index=True)), rows, (1, 2))
    >>> without_restated(columns, 20)[0].rows, without_restated(columns, 20)[1]
    ((('-5',), ('12',)), ', said in hexadecimal, too')
    """
    for pair in combinations(range(len(columns.columns)), 2):
        if any(not _may_be_number(columns.columns[at]) for at in pair):
            continue
        for decimal, other in (pair, pair[::-1]):
            signed = columns.cells(decimal)
            if _are_same(signed, columns.cells(other), bits):
                has_sign = any(cell.startswith("-") for cell in signed)
                radix = "hexadecimal" if has_sign else "decimal"
                kept, left = (decimal, other) if has_sign else (other, decimal)
                return _without(columns, kept, left), f", said in {radix}, too"
    return columns, ""


def _may_be_number(column: Column) -> bool:
    return column.word not in PLACES and not column.is_expected


def _are_same(signed: Sequence[str], others: Sequence[str], bits: int) -> bool:
    """Whether decimal cells are the hexadecimal ones, row by row, and not by chance or in the same digits."""
    numbers = [_HEX.fullmatch(cell) for cell in others]
    if len(set(signed)) < 2 or not all(map(_DECIMAL.fullmatch, signed)) or not all(numbers):
        return False
    digits = [found["digits"] for found in numbers if found]
    widths = [min(bits, 4 * len(one)) for one in digits]
    pairs = zip(signed, digits, widths, strict=True)
    is_other = any(
        int(cell) != int(one, 16) or cell != one for cell, one in zip(signed, digits, strict=True)
    )
    return is_other and all(
        (int(cell) - int(one, 16)) % (1 << width) == 0 for cell, one, width in pairs
    )


def _without(columns: Columns, kept: int, left: int) -> Columns:
    """The columns without `left`; what it is called, `kept` is, if that has no word of its own."""
    word = columns.columns[kept].word or columns.columns[left].word
    parts = list(columns.columns)
    parts[kept] = replace(parts[kept], word=word, is_index=False, is_next=False)
    del parts[left]
    rows = tuple(tuple(cell for at, cell in enumerate(row) if at != left) for row in columns.rows)
    return replace(columns, columns=tuple(parts), rows=rows)

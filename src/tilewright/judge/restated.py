"""Numbers that a line says twice, in two radices: ``psum=0xfe98 (-360)``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import product

from tilewright.judge.columns import Column, Columns
from tilewright.judge.places import PLACES

_DECIMAL = re.compile(r"[+-]?[0-9]{1,18}")
_HEX = re.compile(r"(?:0x)?[0-9a-f]{1,16}h?", re.IGNORECASE)


def without_restated(columns: Columns, bits: int) -> tuple[Columns, str]:
    """The columns without one that says in one radix what another says in the other, and a note of that.

    bits: of a psum. The decimal numbers are kept if one of them has a sign, else the others, whose bits say
    it. As they are, and "", where every row is the same, and for places and expected numbers.

    >>> rows = ("0xfffb", "-5"), ("0x0c", "12")
    >>> columns = Columns((Column("psum"), Column("", is_index=True)), rows, (1, 2))
    >>> without_restated(columns, 20)[0].rows, without_restated(columns, 20)[1]
    ((('-5',), ('12',)), ', said in hexadecimal, too')
    """
    cells = {at: columns.cells(at) for at, one in enumerate(columns.columns) if _may_be_number(one)}
    decimals = {at: [int(cell) for cell in own] for at, own in cells.items() if _are(_DECIMAL, own)}
    digits = {
        at: [cell.lower().removeprefix("0x").removesuffix("h") for cell in own]
        for at, own in cells.items()
        if _are(_HEX, own)
    }
    for decimal, other in sorted(product(decimals, digits), key=sorted):
        is_twice = decimal != other and cells[decimal] != digits[other]
        if is_twice and _are_same(decimals[decimal], digits[other], bits):
            has_sign = min(decimals[decimal]) < 0
            radix = "hexadecimal" if has_sign else "decimal"
            kept, left = (decimal, other) if has_sign else (other, decimal)
            return _without(columns, kept, left), f", said in {radix}, too"
    return columns, ""


def _may_be_number(column: Column) -> bool:
    return column.word not in PLACES and not column.is_expected


def _are(form: re.Pattern[str], cells: Sequence[str]) -> bool:
    """Whether all cells have this form, and not all are the same."""
    return all(map(form.fullmatch, cells)) and len(set(cells)) > 1


def _are_same(numbers: Sequence[int], digits: Sequence[str], bits: int) -> bool:
    """Whether decimal numbers are the hexadecimal ones, row by row, as far as these have bits of a psum."""
    return all(
        (number - int(one, 16)) % (1 << min(bits, 4 * len(one))) == 0
        for number, one in zip(numbers, digits, strict=True)
    )


def _without(columns: Columns, kept: int, left: int) -> Columns:
    """The columns without `left`; what it is called, `kept` is, if that has no word of its own."""
    word = columns.columns[kept].word or columns.columns[left].word
    parts = list(columns.columns)
    parts[kept] = replace(parts[kept], word=word, is_index=False, is_next=False)
    del parts[left]
    rows = tuple(tuple(cell for at, cell in enumerate(row) if at != left) for row in columns.rows)
    return replace(columns, columns=tuple(parts), rows=rows)

"""What a column of a dump says: the core's numbers, their places, or what stands beside them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from tilewright.judge.columns import Column, Columns
from tilewright.judge.words import is_beside, is_expected, is_own

_VALUES = re.compile(
    r"(?:(?:sfp|ofifo|data|core|pe|array|mac|acc)_?)?d?out(?:put)?(?:_data)?|value|(?:partial[ _]?)?sum|acc"
    r"|(?:m_axis_)?tdata"
)
_STATUS = frozenset(
    ("pass", "passed", "fail", "failed", "ok", "error", "match", "mismatch", "true", "false", "")
)
"""Cells that tell a right number from a wrong one."""
LANE = re.compile(
    r"(?P<word>psum|ps|output|out|d?out_data|data_out|dout|o|y|z|q|s|sum|acc|res|result|oc|ch|channel|lane|col|column"
    r"|value)_?[\[(]?(?P<lane>\d+)[\])]?"
)
"""Words of numbers of one lane each."""
_ADDRESS = re.compile("(0x)?[0-9a-f]{1,16}", re.IGNORECASE)
_NATURAL = re.compile(r"\+?[0-9]+(\.[0-9]+)?")


def is_column_of_expected(column: Column) -> bool:
    """Whether its numbers are what a core should compute."""
    return column.is_expected or is_expected(column.word)


def is_value(column: Column, has_expected: bool = False) -> bool:
    """Whether its word says that its numbers are the core's; has_expected: beside expected ones."""
    word = column.word
    is_said = (
        _VALUES.fullmatch(word) or "psum" in word or is_own(word, is_beside_expected=has_expected)
    )
    return bool(is_said) and not is_column_of_expected(column)


def says_nothing(columns: Columns, at: int) -> bool:
    """Whether a column is said to stand beside numbers, or, without a title, is constant or counts up."""
    column, cells = columns.columns[at], columns.cells(at)
    word = column.word
    if is_beside(word) or column.is_expected:
        return True
    if columns.is_titled and word == "":
        return True
    if is_value(column) and not column.is_index:
        return False
    if columns.is_titled:
        is_lane = LANE.fullmatch(word) is not None
        return not is_lane and (
            len(set(cells)) == 1 < len(cells) or counts_rows(cells) or _is_status(cells)
        )
    return len(set(cells)) == 1 or counts_up(cells)


def counts_rows(cells: Sequence[str]) -> bool:
    """Whether cells count the rows, from 0 or 1."""
    return any([str(n + at) for n in range(len(cells))] == list(cells) for at in (0, 1))


def _is_status(cells: Sequence[str]) -> bool:
    return all(one.lower() in _STATUS for one in cells)


def counts_up(cells: Sequence[str]) -> bool:
    """Whether each number is greater than the one above it."""
    if all(map(_NATURAL.fullmatch, cells)):
        return all(float(a) < float(b) for a, b in pairwise(cells))
    is_hex = all(map(_ADDRESS.fullmatch, cells))
    return is_hex and all(int(a, 16) < int(b, 16) for a, b in pairwise(cells))

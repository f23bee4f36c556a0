"""Tables with a title for each column, as pandas, spreadsheets and benches write them."""

from __future__ import annotations

import re

PLACES = frozenset(("oc", "oh", "ow", "otile", "col", "onij", "kij", "itile"))
_WHOLE = (
    *({"oc", "oh", "ow"}, {"oc", "onij"}, {"otile", "col", "oh", "ow"}, {"otile", "col", "onij"}),
)
_VALUES = ("psum", "output", "value", "actual", "got", "found", "dut", "rtl", "result")
_BESIDE = frozenset(
    ("", "cycle", "time", "index", "n", "expected", "reference", "golden", "ref", "exp")
)
"""Titles of columns that say nothing about which number stands in a row."""
_VALID = ("valid", "out_valid", "valid_o")
"""Titles of a column that is 0 in a row without a number."""
_SEPARATORS = (",", ";", "\t")


def table_pattern(text: str) -> tuple[str, str] | None:
    """The pattern (`read_log`) of the rows of a table, and the title of the column that counts; a row that is
    not valid is left out.

    None if the first line has no titles, if lines have not as many cells each, or if a title may be a place
    in words of its own (row, channel): then nobody knows which number a row holds.

    >>> table_pattern("oc;psum\\n0;1")
    >>> table_pattern("cycle,psum\\n12,-3\\n")[1]
    'psum'
    """
    lines = [line.strip("\r") for line in text.split("\n") if line.strip()]
    for separator in _SEPARATORS:
        titles = [_bare(cell) for cell in lines[0].split(separator)] if lines else []
        if len(titles) < 2 or any(line.count(separator) != len(titles) - 1 for line in lines):
            continue
        places = PLACES.intersection(titles)
        values = [title for title in titles if title in _VALUES]
        is_known = set(titles) <= {*PLACES, *_VALUES, *_BESIDE, *_VALID}
        is_whole = not places or any(places - {"kij", "itile"} == whole for whole in _WHOLE)
        if len(values) != 1 or not is_known or not is_whole or len(set(titles)) < len(titles):
            return None
        cells = [_cell(title, values[0], separator) for title in titles]
        return f"^{separator.join(cells)}$", values[0]
    return None


def _bare(cell: str) -> str:
    return cell.strip().strip('"').strip().lower()


def _cell(title: str, value: str, separator: str) -> str:
    if title == value:
        return rf'\s*"?\s*(?P<value>(?!{value})[^"{separator}\s]+)\s*"?\s*'
    if title in _VALID:
        return r'\s*"?(?:1|1\.0|true)"?\s*'
    return rf'\s*"?(?P<{title}>\d+)"?\s*' if title in PLACES else f"[^{separator}]*"


def without_index(text: str) -> str:
    """A data frame without the row and the column that count (``,0,1`` first, then ``0,`` ..); else the text.

    >>> without_index(",0,1\\n0,5,-6\\n1,7,8\\n").split()
    ['5,-6', '7,8']
    """
    lines = text.splitlines()
    titles = re.fullmatch(r"([,;\t])0((\1[0-9]+)*)", lines[0].strip(" ")) if lines else None
    if titles is None:
        return text
    separator, rows = titles[1], [line for line in lines[1:] if line.strip()]
    counts = [int(one) for one in lines[0].strip(" ").split(separator)[1:]]
    is_counted = all(row.startswith(f"{at}{separator}") for at, row in enumerate(rows))
    if counts != list(range(len(counts))) or not is_counted:
        return text
    return "\n".join(["", *(line.partition(separator)[2] for line in lines[1:])])

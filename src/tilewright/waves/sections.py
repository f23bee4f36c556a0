"""Captures of logic analyzers that name their sections: the CSV of Quartus' Signal Tap and of Gowin's.

Behind a line ``Data:`` stands ``time unit: ns``, and beside it the names of the channels: a group
``core:u|psum[15..0]``, or one bit of it each; then a line for each sample, with its number first. Values are
written as they were shown: nothing says in which radix, but the values do.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tilewright.errors import FormatError

_HEAD = re.compile(rb"(?m)^(?:Data:\s*)?\"?time unit: *[munpf]?s\"?,")
_SEARCHED = 1 << 18
"""Octets of a file in which the line of names is looked for."""


def has_sections(path: Path) -> bool:
    """Whether a file is such a capture; one that cannot be opened is none."""
    try:
        with path.open("rb") as file:
            return _HEAD.search(file.read(_SEARCHED)) is not None
    except OSError:
        return False


@dataclass(frozen=True, slots=True)
class Sections:
    """The names of all columns, the rows, the radix of each column, and the line of the first row."""

    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    radixes: tuple[str, ...]
    first_line: int


def read_sections(path: Path, text: str) -> Sections:
    """The section of data; raises `FormatError` if a row has not as many cells as there are names."""
    lines = text.splitlines()
    at = next(n for n, line in enumerate(lines) if _HEAD.match(line.encode()))
    cells = [[cell.strip() for cell in row] for row in csv.reader(lines[at:])]
    names, rows = [cell.replace("..", ":") for cell in cells[0]], list[tuple[str, ...]]()
    for number, row in enumerate(cells[1:], at + 2):
        if row and len(row) != len(names):
            raise FormatError(
                f"{path}:{number}: a row must have {len(names)} cells, as the names, not {len(row)}: Quartus "
                "may leave out a channel that triggers; take it out of the trigger, or of the export"
            )
        if row:
            rows.append(tuple(row))
    is_hex = any(
        re.fullmatch(r"radix: *hex\w*", line.strip(), re.IGNORECASE) for line in lines[:at]
    )
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    radixes = tuple(
        "HEX" if is_hex else _radix(name, cells) for name, cells in zip(names, columns, strict=True)
    )
    return Sections(tuple(names), tuple(rows), radixes, at + 2)


def _radix(name: str, cells: Sequence[str]) -> str:
    """The radix in which the values of a column are shown: by their digits, and how many they are."""
    known = [cell.lower() for cell in cells if cell and not is_unknown(cell)]
    if any(cell.endswith("h") or set(cell) & set("abcdef") for cell in known):
        return "HEX"
    if any(cell[0] in "+-" for cell in known):
        return "SIGNED"
    high, _, low = name.rpartition("[")[2].rstrip("]").partition(":")
    width = abs(int(high) - int(low)) + 1 if high.isdecimal() and low.isdecimal() else 1
    lengths = {len(cell) for cell in known}
    if lengths == {width} and set("".join(known)) <= {"0", "1"}:
        return "BINARY"
    return "HEX" if lengths == {-(-width // 4)} and width > 4 else "UNSIGNED"


def is_unknown(cell: str) -> bool:
    """Whether a value has no bit that is known."""
    return re.fullmatch("[xXzZ?-]+h?", cell) is not None

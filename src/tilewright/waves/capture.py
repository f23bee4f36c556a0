"""Captures of a logic analyzer in an FPGA, of which each row is one edge of the clock: the CSV that ChipScoPy
and Vivado's ``write_hw_ila_data -csv_file`` write, and those of `sections`.

The first line names the columns: two or more of its own, then the probes, ``path/name[7:0]``. A line of the
radix of each column may follow; without it, probes are hexadecimal.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tilewright.errors import FormatError
from tilewright.store.artifact import read_bytes
from tilewright.waves.sections import Sections, has_sections, is_unknown, read_sections
from tilewright.waves.wave_file import Variable, begins_with, find_variable, with_buses

_STARTS = (b"Sample in Buffer,", b"\xef\xbb\xbfSample in Buffer,")
_OWN = ("Sample in Buffer", "Sample in Window", "TRIGGER", "GAP")
_RADIX_LINE = "Radix - "
_RADIXES = {"HEX": 16, "UNSIGNED": 10, "SIGNED": 10, "DECIMAL": 10, "BINARY": 2, "OCTAL": 8}
_PROBE = re.compile(r"(?P<name>.*?)\s*(\[(?P<high>\d+)(:(?P<low>\d+))?\])?")


def is_capture(path: Path) -> bool:
    """Whether the file begins as a capture does."""
    return begins_with(path, _STARTS) or has_sections(path)


@dataclass(frozen=True, slots=True)
class Capture:
    """A capture: its probes, the radix of each by code, and its rows; a code is the number of a column."""

    path: Path
    variables: tuple[Variable, ...]
    radixes: dict[str, str]
    rows: Sequence[Sequence[str]]
    gap: int | None
    first_line: int

    @classmethod
    def read(cls, path: Path) -> Capture:
        """Raises `FormatError` if a row has not as many cells as the first one."""
        text = read_bytes(path).decode("utf-8-sig", "replace")
        if not text.startswith(_STARTS[0].decode()):
            return cls._of_sections(path, read_sections(path, text))
        head, *rows = csv.reader(line for line in text.splitlines() if line.strip())
        for number, row in enumerate(rows, 2):
            if len(row) != len(head):
                raise FormatError(
                    f"{path}:{number}: a row must have {len(head)} cells, as the first, not {len(row)}"
                )
        radixes = ["HEX"] * len(head)
        has_radixes = bool(rows) and rows[0][0].startswith(_RADIX_LINE)
        if has_radixes:
            radixes = [cell.removeprefix(_RADIX_LINE).strip().upper() for cell in rows.pop(0)]
        probes = [(number, name) for number, name in enumerate(head) if name not in _OWN]
        return cls(
            path,
            with_buses(_variable(name, str(number)) for number, name in probes),
            {str(number): radixes[number] for number, _ in probes},
            rows,
            head.index("GAP") if "GAP" in head else None,
            3 if has_radixes else 2,
        )

    @classmethod
    def _of_sections(cls, path: Path, found: Sections) -> Capture:
        columns = [(number, name) for number, name in enumerate(found.names) if number and name]
        return cls(
            path,
            with_buses(_variable(plain_name(name), str(number)) for number, name in columns),
            {str(number): radix for number, radix in enumerate(found.radixes)},
            found.rows,
            None,
            found.first_line,
        )

    def find(self, name: str) -> Variable:
        """See `WaveFile.find`; ``/``, ``|`` and ``.`` are the same between scopes."""
        return find_variable(self.variables, plain_name(name).replace("/", "."), self.path)

    def rows_of(self, watched: Sequence[Variable]) -> Iterator[tuple[int, dict[str, str]]]:
        """For each row its number in the buffer, and the bits of each of those variables by code.

        Rows of a gap, and cells without a value, are x. Raises `FormatError` where a value cannot be read.
        """
        for line, row in enumerate(self.rows, self.first_line):
            is_gap = self.gap is not None and row[self.gap].strip() == "1"
            held = {
                one.code: "x" * one.width if is_gap else self._bits(one, row, line)
                for one in watched
            }
            yield self._place(row[0], line), held

    def _place(self, cell: str, line: int) -> int:
        if not re.fullmatch("-?[0-9]+", cell.strip()):
            raise FormatError(
                f"{self.path}:{line}: a row must begin with its number in the buffer, not {cell[:40]!r}"
            )
        return int(cell)

    def _bits(self, one: Variable, row: Sequence[str], line: int) -> str:
        if len(one.parts) > 1:
            return "".join(self._bits(bit, row, line) for bit in one.parts)
        cell, radix = row[int(one.code)].strip(), self.radixes[one.code]
        if not cell or is_unknown(cell):
            return "x" * one.width
        if radix not in _RADIXES:
            raise FormatError(
                f"{self.path}: {one.name} must have one of the radixes {', '.join(_RADIXES)}, not {radix}: "
                "set it in the waveform window and write the capture again"
            )
        try:
            value = int(cell.rstrip("hH"), _RADIXES[radix])
        except ValueError:
            value = 1 << one.width
        if not -(1 << one.width - 1) <= value < 1 << one.width:
            raise FormatError(
                f"{self.path}:{line}: {one.name} must be {one.width} bits in radix {radix}, not {cell[:40]!r}"
            )
        return f"{value & (1 << one.width) - 1:0{one.width}b}"


def plain_name(name: str) -> str:
    """A name of Quartus, ``core:u|fifo:f|q``, without the modules of the instances, and points for ``|``."""
    return re.sub(r"(?:^|(?<=\|))[^|:\[]+:(?=[A-Za-z_\\])", "", name).replace("|", ".")


def _variable(head: str, code: str) -> Variable:
    found = _PROBE.fullmatch(head.strip())
    assert found is not None, "it takes any text"  # noqa: S101
    high, low = found["high"], found["low"]
    width = abs(int(high) - int(low)) + 1 if low is not None else 1
    name = found["name"] if low is not None or high is None else head.strip()
    return Variable(name.replace("/", "."), width, code)

"""Digits to the bytes of a text file, and back, strictly."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tilewright.errors import FormatError
from tilewright.vectors.kind_layout import LINE_ENDS

ZERO = np.uint8(ord("0"))
SHOWN = 40


@dataclass(frozen=True, slots=True)
class TextForm:
    """What one file must look like: header lines, then `lines` words of `digits` digits."""

    name: str
    header: tuple[str, ...]
    line_end: str
    lines: int
    digits: int

    def write(self, digits: npt.NDArray[np.uint8]) -> bytes:
        """Digits 0 or 1, ``line digit``, to the content of the file."""
        end = np.frombuffer(LINE_ENDS[self.line_end], np.uint8)
        grid = np.empty((self.lines, self.digits + len(end)), np.uint8)
        grid[:, : self.digits] = digits + ZERO
        grid[:, self.digits :] = end
        return self._head() + grid.tobytes()

    def read(self, content: bytes) -> npt.NDArray[np.uint8]:
        """Inverse of `write`; raises `FormatError` that names the first wrong line."""
        head, end = self._head(), np.frombuffer(LINE_ENDS[self.line_end], np.uint8)
        line_size = self.digits + len(end)
        if not content.startswith(head) or len(content) != len(head) + self.lines * line_size:
            raise self._first_fault(content)
        grid = np.frombuffer(content, np.uint8, offset=len(head)).reshape(self.lines, line_size)
        digits = grid[:, : self.digits] - ZERO  # line digit; other characters wrap to 2..255
        if digits.max() > 1 or (grid[:, self.digits :] != end).any():
            raise self._first_fault(content)
        return digits

    def _head(self) -> bytes:
        end = LINE_ENDS[self.line_end]
        return b"".join(line.encode("ascii") + end for line in self.header)

    def _first_fault(self, content: bytes) -> FormatError:
        """The error for a content that `read` refuses."""
        *found, rest = content.split(b"\n")
        wanted = len(self.header) + self.lines
        for number, raw in enumerate(found[:wanted], start=1):
            fault = self._line_fault(number, raw)
            if fault:
                return FormatError(f"{self.name} line {number}: {fault}")
        size = f"must have {wanted} lines ({len(self.header)} header lines, {self.lines} words)"
        if len(found) < wanted:
            tail = f" and ends within line {len(found) + 1}" if rest else ""
            return FormatError(
                f"{self.name} {size}, but has {len(found)} complete ones{tail}: it is cut short, "
                f"or was written for another shape or layout"
            )
        extra = [*found[wanted:], rest][0]
        return FormatError(
            f"{self.name} {size}, but goes on in line {wanted + 1} with {_shown(extra)}: it was "
            f"written for another shape or layout"
        )

    def _line_fault(self, number: int, raw: bytes) -> str:
        """What is wrong with line `number`, given without its line feed; empty if nothing is."""
        line_end = "CRLF" if raw.endswith(b"\r") else "LF"
        if line_end != self.line_end:
            return f"the line must end in {self.line_end}, but ends in {line_end}"
        line = raw.removesuffix(b"\r") if line_end == "CRLF" else raw
        if number <= len(self.header):
            wanted = self.header[number - 1].encode("ascii")
            return "" if line == wanted else f"header must be {_shown(wanted)}, not {_shown(line)}"
        if re.fullmatch(b"[01]{%d}" % self.digits, line):
            return ""
        return (
            f"a word must be {self.digits} digits 0 or 1, not {len(line)} characters {_shown(line)}"
        )


def _shown(line: bytes) -> str:
    text = repr(line.decode("ascii", "backslashreplace"))
    return text if len(text) <= SHOWN * 2 else f"{text[:SHOWN]}...{text[-SHOWN:]}"

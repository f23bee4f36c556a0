"""One file of words, understood by itself: what stands before the words, how they are written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

RADICES = ("binary", "hex", "decimal")
Form = tuple[str, tuple[int, int], str]
MAX_BYTES = 64 * 2**20
_SHAPES = {
    "binary": re.compile(r"[01]+", re.ASCII),
    "hex": re.compile(r"[0-9a-fA-F]+", re.ASCII),
    "decimal": re.compile(r"[+-]?[0-9]{1,15}", re.ASCII),
}
_BETWEEN = re.compile(r"[ \t]*[,;|_][ \t]*|[ \t]+")


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """The words of a file, and what stands around them.

    name: below the folder, parted by ``/``. header, trailer: lines before and after the words. words:
    the texts of the lanes of each line, one where nothing parts them. separator: what parts them.
    radices: in which the words can be read. line_end: "LF" or "CRLF".
    """

    name: str
    header: tuple[str, ...]
    trailer: tuple[str, ...]
    words: tuple[tuple[str, ...], ...]
    separator: str
    radices: tuple[str, ...]
    line_end: str

    @property
    def shape(self) -> tuple[int, int, int, int, str]:
        """What files of one kind have in common: lines, lanes, digits, header lines, separator."""
        digits = {len(lane) for word in self.words for lane in word}
        width = digits.pop() if len(digits) == 1 else 0  # 0: decimal numbers of any length
        return len(self.words), len(self.words[0]), width, len(self.header), self.separator


def parse_file(folder: Path, path: Path) -> ParsedFile | None:
    """The words of a file; None if it holds no lines of numbers."""
    if path.stat().st_size > MAX_BYTES:
        return None
    content = path.read_bytes()
    if b"\0" in content:
        return None
    text = content.decode("latin-1")
    lines = [line.strip(" \t") for line in text.replace("\r\n", "\n").split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    run = _longest_run(lines)
    if run is None:
        return None
    first, last, separator = run
    words = tuple(tuple(_lanes(line, separator)) for line in lines[first:last])
    return ParsedFile(
        name=path.relative_to(folder).as_posix(),
        header=tuple(lines[:first]),
        trailer=tuple(lines[last:]),
        words=words,
        separator=separator,
        radices=_radices(words),
        line_end="CRLF" if content.count(b"\r\n") == content.count(b"\n") > 0 else "LF",
    )


def _radices(words: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    """Radices in which all lanes can be read; digits of a fixed width are binary or hexadecimal."""
    lanes = [lane for word in words for lane in word]
    has_width = len({len(lane) for lane in lanes}) == 1
    return tuple(
        radix
        for radix in RADICES
        if all(map(_SHAPES[radix].fullmatch, lanes)) and (has_width or radix == "decimal")
    )


def _longest_run(lines: list[str]) -> tuple[int, int, str] | None:
    """First line, line after the last, and separator of the longest run of lines of one form."""
    runs: dict[Form, int] = {}
    found: list[tuple[int, bool, int, str]] = []  # length, of fixed width, end, separator
    for at, line in enumerate([*lines, ""]):
        forms = _forms(line)
        for form, start in list(runs.items()):
            if form not in forms:
                found.append((at - start, form[0] == "digits", at, form[2]))
                del runs[form]
        for form in forms:
            runs.setdefault(form, at)
    if not found:
        return None
    length, _, end, separator = max(found)
    return end - length, end, separator


def _forms(line: str) -> tuple[Form, ...]:
    """How a line can be read: kind of digits, their number, and separator."""
    if not line:
        return ()
    between = _BETWEEN.search(line)
    separator = between[0] if between else ""
    lanes = _lanes(line, separator)
    forms: list[Form] = []
    if all(map(_SHAPES["hex"].fullmatch, lanes)) and len(set(map(len, lanes))) == 1:
        forms.append(("digits", (len(lanes[0]), len(lanes)), separator))
    if all(map(_SHAPES["decimal"].fullmatch, lanes)):
        forms.append(("numbers", (0, len(lanes)), separator))
    return tuple(forms)


def _lanes(line: str, separator: str) -> list[str]:
    mark = separator.strip(" \t")
    if not separator:
        return [line]
    parts = line.split(mark) if mark else line.split()
    return [part.strip(" \t") for part in parts]

"""A file with several kinds of numbers, cut where text stands between them or lines look otherwise."""

from __future__ import annotations

from tilewright.adopt.parsed_file import (
    Form,
    ParsedFile,
    bare_line,
    forms_of,
    parsed_words,
)

MOST_PARTS = 6
"""Parts of a file that are kinds of numbers; more are blocks of one kind."""


def parse_parts(name: str, content: bytes) -> list[ParsedFile]:
    """The parts of a file, each with the lines of text before it; none if it has fewer than two, or many."""
    if b"\0" in content:
        return []
    text = content.decode("latin-1").replace("\r\n", "\n")
    lines = text.split("\n")
    while lines and not lines[-1].strip(" \t"):
        lines.pop()
    bare = [bare_line(line.strip(" \t")) for line in lines]
    runs = _runs(bare)
    if not 1 < len(runs) <= MOST_PARTS:
        return []
    line_end = "CRLF" if content.count(b"\r\n") == content.count(b"\n") > 0 else "LF"
    parts, before = [], 0
    for number, (first, last, separator) in enumerate(runs, start=1):
        end = len(lines) if number == len(runs) else last
        words = parsed_words(bare[first:last], separator)
        around = tuple(lines[before:first]), tuple(lines[last:end])
        starts = tuple(range(first, last))
        parts.append(
            ParsedFile(
                *(name, *around, *words, line_end, len(lines), starts), is_part=False, part=number
            )
        )
        before = last
    return parts


def _runs(lines: list[str]) -> list[tuple[int, int, str]]:
    """First line, line after the last, and separator of runs of lines of one form, nothing between them."""
    found: list[tuple[int, int, str]] = []
    common: tuple[Form, ...] = ()
    first, is_filled = 0, False
    for at, line in enumerate([*lines, ""]):
        forms = forms_of(line) if line else ()
        both = tuple(form for form in common if form in forms)
        if is_filled:  # numbers with zeros before them have one width
            both = tuple(form for form in both if form[0] == "digits")
        if common and not both:
            found.append((first, at, common[0][2]))
        if not both:
            first, is_filled = at, False
        common = both or forms
        is_filled |= len(line) > 1 and line[0] == "0"
    return found

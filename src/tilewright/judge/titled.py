"""Lists of numbers under titles: those of expected numbers are never the core's, one may be the kind's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from tilewright.errors import FormatError, printable
from tilewright.judge.dump_text import HEAD
from tilewright.judge.numerals import is_numbers, tokens_of
from tilewright.judge.words import is_expected, is_title_of_expected

_LETTERS = re.compile(r"[a-z]{2}", re.IGNORECASE)
_OPEN = re.compile(r"[A-Za-z_][\w.]*\($")
SHOWN = 60
MOST_NOTES = 3


def without_expected(path: Path, text: str) -> tuple[str, tuple[str, ...]]:
    """The text without the numbers under titles of expected ones, each line at its place; and notes of it.

    A title stands on the line before numbers, or before a list: ``expected = [5, -7]``. Raises `FormatError`
    if no other number is there.

    >>> without_expected(Path("x"), "golden:\\n5\\n-7\\ndut:\\n5\\n6")
    ('\\n\\n\\ndut:\\n5\\n6', ("lines 1 to 3, of 'golden:': expected numbers, left out",))
    """
    if not is_expected(text.lower()):
        return text, ()
    lines = text.splitlines()
    titles = [_title(line, lines[at + 1 : at + 4]) for at, line in enumerate(lines)]
    at = [n for n, title in enumerate(titles) if title is not None]
    notes = list[str]()
    for begin, end in pairwise([*at, len(lines)]):
        if is_title_of_expected(titles[begin] or ""):
            last = max(n for n in range(begin, end) if lines[n].strip())
            lines[begin:end] = [""] * (end - begin)
            name = printable(titles[begin] or "", SHOWN)
            notes.append(
                f"lines {begin + 1} to {last + 1}, of {name!r}: expected numbers, left out"
            )
    if notes and not any(map(_has_numbers, lines)):
        name = next(title for title in titles if title and is_title_of_expected(title))
        raise FormatError(
            f"{path}: its numbers stand under {printable(name, SHOWN)!r}, as what a core should compute: "
            "give those that it did compute, or take that title out if it is wrong"
        )
    return ("\n".join(lines) if notes else text), tuple(notes[:MOST_NOTES])


def list_called(text: str, kind: str, count: int) -> tuple[str, tuple[str, ...]]:
    """The text with one of its lists alone, and a note of that: the only one of `count` numbers that is
    called like the kind, or, of lists in brackets, that has so many; else the text as it is.

    >>> list_called("int w[2] = {1, 2};\\nint y[3] = {5, -7, 9};", "psum", 3)
    ('\\nint y[3] = {5, -7, 9};', ("read as psum: the list 'int y[3] ='",))
    """
    lines = text.splitlines()
    titles = [_title(line, lines[at + 1 : at + 4]) for at, line in enumerate(lines)]
    at = [n for n, title in enumerate(titles) if title is not None]
    parts = [range(*ends) for ends in pairwise([*at, len(lines)])]
    fitting = [part for part in parts if sum(_numbers(lines[n]) for n in part) == count]
    named = [part for part in fitting if kind in (titles[part[0]] or "").lower()]
    headed = [part for part in fitting if HEAD.match(lines[part[0]])]
    chosen = next((some[0] for some in (named, headed) if len(some) == 1), None)
    if chosen is None or len(parts) < 2 or (named and chosen not in named):
        return text, ()
    name = printable(titles[chosen[0]] or "", SHOWN)
    kept = (line if n in chosen else "" for n, line in enumerate(lines))
    return "\n".join(kept), (f"read as {kind}: the list {name!r}",)


def _numbers(line: str) -> int:
    bare = HEAD.sub("", line)
    return len(tokens_of(bare)) if is_numbers(bare, "hex") else 0


def _title(line: str, below: Sequence[str]) -> str | None:
    """The text of a line that is the title of numbers: those behind it, or those on the next line."""
    head = HEAD.match(line)
    if head is not None:
        rest = line[head.end() :]
        return head[0].strip() if is_numbers(rest, "hex") or not tokens_of(rest) else None
    if _LETTERS.search(line) is None or is_numbers(line, "hex"):
        return None
    following = next((one for one in below if one.strip()), "")
    return line.strip() if _has_numbers(following) or _OPEN.search(following.strip()) else None


def _has_numbers(line: str) -> bool:
    return is_numbers(HEAD.sub("", line), "hex")

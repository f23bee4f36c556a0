"""Lines of a log that are alike but for their numbers: what stands in the columns of each form of line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from tilewright.judge.columns import Column, Columns
from tilewright.judge.words import OWN, TOOLS, WHOLE

_NUMBER = re.compile(
    r"(?:(?<![\w.'])[+-]?|(?<=[a-z_])(?=[0-9]+(?!\w)))"
    r"(?:[0-9]*'s?[bodh][+-]?[0-9a-fxz?_]+|0x[0-9a-f_]+"
    r"|[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?(?![0-9a-z_.])|[0-9]+(?:\.[0-9]+)?(?= ?[munpf]?s\b)"
    r"|[0-9a-fxz_]*[0-9][0-9a-fxz_]*h?|(?<==)[a-fxz]+h?(?!\w)|(?!ch\b)[a-fxz]+h?(?!\w)(?!\s*[=:(\[]))"
    r"(?=[munpf]?s\b|(?![\w']))",
    re.IGNORECASE,
)
"""A number in a line of text: also bare hexadecimal digits (but no ``CH``), and digits at the end of a word
(``lane3``)."""
_UNIT = re.compile(r"\s*[munpf]?s\b")
_WORD = re.compile(r"([a-z_]\w*)\W*$", re.IGNORECASE)
_STATUS = re.compile(
    r"\b(?:pass|fail|ok|error|warning|info|mismatch|match|uvm_\w+)(?:ed|es)?\b", re.IGNORECASE
)
"""What tells a right number from a wrong one, in a log that names both."""
_MOMENT = re.compile(
    r"(?:\b\d{4}[-/]\d\d[-/]\d\d[T ]|\b)\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?\b|\b\d{4}-\d\d-\d\d\b"
)
"""A date, or a time of the day."""
_SOURCE = re.compile(
    r"\b(?P<name>[\w./-]*\w\.(?:svh?|vh?|vhdl?|py|c|cpp|cc|h|hpp|rs|scala))"
    r"(?:\(\d+\)(?!\s*[=:]\s*[\d-])|(?::\d+){1,2}|, line \d+)",
    re.IGNORECASE,
)
"""A line of a source file, which says where a message is made."""
_BLANK = re.compile(r"[\s,;|]*")
_SAYS = re.compile("[A-Za-z:=]")
"""What a line has that is more than a row of a list."""
_ENTRIES = re.compile(r"[^{}]*\{(?:\s*[0-9'a-fhx]+\s*:[^{},:]*,?){2,}\}[^{}]*", re.IGNORECASE)
"""A line of an associative array: ``'{0:5, 1:-7}``."""
_WANTED = re.compile(rf"(?:\b|_)(?:{WHOLE})(?![a-z])", re.IGNORECASE)
"""A word that the expected number follows."""
_OF_TOOL = re.compile(rf"\b(?:{TOOLS})\W+(?:\w+\W*)?$", re.IGNORECASE)
"""The last words before a number, if they name who computes expected ones."""
_OWN = re.compile(rf"\b(?:{OWN}|act)\w*\W*$", re.IGNORECASE)
"""The last word before a number that is the core's, whatever else is said before it."""


_SEVERAL = re.compile(
    r"[A-Za-z_]\w*(?:\s*(?:[/,|;&\\]|->|\bvs\.?(?!\w))\s*[A-Za-z_]\w*)+(?=\W*$)", re.IGNORECASE
)
"""Names of several numbers, before the first of them: ``act/exp: 7/5``, ``(expected, got) = (5, 7)``."""
_OF_LAST = re.compile(rf"\W*(?:(?:is|was)\s+)?(?:{WHOLE})\s*(?:(?P<end>[,;])|$)", re.IGNORECASE)
"""A word behind an expected number: ``5 expected, 7 seen``, or perhaps before the next: ``5 expected 7``."""
_PARTS = re.compile(r"\W*(?:\bvs\b\.?)?\W*", re.IGNORECASE)
"""What may stand between such numbers."""


def forms_of_lines(text: str) -> list[tuple[str, Columns]]:
    """The forms of lines that have numbers, the most frequent first: how one looks, and the columns.

    >>> form, columns = forms_of_lines("5 ns: psum[0] = -3\\n6 ns: psum[1] = 12\\n")[0]
    >>> form, [column.word for column in columns.columns], columns.rows[0]
    ('#ns: psum[#] =#', ['time', 'psum', 'psum'], ('5', '0', '-3'))
    """
    groups = dict[tuple[str, ...], list[tuple[int, tuple[str, ...]]]]()
    for number, line in _lines(text):
        pieces, cells = _split(line)
        if cells:
            groups.setdefault(pieces, []).append((number, cells))
    found = []
    for pieces, rows in sorted(groups.items(), key=lambda group: -len(group[1])):
        columns = Columns(
            _columns(pieces),
            tuple(cells for _, cells in rows),
            tuple(number for number, _ in rows),
        )
        found.append(("#".join(pieces).strip(), _without_names(columns, pieces)))
    return found


def is_of_expected(form: str) -> bool:
    """Whether a form of lines has a word that the expected number follows."""
    return _WANTED.search(form) is not None


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        if not _SAYS.search(line):
            line = line.strip(" \t[]{},;")
        inner = line[line.find("{") + 1 : line.rfind("}")]
        parts = inner.split(",") if _ENTRIES.fullmatch(line) else [line]
        yield from ((number, part) for part in parts)


def _split(line: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What stands between the numbers of a line (`_plain`), and the numbers."""
    line = _SOURCE.sub(r"\g<name>", _MOMENT.sub("~", line))
    pieces, cells, at = list[str](), list[str](), 0
    for found in _NUMBER.finditer(line):
        pieces.append(_plain(line[at : found.start()]))
        cells.append(found[0])
        at = found.end()
    return (*pieces, _plain(line[at:])), tuple(cells)


def _plain(piece: str) -> str:
    """What stands between numbers, with a blank at its end only behind a word."""
    plain = _STATUS.sub("~", " ".join(piece.split()))
    return f"{plain} " if re.search(r"\w\s+$", piece) else plain


def _columns(pieces: tuple[str, ...]) -> tuple[Column, ...]:
    columns = list[Column]()
    named = _named_before(pieces)
    for at, (before, behind) in enumerate(pairwise(pieces)):
        if at in named:
            word = named[at]
            columns.append(Column(word.lower(), is_expected=_WANTED.search(word) is not None))
            continue
        above = columns
        of_last = _OF_LAST.match(before) if columns and not columns[-1].is_index else None
        if of_last and of_last["end"] and not _OWN.search(columns[-1].word):
            columns[-1] = replace(columns[-1], is_expected=True)
            before, above = before[of_last.end() :], []
        elif of_last and not columns[-1].word and re.match(r"\W*[a-z]{3}", behind, re.IGNORECASE):
            columns[-1] = replace(columns[-1], is_expected=True)  # so that neither is taken
        is_opened = before[-1:] in ("[", "(")
        goes_on = bool(columns) and columns[-1].is_index and before in ("][", ")(", ",", "] [")
        is_index = (is_opened or goes_on) and behind[:1] in ("]", ")", ",")
        columns.append(
            Column(
                _word(before, behind, columns),
                is_index=is_index,
                is_next=at > 0 and _BLANK.fullmatch(before) is not None,
                is_expected=_is_expected(before, behind, above),
            )
        )
    return tuple(columns)


def _named_before(pieces: tuple[str, ...]) -> dict[int, str]:
    """The name of each number of which several are named before the first, one of them as expected."""
    found = dict[int, str]()
    for at, before in enumerate(pieces[:-1]):
        names = _SEVERAL.search(before)
        words = re.findall(r"[A-Za-z_]\w*", names[0]) if names else []
        words = [word for word in words if word.lower() != "vs"]
        between = pieces[at + 1 : -1][: len(words) - 1]
        is_whole = len(between) == len(words) - 1 and all(map(_PARTS.fullmatch, between))
        if is_whole and any(map(_WANTED.search, words)):
            found.update(enumerate(words, at))
    return found


def _is_expected(before: str, behind: str, columns: list[Column]) -> bool:
    """Whether what is said before a number, or in parentheses behind it, is that it was expected.

    What is said before indices is said of the number behind them, and before a number, of those that follow
    without a word of their own: nobody knows what these are.
    """
    goes_on = re.search("[a-z]", before, re.IGNORECASE) is None or (
        columns and columns[-1].is_index
    )
    if columns and columns[-1].is_expected and goes_on:
        return _OWN.search(before) is None
    note = re.match(r"\s*\(([^)#]*)\)", behind)
    word = _WANTED.search(before) or _OF_TOOL.search(before)
    is_said = word is not None and _OWN.search(before) is None
    return is_said or (note is not None and _WANTED.search(note[1]) is not None)


def _word(before: str, behind: str, columns: list[Column]) -> str:
    """The word that says what a number is: behind ``]`` and ``)``, that of what stands in them."""
    if before.rstrip().endswith("@") or _UNIT.match(behind):
        return "time"
    is_closed = columns and columns[-1].is_index and re.fullmatch(r"[\])][\s:=]*", before)
    if is_closed:
        return next((one.word for one in reversed(columns) if one.word or not one.is_index), "")
    unit = _UNIT.match(before) if columns else None
    word = _WORD.search(before[unit.end() :] if unit else before)
    return word[1].lower() if word else ""


def _without_names(columns: Columns, pieces: tuple[str, ...]) -> Columns:
    """The columns without digits at the end of words that are always the same: a part of a name."""
    names = [
        at
        for at, before in enumerate(pieces[:-1])
        if re.search(r"[A-Za-z_]$", before) and len({row[at] for row in columns.rows}) == 1
    ]
    kept = [at for at in range(len(columns.columns)) if at not in names]
    parts = list[Column]()
    for at in kept:
        one = columns.columns[at]
        is_named = at - 1 in names and not one.word
        word = f"{columns.columns[at - 1].word}{columns.rows[0][at - 1]}" if is_named else one.word
        parts.append(replace(one, word=word))
    rows = tuple(tuple(row[at] for at in kept) for row in columns.rows)
    return replace(columns, columns=tuple(parts), rows=rows)

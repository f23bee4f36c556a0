"""Lines that are like the others, but that a reader does not take as it takes those."""

from __future__ import annotations

import re
from collections import Counter
from typing import Protocol

from tilewright.lint.file_text import COMMENTS, FileText, shown
from tilewright.verilog.events import MATCHED, ReadEvent, Stream

_NUMBER = re.compile(rb"[+-]?[0-9]+")
_DIGIT = re.compile(rb"[0-9]")
_FEWEST = 2
"""Numbers of a line that is no count, and lines that show what is usual."""


class Judge(Protocol):
    """Who takes the findings."""

    stream: Stream
    text: FileText

    def report(self, severity: str, kind: str, message: str, at: int, line: int) -> None:
        """Add a finding."""


def judge_lines(judge: Judge) -> None:
    """Warn of a record skipped as a header, of one that no scan takes, and of one of another length."""
    lines = [e for e in judge.stream.events if e.code == "line" and e.status == MATCHED]
    taken = [e for e in lines if any(word.is_word and word.status == MATCHED for word in e.words)]
    if taken:
        _judge_skipped(judge, lines, taken)
    if odd_part := next((e for e in lines if e.odd_part), None):
        what = "nothing" if odd_part.odd_part == b"\0" else shown(odd_part.odd_part)
        message = (
            f"the reader takes characters of the lines in a register by their place, and {what} of "
            f"{shown(odd_part.digits.rstrip())} for a binary digit: correct the places, the width of the register, "
            f"or what is skipped before"
        )
        judge.report("error", "bad-word", message, odd_part.start, odd_part.line)
    parted = [e for e in lines if e.is_parted and not e.words]
    lengths = Counter(len(e.digits.rstrip()) for e in parted)
    usual = max(lengths, key=lengths.__getitem__, default=0)
    odd = [e for e in parted if len(e.digits.rstrip()) != usual]
    if odd and len(parted) >= _FEWEST:
        message = (
            f"the reader takes characters of the lines in a register by their place, most of {usual}, but "
            f"{shown(odd[0].digits.rstrip())} has {len(odd[0].digits.rstrip())}: they stand elsewhere in it"
        )
        judge.report("warning", "line-length", message, odd[0].start, odd[0].line)


def _judge_skipped(judge: Judge, lines: list[ReadEvent], taken: list[ReadEvent]) -> None:
    first, shape = taken[0], _shape(taken[0])
    before = [e for e in lines if e.start < first.start and not e.words]
    for event in before:
        if _shape(event) == shape and shape.count(b"N") >= _FEWEST:
            message = (
                f"the reader skips {shown(event.digits.rstrip())}, which is like the records behind it: is "
                f"the header missing that it skips?"
            )
            judge.report("warning", "rows-eaten", message, event.start, event.line)
    sizes = {len(e.digits.split()) for e in taken}
    for event in lines:
        text = event.digits.strip()
        is_late = event.start > first.start and event.words and event not in taken
        is_like = (
            len(text.split()) in sizes and _DIGIT.search(text) and not text.startswith(COMMENTS)
        )
        if is_late and is_like:
            message = f"no $sscanf takes a number of {shown(text)}, though the line is like those it takes"
            judge.report("warning", "line-passed", message, event.start, event.words[0].line)


def _shape(event: ReadEvent) -> bytes:
    """A line without the values of its numbers."""
    return _NUMBER.sub(b"N", event.digits.strip())

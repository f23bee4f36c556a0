"""What a header says of the words behind it, and headers in which all words stand."""

from __future__ import annotations

import re

from tilewright.lint.file_text import COMMENTS, shown
from tilewright.lint.judge import Judge
from tilewright.verilog.events import MATCHED, ReadEvent
from tilewright.verilog.scan import number

_RADIX = re.compile(
    rb"memory_initialization_radix\s*=\s*(\d+)|DATA_RADIX\s*=\s*(\w+)", re.IGNORECASE
)
_CODES = {b"2": "b", b"8": "o", b"10": "d", b"16": "h"}
_CODES |= {b"BIN": "b", b"OCT": "o", b"DEC": "d", b"UNS": "d", b"HEX": "h"}
_TITLES = {"b": "binary", "o": "octal", "d": "decimal", "h": "hexadecimal"}
_DIGIT = re.compile(rb"[0-9]")


def judge_headers(judge: Judge, words: list[ReadEvent]) -> None:
    """Report words read in another base than the file states, and a file all of whose words are skipped."""
    taken = [event for event in words if event.status == MATCHED]
    skipped = [
        event
        for event in judge.skips()
        if _DIGIT.search(event.digits) and not event.digits.lstrip().startswith(COMMENTS)
    ]
    is_known = any(finding.severity == "error" for finding in judge.found.values())
    is_all = not _DIGIT.search(judge.text.content, judge.stream.position)
    if taken:
        _judge_radix(judge, taken)
    elif skipped and is_all and not is_known:
        judge.report(
            "error",
            "rows-eaten",
            f"the reader skips {shown(skipped[0].digits.rstrip())}, and takes no number of the file: write "
            f"the header that it skips on lines of its own",
            skipped[0].start,
            skipped[0].line,
        )


def _judge_radix(judge: Judge, taken: list[ReadEvent]) -> None:
    """A .coe or .mif states the base of its words; one that the reader does not look at it by itself."""
    found = _RADIX.search(judge.text.content, 0, taken[-1].start)
    at = 0 if found is None else 1 if found[1] else 2
    code = _CODES.get(found[at].upper()) if found is not None else None
    if found is None or code is None:
        return
    is_asked = any(found.start(at) <= e.start < found.end() for e in taken)
    last = {event.call: event for event in taken if event.start > found.end()}  # behind an address
    wrong = [event for event in last.values() if _differs(event, code)]
    if wrong and not is_asked:
        judge.report(
            "error",
            "bad-word",
            f"the file says {shown(found.group())}, but the reader takes {shown(wrong[0].digits)} for a "
            f"{_TITLES.get(wrong[0].code, wrong[0].code)} number: write {_TITLES[wrong[0].code]} words",
            wrong[0].start,
            wrong[0].line,
        )


def _differs(event: ReadEvent, code: str) -> bool:
    """Whether a word has another value, or none, in the base `code`."""
    is_number = event.code in _TITLES and (event.is_used or event.is_exposed)
    return is_number and number(event.digits, event.code) != number(event.digits, code)

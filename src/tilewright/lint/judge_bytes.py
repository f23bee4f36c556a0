"""What `$fread` made of a file: bytes have no header and no words, so only their count can be wrong."""

from __future__ import annotations

import re
from collections.abc import Callable

from tilewright.lint.file_text import WORDS, shown
from tilewright.lint.judge import Judge
from tilewright.lint.judge_counts import lacking_text
from tilewright.verilog.events import AT_END, MATCHED, OUTSIDE, ReadEvent

_NPY = b"\x93NUMPY"
_MARKS = {
    _NPY: "a NumPy file (.npy)",
    b"PK\x03\x04": "an archive (.npz, .zip)",
    b"\x1f\x8b\x08": "a gzip file",
    b"\x89HDF\r\n": "an HDF5 file",
}
"""How files begin that hold more than their numbers."""
_NUMBER = re.compile(rb"[+-]?[0-9]+")
_FEWEST = 2
"""Words that show what a text is."""
_LONGEST = 16
"""Bytes of what is taken for a number, not for a text."""


def judge_bytes(
    judge: Judge, chunks: list[ReadEvent], matters: Callable[[ReadEvent], bool]
) -> None:
    """Report a word that the file ends within or before, and bytes that nobody reads."""
    content = judge.stream.content or b""
    if _is_text(content, chunks):
        judge.report(
            "error",
            "binary",
            f"the reader takes bytes by $fread for numbers, but the file is a text with digits, "
            f"{shown(content.split()[0])} first: write the bytes themselves, or read it by $fscanf",
            0,
            chunks[0].line,
        )
        return
    if title := _header_taken(content, chunks):
        judge.report(
            "error",
            "binary",
            f"the file begins with the header of {title}, which the reader takes for numbers: write the "
            f"bytes alone, as NumPy's tofile does",
            0,
            chunks[0].line,
        )
        return
    for event in chunks:
        if event.status == AT_END and matters(event):
            judge.report(
                "error",
                "too-few-words",
                f"the reader takes {event.field} bytes, but {event.matched} are left of the "
                f"{len(content)} in the file: it is cut short, or was written for another width",
                max(len(content) - 1, 0),
                event.line,
            )
            return
        _check_width(judge, event)
    if lacking := next((event for event in chunks if event.lacks), None):
        kind = "outside-memory" if lacking.lacks == OUTSIDE else "too-few-words"
        judge.report("error", kind, lacking_text(lacking), max(len(content) - 1, 0), lacking.line)
    left = len(content) - judge.stream.position
    taken = sum(event.status == MATCHED for event in chunks)
    if left > 0 and taken and not judge.is_cut:
        judge.report(
            "warning",
            "words-left",
            f"the reader takes {judge.stream.position} bytes, but the file has {len(content)}: {left} are "
            f"left unread",
            judge.stream.position,
            chunks[-1].line,
        )


def _header_taken(content: bytes, chunks: list[ReadEvent]) -> str:
    """What kind of file it is whose header is used as numbers are; "" if that is not so.

    A reader may skip the header of a NumPy file, and look at its length, which stands behind the mark.
    """
    mark = next((mark for mark in _MARKS if content.startswith(mark)), b"")
    if not mark or any(map(_is_asked, chunks)):
        return ""
    length, end = 8, 1  # where the length of the header begins, and what stands behind that
    start = length
    if mark == _NPY:
        start = 10 if content[6:7] == b"\x01" else 12
        end = start + int.from_bytes(content[length:start], "little")
    taken = (e for e in chunks if e.start < end and (e.is_computed or e.is_exposed))
    return _MARKS[mark] if any(e.end <= length or e.start >= start for e in taken) else ""


def _is_text(content: bytes, chunks: list[ReadEvent]) -> bool:
    """Whether a file of bytes is a text of numbers, of which nobody asks for a character, and that is not
    taken line by line: several words, of one length where they are no decimal numbers, or are taken byte by
    byte."""
    words, size = content.split(), chunks[0].field
    taken = [event for event in chunks if event.status == MATCHED]
    is_used = any(event.is_used or event.is_exposed for event in chunks)
    if min(len(words), len(taken)) < _FEWEST or size > _LONGEST or not is_used:
        return False
    lengths = {len(word) for word in words}
    are_lines = all(len(line) == size for line in content.splitlines(keepends=True))
    are_words = len(lengths) == 1 and all(WORDS["h"].fullmatch(word) for word in words)
    if size == 1:
        is_octet = lengths == {8} and all(WORDS["b"].fullmatch(word) for word in words)
        are_numbers = are_words and (lengths == {2} or is_octet)
    else:
        are_numbers = are_words or all(_NUMBER.fullmatch(word) for word in words)
    return are_numbers and not (any(map(_is_asked, chunks)) or are_lines)


def _is_asked(event: ReadEvent) -> bool:
    """Whether the testbench compares a byte with characters, or takes it for a digit; one that it only
    computes with is known, too, if it is a character."""
    is_compared = event.is_met or event.bounds or event.doubts
    is_compared = is_compared or (event.is_known and not event.is_char)
    return bool(is_compared or event.is_digit or event.is_letter)


def _check_width(judge: Judge, event: ReadEvent) -> None:
    if event.is_cut_used and not event.is_whole_used:
        judge.report(
            "error",
            "truncated",
            f"the {event.field} bytes are copied to a variable of {event.cut_to} bits, and used from there "
            f"only: the first bits are dropped; widen that variable",
            event.start,
            event.line,
        )
    value = int.from_bytes(event.digits, "big")
    if value >> event.target and (event.is_used or event.is_exposed):
        judge.report(
            "error",
            "truncated",
            f"the reader takes {event.field} bytes, whose value {value} does not fit the {event.target} "
            f"bits of its variable: the first bits are dropped; widen the variable",
            event.start,
            event.line,
        )

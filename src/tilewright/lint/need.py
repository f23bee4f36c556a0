"""What a reader needs of a file, taken from the record of its reads."""

from __future__ import annotations

from dataclasses import dataclass

from tilewright.lint.file_text import file_base
from tilewright.verilog.events import BITS_PER_DIGIT, MATCHED, MemoryLoad, ReadEvent, Stream


class RefusedError(Exception):
    """This file cannot be made as the reader needs it; the argument says why."""


@dataclass(frozen=True, slots=True)
class Need:
    """What a reader needs of one file.

    base: of its words. words: how many it takes, 0 if it reads to the end. digits: of a word, 0 for
    any number. tokens, lines: header tokens or lines that it skips. buffer: bytes of its shortest
    line buffer, 0 without one.
    """

    base: str
    words: int
    digits: int
    tokens: int = 0
    lines: int = 0
    buffer: int = 0


def memory_need(load: MemoryLoad) -> Need:
    """What a `$readmem` needs; raises `RefusedError`."""
    if not load.width:
        raise RefusedError("its memory lies in the design, which is not given")
    if load.is_outside:
        raise RefusedError("it is loaded to addresses that the memory does not have")
    count = load.room if load.has_range else 0
    return Need(load.base, count, -(-load.width // BITS_PER_DIGIT[load.base]))


def stream_need(stream: Stream) -> Need:
    """What the reads of an open file need; raises `RefusedError`."""
    if stream.is_lost:
        raise RefusedError("some of its reads could not be followed")
    events, words = stream.events, stream.word_events()
    first = next((i for i, e in enumerate(events) if e.is_word or e.words), len(events))
    skips = events[:first]
    if any(event.code not in BITS_PER_DIGIT or event.literal for event in words):
        raise RefusedError("its words are not read as plain numbers")
    if len({event.call for event in words}) < len(words) and not _is_in_one_go(words):
        raise RefusedError("its lines are read as records of several values")
    if not words or any(not (e.is_word or e.words) for e in events[first:]):
        raise RefusedError("it is not read as a header and then words")
    tokens, lines = (sum(e.code == code for e in skips) for code in ("s", "line"))
    if tokens + lines < len(skips) or (tokens and lines):
        raise RefusedError("its header is not skipped as tokens, or as lines")
    widths = {_digits(event) for event in words}
    if len(widths) > 1:
        raise RefusedError("its words are read with different widths")
    buffers = [event.field for event in skips if event.code == "line"]
    count = 0 if _is_open(words) else len(words)
    return Need(file_base(stream), count, widths.pop(), tokens, lines, min(buffers, default=0))


def _is_in_one_go(words: list[ReadEvent]) -> bool:
    """Whether the values of a call are lanes of one word, with fields of fixed width."""
    return all(event.field for event in words)


def _digits(event: ReadEvent) -> int:
    per_digit = BITS_PER_DIGIT[event.code]
    return min(event.wanted_digits, -(-event.target // per_digit)) if per_digit else 0


def _is_open(words: list[ReadEvent]) -> bool:
    """Whether the number of words follows from the file: read to its end, or given up at a fault."""
    gave_up = words[-1].is_checked and words[-1].status != MATCHED
    return gave_up or any(event.in_loop == "open" for event in words)

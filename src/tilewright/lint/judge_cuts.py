"""Words that a reader takes in two pieces, or from their middle on, and records that stand on two lines."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from tilewright.lint.file_text import FileText, Token, shown
from tilewright.lint.judge import Judge
from tilewright.verilog.events import MATCHED, ReadEvent

_TWO_AND_THREE = {2, 3}
_FEWEST = 2
"""Lines that show how many values a line has."""
_NUMBERS = re.compile(rb"[+-]?[0-9][0-9a-fA-F]*(?:[\s,;]+[+-]?[0-9a-fA-F]+)*")
_RUN, _DIGIT = re.compile(rb"[0-9A-Za-z]+"), re.compile(rb"[0-9]")


def judge_cuts(judge: Judge, words: list[ReadEvent]) -> None:
    """Report the first word of each sort that is cut."""
    for event, kind, message in _cuts(judge, words):
        judge.report("error", kind, message, event.start, event.line)
    _judge_records(judge, words)


def _cuts(judge: Judge, words: list[ReadEvent]) -> Iterator[tuple[ReadEvent, str, str]]:
    """Reads that take a part of a word, the kind of each fault, and what is said of it."""

    def word_at(event: ReadEvent) -> str:
        token = judge.text.token_at(event.start)
        return shown(token.text if token else b"")

    for event in words:
        token = judge.text.token_at(event.start)
        if token is not None and event.start in judge.stream.seeks and _is_within(event, token):
            yield (
                event,
                "cut-word",
                f"$fseek goes into the middle of {shown(token.text)}: the reader takes the rest of it for a "
                f"word; correct the place, or write lines of the length that it counts with",
            )
    for event in _thrown(judge, words):
        yield (
            event,
            "cut-word",
            f"$fgetc takes the first character of {word_at(event)}, and the reader takes the rest for the "
            f"word: give it back by $ungetc",
        )
    for event in _dropped_front(judge, words):
        yield (
            event,
            "cut-word",
            f"the reader drops {shown(event.digits)} of {word_at(event)}, and takes the rest for the word: "
            f"is a column missing? Write as many as the format has",
        )
    for event in _cut(judge, words):
        yield (
            event,
            "bad-word",
            f"the reader takes {shown(event.digits)} of {word_at(event)} for the word, and the rest is taken "
            f"for another one, or left: correct the word",
        )
    for event in _short_pieces(words):
        yield (
            event,
            "bad-word",
            f"the reader cuts the line into pieces of {event.room} digits, but {shown(event.digits)} of "
            f"{word_at(event)} is shorter: correct the line",
        )


def _short_pieces(words: list[ReadEvent]) -> Iterator[ReadEvent]:
    """Pieces of a line that have fewer digits than the others, where lines are cut into pieces."""
    groups: dict[int, list[ReadEvent]] = {}
    for event in words:
        if event.status == MATCHED and event.is_in_line and event.code != "d" and not event.field:
            groups.setdefault(event.line, []).append(event)
    for pieces in groups.values():
        short = next((event for event in pieces if len(event.digits) < event.room), None)
        if short is not None and any(a.end == b.start for a, b in pairwise(pieces)):
            yield short


def _thrown(judge: Judge, words: list[ReadEvent]) -> Iterator[ReadEvent]:
    """Signs and digits in front of a word that are asked for something else, and then lost."""
    starts = {event.start for event in words if event.status == MATCHED and not event.field}
    taken = {event.start for event in words}
    for event in judge.stream.events:
        is_lost = event.is_char and event.doubts and not (event.is_known or event.is_used)
        is_front = event.digits.isdigit() or event.digits in (b"+", b"-")
        if is_lost and is_front and event.start not in taken and event.end in starts:
            yield event


def _dropped_front(judge: Judge, words: list[ReadEvent]) -> Iterator[ReadEvent]:
    """Digits in front of a word that a conversion without a variable, as `%*d`, takes."""
    starts = {(e.call, e.start) for e in words if e.status == MATCHED and not e.field}
    for event in judge.stream.events:
        is_dropped = event.code == "s" and not (event.target or event.field)
        if is_dropped and event.digits.isdigit() and (event.call, event.end) in starts:
            yield event


def _is_within(event: ReadEvent, token: Token) -> bool:
    before = token.text[: event.start - token.start][-1:]
    return not event.field and before.isalnum() and bool(event.digits[:1].isalnum())


def _cut(judge: Judge, words: list[ReadEvent]) -> Iterator[ReadEvent]:
    """Words of which a part is taken, and behind which a letter or digit stands that the next read takes for
    a word, or behind which there are digits that nobody reads."""
    content = judge.text.content
    for event, after in pairwise([*words, None]):
        if event is None or event.status != MATCHED or event.field or event.is_in_line:
            continue
        rest = _RUN.match(content, event.end)
        is_left = after is None and judge.stream.position == event.end
        is_left = is_left and rest is not None and _DIGIT.search(rest.group()) is not None
        is_taken = after is not None and after.start == event.end and after.status == MATCHED
        if rest is not None and event.is_used and (is_left or is_taken):
            yield event


def _judge_records(judge: Judge, words: list[ReadEvent]) -> None:
    """Records that one line of the testbench reads: all have a line each, but for one on two lines."""
    groups: dict[int, dict[int, list[ReadEvent]]] = {}
    for event in words:
        if event.status == MATCHED and not event.is_in_line:
            groups.setdefault(event.line, {}).setdefault(event.call, []).append(event)
    for calls in groups.values():
        records = [call for call in calls.values() if len(call) > 1]
        torn = next((call for call in records if _spans(judge.text, call)), None)
        whole = sum(_is_whole(judge.text, call) for call in records)
        if torn is not None and (
            2 * whole > len(records) or _is_short(judge, records) or _is_rest_dropped(judge, torn)
        ):
            judge.report(
                "error",
                "torn-record",
                "the values of this record stand on two lines, where the others have a line each: a value is "
                "missing, and the reader takes the next line for it; correct the record",
                torn[0].start,
                torn[0].line,
            )


def _is_rest_dropped(judge: Judge, record: list[ReadEvent]) -> bool:
    """Whether the reader drops the rest of the line behind a record, though there are numbers in it."""
    events = judge.stream.events
    behind = bisect_right(events, record[0].call, key=lambda e: e.call)
    rest = events[behind] if behind < len(events) else None
    if rest is None or rest.code != "line" or rest.words:
        return False
    return bool(_NUMBERS.fullmatch(rest.digits.strip()))


def _is_short(judge: Judge, records: list[list[ReadEvent]]) -> bool:
    """Whether each line has two values where a record takes three, or the reverse: no line is wrapped so."""
    calls, lines = {record[0].call for record in records}, Counter(t.line for t in judge.text.words)
    taken = Counter(e.call for e in judge.stream.events if e.call in calls and e.status == MATCHED)
    counts, sizes = set(lines.values()), set(taken.values())
    if len(counts) != 1 or len(sizes) != 1 or len(lines) < _FEWEST:
        return False
    (count,), (size,) = counts, sizes
    return {size, count} == _TWO_AND_THREE


def _spans(text: FileText, call: list[ReadEvent]) -> bool:
    return text.line(call[0].start) != text.line(call[-1].start)


def _is_whole(text: FileText, call: list[ReadEvent]) -> bool:
    """Whether a record begins where its line does, and ends where that line does."""
    content = text.content
    before = content[content.rfind(b"\n", 0, call[0].start) + 1 : call[0].start]
    end = content.find(b"\n", call[-1].end)
    behind = content[call[-1].end : end if end >= 0 else len(content)]
    return not (before.strip() or behind.strip() or _spans(text, call))

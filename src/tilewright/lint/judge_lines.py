"""Lines that are like the others, but that a reader does not take as it takes those."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from math import prod

from tilewright.lint.file_text import COMMENTS, WORDS, shown
from tilewright.lint.judge import Judge
from tilewright.verilog.events import MATCHED, ReadEvent, Stream
from tilewright.verilog.values import BYTE

_NUMBER = re.compile(rb"[+-]?[0-9]+")
_NUMBERS = re.compile(rb"[+-]?[0-9][0-9a-fA-F]*(?:[\s,;]+[+-]?[0-9][0-9a-fA-F]*)*")
_FRONT = re.compile(rb"[A-Za-z]\w*")
_SEPARATORS = b" \t\r\n,;"
_DIGIT, _LETTER = re.compile(rb"[0-9]"), re.compile(rb"[A-Za-z]")
_ONES = frozenset(b"01")
_FEWEST = 2
"""Numbers of a line that is no count, and lines that show what is usual."""


def judge_lines(judge: Judge) -> None:
    """Warn of a record skipped as a header, of one that no scan takes, and of one of another length."""
    _judge_texts(judge)
    lines = [e for e in judge.stream.events if e.code == "line" and e.status == MATCHED]
    taken = [e for e in lines if any(word.is_word and word.status == MATCHED for word in e.words)]
    _judge_untaken(judge, lines)
    if taken:
        _judge_skipped(judge, lines, taken)
        _judge_rest(judge, taken)
    if odd_part := next((e for e in judge.stream.events if _is_odd(e, judge.stream)), None):
        what = "nothing" if odd_part.odd_part == b"\0" else shown(odd_part.odd_part)
        message = (
            f"the reader takes characters of the lines in a register by their place, and {what} of "
            f"{shown(odd_part.digits.rstrip())} for a binary digit: correct the places, the width of the "
            f"register, or what is skipped before"
        )
        judge.report("error", "bad-word", message, odd_part.start, odd_part.line)
    _judge_digits(judge)
    parted = [
        e for e in lines if (e.is_parted or (e.parts and _ONES & {*e.parts.hits})) and not e.words
    ]
    _judge_like(judge, parted)
    lengths = Counter(len(e.digits.rstrip()) for e in parted)
    usual = max(lengths, key=lengths.__getitem__, default=0)
    odd = [e for e in parted if len(e.digits.rstrip()) != usual]
    if odd and len(parted) >= _FEWEST:
        message = (
            f"the reader takes characters of the lines in a register by their place, most of {usual}, but "
            f"{shown(odd[0].digits.rstrip())} has {len(odd[0].digits.rstrip())}: they stand elsewhere in it"
        )
        are_bits = all(WORDS["b"].fullmatch(e.digits.rstrip()) for e in parted)
        severity = "error" if are_bits and 2 * lengths[usual] > len(parted) else "warning"
        judge.report(severity, "line-length", message, odd[0].start, odd[0].line)


def _judge_untaken(judge: Judge, lines: list[ReadEvent]) -> None:
    """Report a file of whose lines no scan takes anything that the testbench uses: they have another form."""
    scanned = [e for e in lines if e.words and not e.digits.lstrip().startswith(COMMENTS)]
    parts = [word for event in scanned for word in event.words]
    is_used = any(one.is_used or one.is_exposed or one.is_copied for one in (*parts, *lines))
    ends = [(e, e.words[-1]) for e in scanned]
    failed = [
        event
        for event, end in ends
        if end.status != MATCHED and (end.matched or _is_prefixed(event, end))
    ]
    if not failed or is_used or not all(one.is_checked for one in parts):
        return
    message = (
        f"no $sscanf takes all that it wants of any line, as {shown(failed[0].digits.rstrip())}, and nothing "
        f"of the file is used: write the lines in the form that it asks for"
    )
    judge.report("error", "bad-word", message, failed[0].start, failed[0].line)


def _is_prefixed(line: ReadEvent, end: ReadEvent) -> bool:
    """Whether a scan asks in vain for a mark, as ``0x`` or ``@``, in front of a line of a number; one that
    asks for a name may look for another line."""
    is_mark = end.literal > 0 and (end.literal in b"xX" or not chr(end.literal).isalpha())
    return is_mark and bool(_NUMBERS.fullmatch(line.digits.strip().replace(b"0X", b"")))


def _judge_digits(judge: Judge) -> None:
    """Report a character of a line that is computed with as a digit, or one that a reader of digits 0 and 1
    passes over."""
    for event in judge.stream.events:
        parts = event.parts
        if parts is None:
            continue
        if parts.odd_digit and not event.digits.endswith(b"\r\n"):
            what = "nothing" if parts.odd_digit == b"\0" else shown(parts.odd_digit)
            message = (
                f"the reader takes {what} of {shown(event.digits.rstrip())} for a digit: correct the places, "
                f"or the line"
            )
            judge.report("error", "bad-word", message, event.start, event.line)
        passed = [c for c in parts.no_zeros if c in parts.no_ones and c not in parts.hits]
        if passed:
            message = (
                f"the reader takes the digits 0 and 1 of {shown(event.digits.rstrip())}, and passes over "
                f"{shown(bytes(passed[:1]))}: correct the line"
            )
            judge.report("error", "bad-word", message, event.start, event.line)


def _judge_like(judge: Judge, lines: list[ReadEvent]) -> None:
    """Report a line that is as long as the others, which are words, and is none."""
    texts = [(event, event.digits.rstrip()) for event in lines]
    words = [text for _, text in texts if WORDS["h"].fullmatch(text)]
    odd = [(event, text) for event, text in texts if not WORDS["h"].fullmatch(text)]
    if not odd or len(words) < _FEWEST or len(words) <= len(odd):
        return
    event, text = odd[0]
    if {len(word) for word in words} == {len(text)} and text.isalnum():
        message = (
            f"the reader takes characters of the lines in a register by their place, and {shown(text)} is no "
            f"word, though it is as long as those on the other lines: correct it"
        )
        judge.report("error", "bad-word", message, event.start, event.line)


def _is_odd(event: ReadEvent, stream: Stream) -> bool:
    """Whether a character that is no binary digit was taken for one, and no line end is to blame."""
    content = stream.content or b""
    is_whole = event.end < len(content) or content.endswith(b"\n")
    return bool(event.odd_part) and is_whole and not event.digits.endswith(b"\r\n")


def _judge_texts(judge: Judge) -> None:
    """Report a text of a record that its register cuts, where somebody looks at it."""
    numbers = {e.call for e in judge.stream.events if e.is_word}
    for event in judge.stream.events:
        if event.is_beyond and event.is_text and event.status == MATCHED:
            message = (
                f"the testbench takes bits of the text {shown(event.digits)} which the {event.target} bits "
                f"of its register do not have: they are x; correct the places"
            )
            judge.report("error", "outside-memory", message, event.start, event.line)
        is_text = event.code == "s" and event.status == MATCHED and event.is_used
        is_text = is_text and (event.call in numbers or event.is_parted)
        if is_text and 0 < event.target < BYTE * len(event.digits):
            message = (
                f"the text {shown(event.digits)} has {len(event.digits)} characters, but its register has "
                f"{event.target} bits: its front is lost; widen the register"
            )
            judge.report("error", "truncated", message, event.start, event.line)


def whole_lines(skipped: list[ReadEvent]) -> list[ReadEvent]:
    """What is skipped before the words, where characters up to a line end count as one line."""
    lines: list[ReadEvent] = []
    begun: list[ReadEvent] = []
    for event in skipped:
        if not event.is_char:
            lines.append(event)
            continue
        begun = [] if begun and begun[-1].end != event.start else begun
        begun.append(event)
        if event.digits == b"\n":
            text = b"".join(one.digits for one in begun)
            lines.append(
                replace(event, code="line", start=begun[0].start, digits=text, is_char=False)
            )
            begun = []
    return lines


def are_comments(lines: list[ReadEvent]) -> bool:
    """Whether there are lines, and all of them are comments."""
    return bool(lines) and all(one.digits.lstrip().startswith(COMMENTS) for one in lines)


def are_texts(lines: list[ReadEvent]) -> bool:
    """Whether there are several lines, of letters and without digits: titles, beside which no size stands."""
    texts = [one.digits for one in lines]
    return len(texts) >= _FEWEST and all(
        _LETTER.search(text) and not _DIGIT.search(text) for text in texts
    )


def _judge_skipped(judge: Judge, lines: list[ReadEvent], taken: list[ReadEvent]) -> None:
    first, shape = taken[0], shape_of(taken[0].digits)
    before = [e for e in lines if e.start < first.start and not e.words]
    for event in before:
        if shape_of(event.digits) == shape and shape.count(b"N") >= _FEWEST:
            message = (
                f"the reader skips {shown(event.digits.rstrip())}, which is like the records behind it: is "
                f"the header missing that it skips?"
            )
            severity = "warning" if _may_be_sizes(event.digits, taken) else "error"
            judge.report(severity, "rows-eaten", message, event.start, event.line)
    sizes, starts = {len(e.digits.split()) for e in taken}, {e.start for e in taken}
    are_named = any(_is_name(e.digits) for e in taken if e.words[-1].status == MATCHED)
    for event in lines:
        text = event.digits.strip()
        is_late = event.start > first.start and event.words and event.start not in starts
        is_like = (
            len(text.split()) in sizes and _DIGIT.search(text) and not text.startswith(COMMENTS)
        )
        is_like = is_like and (are_named or not _is_name(text))
        if is_late and is_like:
            message = f"no $sscanf takes a number of {shown(text)}, though the line is like those it takes"
            severity = "error" if _NUMBERS.fullmatch(text) else "warning"
            judge.report(severity, "line-passed", message, event.start, event.words[0].line)


def _is_name(line: bytes) -> bool:
    """Whether a line begins with a word that is no number, as ``DEPTH = 4`` does."""
    front = _FRONT.match(line.strip())
    return front is not None and not WORDS["h"].fullmatch(front.group())


def _may_be_sizes(line: bytes, taken: list[ReadEvent]) -> bool:
    """Whether the numbers of a line in front of the records may say how many there are, or count columns."""
    sizes = [abs(int(one)) for one in _NUMBER.findall(line)]
    if sizes in ([*range(len(sizes))], [*range(1, len(sizes) + 1)]):
        return True
    words = sum(word.is_word and word.status == MATCHED for one in taken for word in one.words)
    counts = {len(taken), words}
    return bool(counts & {*sizes, prod(sizes), prod(sizes[:_FEWEST])})


def _judge_rest(judge: Judge, taken: list[ReadEvent]) -> None:
    """Warn of numbers at the end of every line that nobody takes."""
    rests = [_rest_of(event) for event in taken]
    if len(taken) < _FEWEST or not all(rests) or any(event.is_parted for event in taken):
        return
    if all(_is_one_word(event, rest) for event, rest in zip(taken, rests, strict=True)):
        message = (
            f"the reader takes the first part of {shown(taken[0].digits.rstrip())} for the word, though all "
            f"parts have its digits together: write it without spaces"
        )
        judge.report("error", "spaced-word", message, taken[0].start, taken[0].line)
        return
    message = (
        f"of each line the numbers behind those that are taken are left unread, as {shown(rests[0])} of "
        f"{shown(taken[0].digits.rstrip())}"
    )
    judge.report("warning", "words-left", message, taken[0].start, taken[0].line)


def _is_one_word(line: ReadEvent, rest: bytes) -> bool:
    """Whether the one word that was taken of a line has, with the rest, the digits of its variable."""
    words = [word for word in line.words if word.is_word and word.status == MATCHED]
    digits = len(words[0].digits) + len(b"".join(rest.split()))
    return len(words) == 1 and words[0].wanted_digits == digits and words[0].is_used


def _rest_of(line: ReadEvent) -> bytes:
    """The numbers of a line behind the last one that was taken; nothing where other text stands there."""
    end = max(word.end for word in line.words if word.is_word and word.status == MATCHED)
    rest = line.digits[end - line.start :].strip(_SEPARATORS)
    is_apart = line.digits[end - line.start :][:1] in _SEPARATORS
    return rest if is_apart and _NUMBERS.fullmatch(rest) else b""


def shape_of(line: bytes) -> bytes:
    """A line without the values of its numbers."""
    return _NUMBER.sub(b"N", line.strip())

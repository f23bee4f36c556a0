"""What `$fgetc` made of a file: characters taken behind its end, and characters thrown away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import pairwise

from tilewright.errors import counted
from tilewright.lint.file_text import shown
from tilewright.lint.judge import Judge
from tilewright.verilog.events import AT_END, ENCLOSED, HEX_LETTERS, MATCHED, MISSED, ReadEvent


def judge_characters(judge: Judge, matters: Callable[[ReadEvent], bool]) -> None:
    """Report -1 that is used as a character, a digit where others are separators, and the reverse."""
    characters = [event for event in judge.stream.events if event.is_char]
    behind = [event for event in characters if event.status == AT_END and matters(event)]
    if characters and len(characters) == len(judge.stream.events):
        _report_left(judge, characters)
    if behind:
        _report_behind(judge, behind)
    elif b"\r" in (judge.stream.content or b""):
        return  # the same bench over other line ends shows what they do
    elif odd := _odd_one(characters):
        judge.report(
            "error",
            "rows-eaten",
            f"the reader throws {shown(odd.digits)} away, where it throws away separators else: a line has "
            f"another length than it takes it to have, and what follows is shifted; write all lines alike",
            odd.start,
            odd.line,
        )
    elif wrong := _wrong_digit(characters):
        judge.report(
            "error",
            "bad-word",
            f"the reader takes {shown(wrong.digits)} for a digit: a line has another length than it takes it "
            f"to have, or a separator is not passed over",
            wrong.start,
            wrong.line,
        )
    elif passed := _passed_over(judge, characters):
        judge.report(
            "error",
            "bad-word",
            f"the reader takes {shown(passed.digits)} neither for a digit nor for a separator, and goes on "
            f"behind it: correct the word",
            passed.start,
            passed.line,
        )


def _report_left(judge: Judge, characters: list[ReadEvent]) -> None:
    """Warn of what is left unread of a file that is read by characters alone."""
    stream = judge.stream
    if (stream.content or b"")[stream.position :].strip() and not judge.is_cut:
        judge.report(
            "warning",
            "words-left",
            f"the reader takes {counted(stream.position, 'character')} of {len(stream.content or b'')}: the "
            f"rest is left unread",
            stream.position,
            characters[-1].line,
        )


def _report_behind(judge: Judge, behind: list[ReadEvent]) -> None:
    stream = judge.stream
    if stream.is_assumed:
        message = (
            "how many characters are read depends on the design, or on time, which are not followed"
        )
        judge.report("undecided", "undecided", message, 0, behind[0].line)
        return
    size = len(stream.content or b"")
    judge.report(
        "error",
        "too-few-words",
        f"the reader takes {counted(len(behind), 'character')} more than the {size} that the file has, and "
        f"uses the -1 of $fgetc as one: the file is cut short, or the loop does not ask for its end",
        max(size - 1, 0),
        behind[0].line,
    )


def _wrong_digit(characters: list[ReadEvent]) -> ReadEvent | None:
    """What is computed with as a digit and is none, or white space that, in a loop that counts, is told from
    a digit by nothing.

    That is where no comparison asks for it, and some ask for the digits that come to the same place.
    """
    lines = {event.line for event in characters if event.is_known and event.digits.isdigit()}
    for event in characters:
        if event.status != MATCHED:
            continue
        is_space = event.digits.isspace()
        if (event.is_digit and not event.digits.isalnum()) or (
            event.is_letter and event.digits not in HEX_LETTERS
        ):
            return event
        is_taken = event.in_loop == "counted" and not event.is_known and _has_digit(event.doubts)
        if is_space and is_taken and event.line in lines:
            return event
    return None


def _passed_over(judge: Judge, characters: list[ReadEvent]) -> ReadEvent | None:
    """A letter or point behind a digit that was taken, or a minus or letter in front of one, for which all
    comparisons by order ask in vain, or what is neither 0 nor 1 where those are asked for."""
    content = judge.text.content
    counts = Counter(event.start for event in characters)
    are_digits = any(e.bounds == ENCLOSED and e.digits.isdigit() for e in characters)
    for before, event in pairwise([None, *characters]):
        if event is None or event.is_used or event.is_digit or event.status != MATCHED:
            continue
        char = event.digits
        is_binary = b"0" in event.doubts and b"1" in event.doubts and not event.is_known
        if char.isalnum() and is_binary and counts[event.start] == 1:
            return event
        is_number = before is not None and before.digits.isdigit() and before.end == event.start
        is_asked = event.is_met or any(bytes([one]).isalpha() for one in event.doubts)
        is_missed = event.bounds == MISSED and not is_asked and counts[event.start] == 1
        is_before_digit = content[event.end : event.end + 1].isdigit()
        is_odd = char.isalpha() or (char == b"." and is_before_digit)
        if is_number and is_missed and is_odd and before is not None and before.bounds == ENCLOSED:
            return event
        is_front = char == b"-" and not (before and before.digits.isalnum())
        is_front = (is_front or char.isalpha()) and is_before_digit
        if is_front and is_missed and are_digits:
            return event
    return None


def _has_digit(characters: bytes) -> bool:
    return any(bytes([one]).isdigit() for one in characters)


def _odd_one(characters: list[ReadEvent]) -> ReadEvent | None:
    """A letter or digit that nobody looks at, where the testbench throws other characters away at first."""
    first = next((at for at, event in enumerate(characters) if event.is_seen), len(characters))
    runs: list[list[ReadEvent]] = []
    is_run = False
    for event in characters[first:]:
        is_thrown = not (event.is_seen or event.is_copied) and event.status == MATCHED
        if is_thrown:
            runs = runs if is_run else [*runs, []]
            runs[-1].append(event)
        is_run = is_thrown
    usual = _shape(runs[0]) if runs else ""
    odd = [event for run in runs if _shape(run) != usual for event in run if event.digits.isalnum()]
    return odd[0] if odd else None


def _shape(run: list[ReadEvent]) -> str:
    """Which characters of a run are letters and digits."""
    return "".join("a" if event.digits.isalnum() else "-" for event in run)

"""What `$fread` made of a file: bytes have no header and no words, so only their count can be wrong."""

from __future__ import annotations

from collections.abc import Callable

from tilewright.lint.judge import Judge
from tilewright.lint.judge_counts import lacking_text
from tilewright.verilog.events import AT_END, MATCHED, OUTSIDE, ReadEvent


def judge_bytes(
    judge: Judge, chunks: list[ReadEvent], matters: Callable[[ReadEvent], bool]
) -> None:
    """Report a word that the file ends within or before, and bytes that nobody reads."""
    content = judge.stream.content or b""
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

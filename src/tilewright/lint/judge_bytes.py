"""What `$fread` made of a file: bytes have no header and no words, so only their count can be wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from tilewright.verilog.events import AT_END, MATCHED, ReadEvent, Stream


class Judge(Protocol):
    """Who takes the findings."""

    stream: Stream
    is_cut: bool

    def report(self, severity: str, kind: str, message: str, at: int, line: int) -> None:
        """Add a finding."""


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

"""What a reader made of one file that it opened with `$fopen`: judged from its reads, one by one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from math import prod

from tilewright.errors import counted
from tilewright.lint.counts import skipped_text
from tilewright.lint.file_text import FileText, Token, shown
from tilewright.lint.findings import Finding
from tilewright.lint.judge_bytes import judge_bytes
from tilewright.lint.judge_characters import judge_characters
from tilewright.lint.judge_counts import CountJudge
from tilewright.lint.judge_cuts import judge_cuts
from tilewright.lint.judge_failures import FailureJudge
from tilewright.lint.judge_headers import judge_headers
from tilewright.lint.judge_lines import are_comments, are_texts, judge_lines, shape_of, whole_lines
from tilewright.lint.judge_words import WordJudge
from tilewright.verilog.events import (
    AT_END,
    BROKEN_DIGITS,
    DIGITS,
    MATCHED,
    NO_MATCH,
    NO_TARGET,
    ReadEvent,
    Stream,
)
from tilewright.verilog.refused_places import CONCATENATION, STRING
from tilewright.verilog.scan import number
from tilewright.verilog.simulators import ICARUS, Simulator

_FAILURES = {"bad-word", "header-left", "header-spaces"}
"""Of a read that meets no number: the first one says it all."""
LONG = 4
"""Digits from which on words of one length are taken for packed lanes, not for values."""


@dataclass(slots=True)
class StreamJudge:
    """The findings about one stream, at most one of each kind.

    is_cut: the testbench ended because of some file, so what is left unread means nothing. is_last: it is
    read beyond its end only behind all that is done with other files, and with the design. lengths: of words,
    by the line that reads them and the digits wanted: how many have those, how many there are, and each one.
    signs: of lines of the testbench, whether they read negative numbers. given: files whose words go to the
    design, and how many, where reads of this one hang on the design.
    """

    stream: Stream
    testbench: str
    text: FileText
    is_cut: bool = False
    is_last: bool = False
    simulator: Simulator = ICARUS
    given: tuple[tuple[str, int], ...] = ()
    found: dict[str, Finding] = field(default_factory=dict)
    lengths: dict[tuple[int, int], tuple[int, int, set[int]]] = field(default_factory=dict)
    signs: dict[int, bool] = field(default_factory=dict)

    def judge(self) -> tuple[Finding, ...]:
        """All findings, in the order in which the reader meets them."""
        if self.stream.bad_place == STRING:
            self._report_place("warning")
        if self.stream.bad_code:
            self._report_code()
        elif self.stream.bad_place not in ("", STRING):
            self._report_place("error")
        elif self.text.content and (chunks := self.stream.byte_events()):
            judge_bytes(self, chunks, self.matters)
            if all(event.is_char or event.status == AT_END for event in self.stream.events):
                judge_characters(self, self.matters)
            self._judge_criticism()
        elif self.text.tokens:
            self._judge_words(self.stream.word_events())
        elif self.stream.events or self.stream.criticized is not None:
            self.report("error", "empty", "the file must hold words, but is empty", 0, 0)
        return tuple(self.found.values())

    def _judge_words(self, words: list[ReadEvent]) -> None:
        counts = CountJudge(self)
        judge_characters(self, self.matters)
        judge_cuts(self, words)
        judge_lines(self)
        self._check_pieces()
        if words:
            self._check_header(words)
            for event in words:
                if event.status == MATCHED:
                    WordJudge(self, event).judge()
                elif event.status == NO_MATCH and not self.found.keys() & _FAILURES:
                    FailureJudge(self, event).judge()
            judge_headers(self, words)
            counts.check_parts(words)
            if not any(finding.severity == "error" for finding in self.found.values()):
                counts.check(words)
        elif counts.are_missed:
            counts.check([e for e in self.stream.events if e.is_text and e.is_used])
        self._judge_criticism()
        if not self.stream.events and self.stream.criticized is None:
            message = "the file is opened, but nothing is read from it"
            self.report("warning", "never-read", message, 0, 0)

    def report(self, severity: str, kind: str, message: str, at: int, line: int) -> None:
        """Add a finding, unless there is one of its kind; an error takes the place of a warning."""
        known = self.found.get(kind)
        if known is not None and (known.severity == "error" or severity != "error"):
            return
        file_line = self.text.line(at) if self.text.content else 0
        self.found[kind] = Finding(
            severity,
            kind,
            message,
            self.stream.file,
            file_line,
            self.testbench,
            line or self.stream.line,
        )

    def _judge_criticism(self) -> None:
        if self.stream.criticized is not None and not self.stream.is_assumed:
            line, text, is_number = self.stream.criticized
            severity = "warning" if is_number else "error"
            what = "one of its numbers" if is_number else "what it holds"
            message = f"the testbench complains of {what}: {shown(text.encode())}"
            self.report(severity, "complaint", message, 0, line)

    def _report_code(self) -> None:
        code, is_icarus = self.stream.bad_code, self.simulator is ICARUS
        who = "Icarus 11" if is_icarus else self.simulator.title
        what, cure = f"the conversion %{code}", "write %b, %o, %d, %h, %f, %s or %c"
        if code == NO_TARGET:
            what, cure = "a $fscanf without a variable", "give it one"
        elif code == BROKEN_DIGITS:
            what, cure = "a binary word whose second character is an underscore", "leave it out"
        elif code.lower() in DIGITS or code.startswith("0"):
            cure = f"write %{code.lower().lstrip('0')}"
        self.report(
            "error",
            "bad-format",
            f"{who} refuses {what}, so that nothing more is read: {cure}",
            self.stream.position,
            self.stream.line,
        )

    def _report_place(self, severity: str) -> None:
        place = self.stream.bad_place
        who = "Icarus 11 and Verilator refuse" if place == CONCATENATION else "Icarus 11 refuses"
        self.report(
            severity,
            "bad-place",
            f"{who} to read into {place}: read into a variable of its own, and copy it from there",
            self.stream.position,
            self.stream.line,
        )

    # -- what is skipped before the words

    def skips(self) -> list[ReadEvent]:
        """Reads that take no number, in calls that take none."""
        takers = {event.call for event in self.stream.events if event.is_word}
        return [
            e for e in self.stream.events
            if not e.is_word and not e.words and e.call not in takers and not e.is_used
        ]  # fmt: skip

    def _check_header(self, words: list[ReadEvent]) -> None:
        skips = self.skips()
        for event in self.stream.events:
            self._check_buffer(event)
        starts = [e.start for e in words if e.status == MATCHED]
        first = min(starts, default=len(self.text.content))  # a reader may seek
        leading = whole_lines([e for e in skips if e.start < first])
        if any(e.code == "s" and e.start >= first and e.status == MATCHED for e in skips):
            leading = []  # tokens are skipped between the words, too: they are part of the records
        eaten = [
            t for t in self.text.words
            if any(e.start < t.end and t.start < e.end for e in leading)
        ]  # fmt: skip
        if not eaten or not self._is_eaten(eaten, words):
            self._warn_of_numbers(leading, first, words)
            return
        repeats = sum(e.status == AT_END for e in words)
        tail = f", and repeats its last value {repeats} times at the end" if repeats else ""
        self.report(
            "error",
            "rows-eaten",
            f"the reader skips {skipped_text(skips)}, but the file has {len(self.text.header)} header "
            f"tokens in {self.text.header_lines} lines: it eats {counted(len(eaten), 'word')} from line "
            f"{eaten[0].line} on, so every row is shifted{tail}; write the header that it skips",
            eaten[0].start,
            skips[0].line,
        )

    def _warn_of_numbers(
        self, leading: list[ReadEvent], first: int, words: list[ReadEvent]
    ) -> None:
        """A line of numbers that is skipped though it is like the first one that is read, and no count."""
        content = self.text.content
        behind = content[first : content.find(b"\n", first) % (len(content) + 1)]
        taken = sum(e.status == MATCHED for e in words)
        for event in leading:
            is_spaced = words[0].is_in_line or b"," not in event.digits
            parts = event.digits if is_spaced else event.digits.replace(b",", b" ")
            numbers = [number(one, "d") for one in parts.split()]
            is_like = event.code == "line" and None not in numbers and len(numbers) > 0
            is_like = is_like and shape_of(event.digits) == shape_of(behind)
            known = [abs(one) for one in numbers if one is not None]
            if is_like and taken not in (*known, prod(known), sum(known)):
                message = (
                    f"the reader skips {shown(event.digits.rstrip())}, which is like the records behind it: "
                    f"is a line of the header missing?"
                )
                others = [one for one in leading if one is not event]
                is_sure = are_comments(others) and others[-1].start < event.start
                is_sure = is_sure or b"-" in event.digits or are_texts(others)
                records = len({e.call for e in words if e.status == MATCHED})
                is_index = known in ([*range(len(known))], [*range(1, len(known) + 1)])
                is_sure = is_sure or not (is_spaced or is_index or records in known)
                severity = "error" if is_sure else "warning"
                self.report(severity, "rows-eaten", message, event.start, event.line)

    def _is_eaten(self, eaten: list[Token], words: list[ReadEvent]) -> bool:
        """Whether what is skipped is data: words run short, or all have the length of a packed word."""
        if any(e.status == AT_END and self.matters(e) for e in words):
            return True
        lengths = Counter(len(e.digits) for e in words if e.status == MATCHED)
        usual = max(lengths, key=lengths.__getitem__, default=0)
        if words[0].code == "d" or any(len(token.text) != usual for token in eaten):
            return False
        taken = sum(lengths.values())
        is_count = len(eaten) == 1 and taken in _numbers(eaten[0])
        return usual >= LONG or (usual > 1 and len(lengths) == 1 and taken > 1 and not is_count)

    def _check_pieces(self) -> None:
        """Lines that a register takes in pieces, of which characters are taken by their place."""
        lines = [e for e in self.stream.events if e.code == "line"]
        for event, rest in pairwise(lines):
            if event.is_parted and rest.is_parted:
                self._check_buffer(event)

    def _check_buffer(self, event: ReadEvent) -> None:
        line_end = self.text.content.find(b"\n", event.start)
        is_piece = event.code == "line" and not event.digits.endswith(b"\n") and line_end > 0
        if is_piece and line_end >= event.end:
            self.report(
                "error",
                "header-buffer",
                f"the line has {line_end - event.start} characters and its line end, but the "
                f"buffer of $fgets has {event.field}: the rest is read as a line of its own; "
                f"shorten the line or widen the register",
                event.start,
                event.line,
            )

    def matters(self, event: ReadEvent) -> bool:
        """Whether it does harm that a read found the end of the file."""
        if event.is_used or event.matched or (event.is_weighed and not event.is_checked):
            return True
        if (event.is_fatal or event.is_reported) and event.in_loop != "open":
            return True
        return event.is_exposed and not event.is_checked and not self.is_last


def _numbers(token: Token) -> set[int]:
    """What a token may stand for, as the number of the words behind it."""
    return {value for code in ("d", "h") if (value := number(token.text, code)) is not None}

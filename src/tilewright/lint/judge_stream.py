"""What a reader made of one file that it opened with `$fopen`: judged from its reads, one by one."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from tilewright.lint.counts import border_text, has_zero_border, skipped_text
from tilewright.lint.file_text import FileText, Token, shown
from tilewright.lint.findings import Finding
from tilewright.lint.judge_bytes import judge_bytes
from tilewright.lint.judge_words import WordJudge
from tilewright.verilog.events import AT_END, MATCHED, NO_MATCH, NO_TARGET, ReadEvent, Stream
from tilewright.verilog.refused_places import CONCATENATION, STRING

_SAYS_SOMETHING = re.compile(rb"\w")
_NUMBER = re.compile(rb"[+-]?[0-9][0-9a-fA-F_.]*")
LONG = 4
"""Digits from which on words of one length are taken for packed lanes, not for values."""


@dataclass(slots=True)
class StreamJudge:
    """The findings about one stream, at most one of each kind.

    is_cut: the testbench ended because of some file, so what is left unread means nothing.
    is_last: no other file is read after the last good read of this one.
    """

    stream: Stream
    testbench: str
    text: FileText
    is_cut: bool = False
    is_last: bool = False
    found: dict[str, Finding] = field(default_factory=dict)

    def judge(self) -> tuple[Finding, ...]:
        """All findings, in the order in which the reader meets them."""
        if self.stream.bad_place == STRING:
            self._report_place("warning")
        if self.stream.bad_code:
            self._report_code()
        elif self.stream.bad_place not in ("", STRING):
            self._report_place("error")
        elif self.text.content and (chunks := self.stream.byte_events()):
            judge_bytes(self, chunks, self._matters)
        elif self.text.tokens:
            self._judge_words(self.stream.word_events())
        elif self.stream.events:
            self.report("error", "empty", "the file must hold words, but is empty", 0, 0)
        return tuple(self.found.values())

    def _judge_words(self, words: list[ReadEvent]) -> None:
        if words:
            self._check_header(words)
            for event in words:
                self._check_word(event)
            if not any(finding.severity == "error" for finding in self.found.values()):
                self._check_counts(words)
        elif not self.stream.events:
            message = "the file is opened, but nothing is read from it"
            self.report("warning", "never-read", message, 0, 0)

    def report(self, severity: str, kind: str, message: str, at: int, line: int) -> None:
        """Add a finding, unless there is one of its kind."""
        file_line = self.text.line(at) if self.text.content else 0
        self.found.setdefault(
            kind,
            Finding(
                severity, kind, message, self.stream.file, file_line, self.testbench,
                line or self.stream.line,
            ),
        )  # fmt: skip

    def _report_code(self) -> None:
        code = self.stream.bad_code
        what, cure = f"the conversion %{code}", f"write %{code.lower()}"
        if code == NO_TARGET:
            what, cure = "a $fscanf without a variable", "give it one"
        self.report(
            "error",
            "bad-format",
            f"Icarus 11 refuses {what} and ends the simulation: {cure}",
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

    def _skips(self) -> list[ReadEvent]:
        """Reads that take no number, in calls that take none."""
        takers = {event.call for event in self.stream.events if event.is_word}
        return [
            e for e in self.stream.events if not e.is_word and not e.words and e.call not in takers
        ]

    def _check_header(self, words: list[ReadEvent]) -> None:
        skips = self._skips()
        for event in self.stream.events:
            self._check_buffer(event)
        first = next((e.start for e in words if e.status == MATCHED), len(self.text.content))
        leading = [e for e in skips if e.start < first]
        eaten = [
            t for t in self.text.words
            if any(e.start < t.end and t.start < e.end for e in leading)
        ]  # fmt: skip
        if not eaten or not self._is_eaten(eaten, words):
            return
        repeats = sum(e.status == AT_END for e in words)
        tail = f", and repeats its last value {repeats} times at the end" if repeats else ""
        self.report(
            "error",
            "rows-eaten",
            f"the reader skips {skipped_text(skips)}, but the file has {len(self.text.header)} header "
            f"tokens in {self.text.header_lines} lines: it eats {len(eaten)} words from line "
            f"{eaten[0].line} on, so every row is shifted{tail}; write the header that it skips",
            eaten[0].start,
            skips[0].line,
        )

    def _is_eaten(self, eaten: list[Token], words: list[ReadEvent]) -> bool:
        """Whether what is skipped is data: words run short, or all have the length of a packed word."""
        if any(e.status == AT_END and self._matters(e) for e in words):
            return True
        lengths = Counter(len(e.digits) for e in words if e.status == MATCHED)
        usual = max(lengths, key=lengths.__getitem__, default=0)
        is_alike = all(len(token.text) == usual for token in eaten)
        return is_alike and usual >= LONG and words[0].code != "d"

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

    # -- single words

    def _check_word(self, event: ReadEvent) -> None:
        if event.status == NO_MATCH:
            self._check_failed(event)
        elif event.status == MATCHED:
            WordJudge(self, event).judge()

    def _check_failed(self, event: ReadEvent) -> None:
        """A read that meets no number: a fault if the old value is used, or the text is lost."""
        is_stale = event.is_used or (event.is_exposed and not event.is_checked)
        if not (is_stale or event.is_fatal or self._is_lost(event)):
            return
        token = self.text.token_at(event.start)
        what = shown(token.text if token else b"")
        if event.literal:
            what = f"{shown(bytes([event.literal]))} of the format is not there, but {what}: that"
        if self._is_before_words(event) and not self._is_like_a_number(token):
            if not self.found.keys() & {"header-buffer", "header-spaces", "header-left"}:
                self._report_header(event)
            return
        self.report(
            "error",
            "bad-word",
            f"{what} is no number for %{event.code}: the read returns {event.matched} and the "
            f"register keeps its old value; correct the word",
            event.start,
            event.line,
        )

    def _is_like_a_number(self, token: Token | None) -> bool:
        """Whether a word that is no number here is one in another base, so that it is no header."""
        return token is not None and bool(_NUMBER.fullmatch(token.text))

    def _is_lost(self, event: ReadEvent) -> bool:
        """Whether nobody reads the text at which a read failed, or a part of its record is thrown away."""
        lines = [e for e in self.stream.events if event in e.words]
        if lines:
            return event.matched > 0 or not event.is_checked
        if not event.matched and not _SAYS_SOMETHING.search(self.text.content, event.start):
            return False  # a bracket that closes the list
        if event.matched and not event.literal:
            return True
        return not any(
            e.start <= event.start < e.end for e in self.stream.events if e.call > event.call
        )

    def _is_before_words(self, event: ReadEvent) -> bool:
        matched = [e for e in self.stream.word_events() if e.status == MATCHED]
        return not any(e.call <= event.call for e in matched)

    def _report_header(self, event: ReadEvent) -> None:
        header, lines = self.text.header, self.text.header_lines
        skips = self._skips()
        cause = "with spaces in them " if len(header) > lines else ""
        fails = sum(e.status != MATCHED for e in self.stream.word_events())
        is_token_reader = any(skip.code == "s" for skip in skips)
        self.report(
            "error",
            "header-spaces" if cause and is_token_reader else "header-left",
            f"the reader skips {skipped_text(skips)}, but the file has {lines} header lines {cause}"
            f"= {len(header)} tokens: a word is read from the header, {fails} reads return 0, and "
            f"the register keeps its old value; write the header that it skips",
            event.start,
            event.line,
        )

    # -- how many

    def _matters(self, event: ReadEvent) -> bool:
        """Whether it does harm that a read found the end of the file."""
        if event.is_used or event.matched:
            return True
        if (event.is_fatal or event.is_reported) and event.in_loop != "open":
            return True
        return event.is_exposed and not event.is_checked and not self.is_last

    def _check_counts(self, words: list[ReadEvent]) -> None:
        failed = {e.call: e for e in reversed(words) if e.status == AT_END}
        harmful = [e for e in failed.values() if self._matters(e)]
        left = [t for t in self.text.tokens if t.start >= self.stream.position]
        matched = sum(e.status == MATCHED for e in words)
        if harmful and self.stream.is_assumed:
            message = "how many words are read depends on the design, which is not followed"
            self.report("undecided", "undecided", message, 0, harmful[-1].line)
        elif harmful:
            self._report_few(harmful[-1], matched, len(failed))
        elif any(e.in_loop == "counted" and not e.is_settled for e in failed.values()):
            self.report(
                "warning",
                "over-read",
                f"the reader takes {len(failed)} words more than there are, and uses none of them",
                max(len(self.text.content) - 1, 0),
                next(iter(failed.values())).line,
            )
        if left and not self.is_cut and not harmful:
            self._report_left(words, matched, left)

    def _report_few(self, event: ReadEvent, present: int, missing: int) -> None:
        tail = f"the last value repeats {missing} times"
        if event.is_checked and not event.is_used:
            tail = "the reader stops there itself"
        edges = border_text(present, present + missing)
        why = "the file is cut short, or was written for another shape"
        if event.matched:
            why = f"the file ends within a record, of which {event.matched} values are there"
        elif edges:
            why = f"{edges[0]} without border where {edges[1]} are read"
        self.report(
            "error",
            "padding" if edges and not event.matched else "too-few-words",
            f"the reader takes {present + missing} words, but the file has {present}: {why}; {tail}",
            max(len(self.text.content) - 1, 0),
            event.line,
        )

    def _report_left(self, words: list[ReadEvent], taken: int, left: list[Token]) -> None:
        last = words[-1]
        if self._is_spaced(words):
            self._report_spaced(words)
            return
        edges = border_text(taken, taken + len(left))
        severity, kind = "warning", "words-left"
        why = "the reader takes only a part, or the file was written for another shape"
        if edges and has_zero_border([t.text for t in self.text.words]):
            severity, kind = "error", "padding"
            why = f"{edges[1]} with their border where {edges[0]} are read"
        if self.stream.is_assumed:
            why = "how many are read depends on the design"
        self.report(
            severity,
            kind,
            f"the reader takes {taken} words, but the file has {taken + len(left)}: {why}; "
            f"{len(left)} words are left unread",
            left[0].start,
            last.line,
        )

    def _is_spaced(self, words: list[ReadEvent]) -> bool:
        """Whether each line is one word with spaces in it: its parts add up to what a read has room for."""
        room = words[-1].wanted_digits
        lines: dict[int, list[Token]] = {}
        for token in self.text.words:
            lines.setdefault(token.line, []).append(token)
        sums = {sum(len(token.text) for token in tokens) for tokens in lines.values()}
        is_split = all(len(tokens) > 1 for tokens in lines.values())
        return bool(room) and is_split and sums == {room} and len(lines) == len(words)

    def _report_spaced(self, words: list[ReadEvent]) -> None:
        self.report(
            "error",
            "spaced-word",
            f"each line has parts with spaces between them, but the reader takes one word of "
            f"{words[-1].wanted_digits} digits a line: every part is read as a word of its own; write "
            f"the word without spaces",
            words[0].start,
            words[0].line,
        )

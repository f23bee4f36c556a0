"""What a reader made of one file that it opened with `$fopen`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import isqrt

from tilewright.lint.file_text import FileText, Token, shown
from tilewright.lint.findings import Finding
from tilewright.verilog.events import AT_END, BITS_PER_DIGIT, MATCHED, ReadEvent, Stream

MAX_BORDER = 3
Report = Callable[..., None]


@dataclass(slots=True)
class StreamJudge:
    """The findings about one stream, at most one of each kind."""

    stream: Stream
    testbench: str
    is_cut: bool
    text: FileText
    found: dict[str, Finding] = field(default_factory=dict)

    def judge(self) -> tuple[Finding, ...]:
        """All findings, in the order in which the reader meets them."""
        words = self.stream.word_events()
        if not self.text.tokens:
            self._report("error", "empty", "the file must hold words, but is empty", 0, 0)
        elif words:
            self._check_skips(words)
            for event in words:
                self._check_word(event)
            if not self.found:
                self._check_counts(words)
        return tuple(self.found.values())

    def _report(self, severity: str, kind: str, message: str, at: int, line: int) -> None:
        file_line = self.text.line(at) if self.text.content else 0
        self.found.setdefault(
            kind,
            Finding(
                severity, kind, message, self.stream.file, file_line, self.testbench,
                line or self.stream.line,
            ),
        )  # fmt: skip

    # -- what is skipped before and between the words

    def _skips(self) -> list[ReadEvent]:
        return [e for e in self.stream.events if not e.is_word and not e.words]

    def _check_skips(self, words: list[ReadEvent]) -> None:
        skips, header = self._skips(), self.text.header
        for event in skips:
            self._check_buffer(event)
        eaten = [
            t for t in self.text.words if any(e.start < t.end and t.start < e.end for e in skips)
        ]
        if eaten:
            repeats = sum(e.status == AT_END for e in words)
            tail = f", and repeats its last value {repeats} times at the end" if repeats else ""
            self._report(
                "error",
                "rows-eaten",
                f"the reader skips {_skipped(skips)}, but the file has {len(header)} header tokens "
                f"in {self.text.header_lines} lines: it eats {len(eaten)} words from line "
                f"{eaten[0].line} on, so every row is shifted{tail}; write the header that it skips",
                eaten[0].start,
                skips[0].line,
            )

    def _check_buffer(self, event: ReadEvent) -> None:
        line_end = self.text.content.find(b"\n", event.start)
        is_piece = event.code == "line" and not event.digits.endswith(b"\n") and line_end > 0
        if is_piece and line_end >= event.end:
            self._report(
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
        if event.status == AT_END:
            return
        token = self.text.token_at(event.start)
        if token is None:
            return
        if token.start < self.text.header_end:
            if not self.found.keys() & {"header-buffer", "header-spaces", "header-left"}:
                self._report_header(event)
        elif event.status != MATCHED:
            self._report(
                "error",
                "bad-word",
                f"{shown(token.text)} is no number for %{event.code}: the read returns 0 and the "
                f"register keeps its old value, here and to the end of the file; correct the word",
                token.start,
                event.line,
            )
        else:
            self._check_digits(event, token)

    def _report_header(self, event: ReadEvent) -> None:
        header, lines = self.text.header, self.text.header_lines
        skips = self._skips()
        cause = "with spaces in them " if len(header) > lines else ""
        fails = sum(e.status != MATCHED for e in self.stream.word_events())
        kind = "header-spaces" if cause and _is_token_reader(skips) else "header-left"
        self._report(
            "error",
            kind,
            f"the reader skips {_skipped(skips)}, but the file has {lines} header lines {cause}"
            f"= {len(header)} tokens: a word is read from the header, {fails} reads return 0, and "
            f"the register keeps its old value; write the header that it skips",
            event.start,
            event.line,
        )

    def _check_digits(self, event: ReadEvent, token: Token) -> None:
        digits, room = len(event.digits), event.wanted_digits
        if any(c in b"xXzZ?" for c in event.digits):
            self._report(
                "error",
                "x-digits",
                f"the word {shown(token.text)} has digits x or z: what is computed from it is x; "
                f"write 0 or 1",
                token.start,
                event.line,
            )
        self._check_target(event, token)
        if event.run != (token.start, token.end):
            self._report_spill(event, token)
        elif digits < _fewest(event, room) and not self.found.keys() & {
            "spaced-word",
            "short-word",
        }:
            self._report_short(event, token)

    def _check_target(self, event: ReadEvent, token: Token) -> None:
        per_digit = BITS_PER_DIGIT[event.code]
        bits = len(event.digits) * per_digit
        if event.code == "d" or not event.target or bits < event.target + per_digit:
            return
        kept = -(-event.target // per_digit)
        is_lossless = not event.digits[:-kept].strip(b"0")
        what = "they are 0 here" if is_lossless else "the value is another one"
        self._report(
            "warning" if is_lossless else "error",
            "truncated",
            f"the word has {len(event.digits)} digits, but the variable has {event.target} bits: "
            f"the first digits are dropped, {what}; widen the variable or shorten the word",
            token.start,
            event.line,
        )

    def _report_spill(self, event: ReadEvent, token: Token) -> None:
        if event.end < token.end and len(event.digits) != event.field:
            self._report(
                "error",
                "bad-word",
                f"{shown(token.text)} is no number for %{event.code}: the read stops at "
                f"{shown(token.text[event.end - token.start :][:1])}, and the next one returns 0 "
                f"and keeps the old value; correct the word",
                token.start,
                event.line,
            )
            return
        if not event.field:
            return
        self._report(
            "error",
            "long-word",
            f"the word has {len(token.text)} digits, but the reader takes {event.field}: the rest "
            f"is read as the next word, and every later row is shifted; write words of "
            f"{event.field} digits",
            token.start,
            event.line,
        )

    def _report_short(self, event: ReadEvent, token: Token) -> None:
        room = _fewest(event, event.wanted_digits)
        same_line = self.text.on_line(token.line)
        if len(same_line) > 1 and len(token.text) < room:
            self._report(
                "error",
                "spaced-word",
                f"the line has {len(same_line)} parts with spaces between them, but the reader "
                f"takes a word of {room} digits: every part is read as a word of its own; write "
                f"the word without spaces",
                token.start,
                event.line,
            )
            return
        is_even = len({len(t.text) for t in self.text.words}) == 1
        self._report(
            "error" if event.field or not is_even else "warning",
            "short-word",
            f"the word has {len(token.text)} digits, but the reader takes {room}: the value is "
            f"extended with zeros at the left; write words of {room} digits",
            token.start,
            event.line,
        )

    # -- how many

    def _check_counts(self, words: list[ReadEvent]) -> None:
        failed = [e for e in words if e.status == AT_END]
        if len(failed) == 1 and failed[0].in_loop == "open" and failed[0].is_checked:
            failed = []  # this is how the reader learns of the end
        left = [t for t in self.text.tokens if t.start >= self.stream.position]
        matched = sum(e.status == MATCHED for e in words)
        if failed:
            self._report_few(failed[0], matched, len(failed))
        elif left and not self.is_cut:
            self._report_left(words[-1], matched, left)

    def _report_few(self, event: ReadEvent, present: int, missing: int) -> None:
        tail = f"the last value repeats {missing} times"
        if event.is_checked and self.is_cut:
            tail = "the reader stops there itself"
        edges = border(present, present + missing)
        if edges:
            small, large = edges
            kind = "padding"
            why = f"{small}x{small} pixels without border where {large}x{large} are read"
        else:
            kind, why = "too-few-words", "the file is cut short, or was written for another shape"
        self._report(
            "error",
            kind,
            f"the reader takes {present + missing} words, but the file has {present}: {why}; {tail}",
            max(len(self.text.content) - 1, 0),
            event.line,
        )

    def _report_left(self, event: ReadEvent, taken: int, left: list[Token]) -> None:
        edges = border(taken, taken + len(left))
        if edges:
            small, large = edges
            severity, kind = "error", "padding"
            why = f"{large}x{large} pixels with their border where {small}x{small} are read"
        else:
            severity, kind = "warning", "words-left"
            why = "the reader takes only a part, or the file was written for another shape"
        self._report(
            severity,
            kind,
            f"the reader takes {taken} words, but the file has {taken + len(left)}: {why}; "
            f"{len(left)} words are left unread",
            left[0].start,
            event.line,
        )


def border(few: int, many: int) -> tuple[int, int] | None:
    """Edges of two square planes that differ by a border of 1..3 pixels all around, or None."""
    small, large = isqrt(few), isqrt(many)
    is_square = few > 0 and small * small == few and large * large == many
    return (small, large) if is_square and large - small in _BORDERS else None


_BORDERS = tuple(2 * width for width in range(1, MAX_BORDER + 1))


def _fewest(event: ReadEvent, room: int) -> int:
    """Digits below which a word is short: the field, but no more than the variable holds."""
    per_digit = BITS_PER_DIGIT[event.code]
    return min(room, -(-event.target // per_digit)) if per_digit else 0


def _is_token_reader(skips: list[ReadEvent]) -> bool:
    return any(event.code == "s" for event in skips)


def _skipped(skips: list[ReadEvent]) -> str:
    """What the reader skips, in words."""
    counts = list(_counts(skips))
    return " and ".join(counts) or "nothing"


def _counts(skips: list[ReadEvent]) -> Iterator[str]:
    for code, name in (("s", "tokens"), ("line", "lines"), ("c", "characters")):
        number = sum(event.code == code for event in skips)
        if number:
            yield f"{number} {name}"

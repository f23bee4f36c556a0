"""One read that met text which is no number: is anything lost, or an old value used?"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from tilewright.errors import counted
from tilewright.lint.counts import skipped_text
from tilewright.lint.file_text import COMMENTS, Token, shown
from tilewright.lint.judge import Judge
from tilewright.verilog.events import MATCHED, ReadEvent

_SAYS_SOMETHING = re.compile(rb"\w")
_DIGIT = re.compile(rb"[0-9]")
_HEX = re.compile(rb"[0-9a-f]+", re.IGNORECASE)
_NUMBER = re.compile(rb"[+-]?[0-9][0-9a-fA-F_.]*")


@dataclass(frozen=True, slots=True)
class FailureJudge:
    """The findings about one read that failed before the end of the file."""

    judge_of: Judge
    event: ReadEvent

    def judge(self) -> None:
        """Report a fault if the old value is used, or text is lost."""
        event = self.event
        if event.is_short_line and event.has_default:
            self._judge_blank()
            return  # the testbench gave the variable a value of its own for lines that end early
        if event.literal and event.is_checked and not event.matched and self._is_taken_again():
            return  # it asked for a mark, such as an address behind @, that may be left out
        is_stale = event.is_used or (event.is_exposed and not event.is_checked)
        if not (is_stale or event.is_fatal or self._is_lost()):
            return
        token = self.judge_of.text.token_at(event.start)
        what = shown(token.text if token else b"")
        is_end = not event.is_fatal or event.in_loop == "open"
        if not is_stale and is_end and self._is_trailer():
            self._report_trailer(what)
            return
        if event.literal:
            what = f"{shown(bytes([event.literal]))} of the format is not there, but {what}: that"
        if (
            self._is_before_words()
            and not self._is_like_a_number(token)
            and not self._is_nothing_taken()
        ):
            if not self.judge_of.found.keys() & {"header-buffer", "header-spaces", "header-left"}:
                self._report_header()
            return
        self.judge_of.report(
            "error",
            "bad-word",
            f"{what} is no number for %{event.code}: the read returns {event.matched} and the "
            f"register keeps its old value; correct the word",
            event.start,
            event.line,
        )

    def _judge_blank(self) -> None:
        """Report a blank line whose numbers the testbench computes with all the same."""
        event = self.event
        if event.matched or not (event.is_computed and event.is_blind):
            return
        lines = [e for e in self.judge_of.stream.events if any(one is event for one in e.words)]
        if lines and not lines[0].digits.strip():
            self.judge_of.report(
                "error",
                "bad-word",
                "the line is blank, and the reader takes what its variables held before for the numbers of "
                "it: look at the result of $sscanf, or leave the line out",
                lines[0].start,
                event.line,
            )

    def _is_like_a_number(self, token: Token | None) -> bool:
        """Whether a word that is no number here is one in another base, so that it is no header."""
        return token is not None and bool(_NUMBER.fullmatch(token.text))

    def _is_lost(self) -> bool:
        """Whether nobody reads the text at which a read failed, or a part of its record is thrown away."""
        event = self.event
        if event.is_in_line:
            is_damaged = self._is_damaged_word() or self._is_damaged_record()
            is_damaged = is_damaged or self._is_nothing_taken()
            return not event.is_checked or (is_damaged and not self._is_taken_again())
        if not event.matched and not _SAYS_SOMETHING.search(
            self.judge_of.text.content, event.start
        ):
            return False  # a bracket that closes the list
        if event.matched and not event.literal:
            return True
        later = self._taken_later()
        if later is None or self._is_nothing_taken():
            return True
        rest = later.digits[event.start - later.start :]
        return event.matched > event.texts and later.is_thrown and bool(_DIGIT.search(rest))

    def _taken_later(self) -> ReadEvent | None:
        """The read that takes the text at which this one failed."""
        event, events = self.event, self.judge_of.stream.events
        later = events[bisect_right(events, event.call, key=lambda e: e.call) :]
        return next((e for e in later if e.start <= event.start < e.end), None)

    def _is_nothing_taken(self) -> bool:
        """Whether no read takes a number of any line, though this one has some where it should begin."""
        event = self.event
        token = self.judge_of.text.token_at(event.start)
        if token is None or event.matched or event.literal:
            return False
        is_numeric = _DIGIT.search(token.text) and not token.text.startswith(COMMENTS)
        words = self.judge_of.stream.word_events()
        later = None if event.is_in_line else self._taken_later()
        is_lost = event.is_in_line or (later is not None and later.is_thrown)
        return bool(is_numeric) and is_lost and not any(e.status == MATCHED for e in words)

    def _is_taken_again(self) -> bool:
        """Whether another scan takes a number where this one found none."""
        token = self.judge_of.text.token_at(self.event.start)
        words = self.judge_of.stream.word_events() if token is not None else []
        return any(
            e.status == MATCHED and token is not None and token.start <= e.start < token.end
            for e in words
            if e.call > self.event.call
        )

    def _is_damaged_record(self) -> bool:
        """Whether numbers of a line were taken, or a text in front of what should be one: no comment, no
        line of a text alone."""
        event = self.event
        content = self.judge_of.text.content
        first = min((e.start for e in self._call()), default=event.start)
        line = content[content.rfind(b"\n", 0, first) + 1 :].lstrip(b" \t")
        if any(map(self._is_front_of_text, self._call())):
            return False
        if event.matched > event.texts:
            is_whole = event.is_short_line and self._is_a_shorter_record()
            return not (is_whole or line.startswith(b"#"))
        return event.texts > 0 and not (event.is_short_line or line.startswith(COMMENTS))

    def _is_front_of_text(self, word: ReadEvent) -> bool:
        """Whether the letters in front of a text, as of ``DEPTH``, were taken for hexadecimal digits."""
        rest = self.judge_of.text.content[word.end : word.end + 1]
        is_number = word.code == "h" and word.status == MATCHED
        return is_number and word.digits.isalpha() and rest.isalpha()

    def _call(self) -> list[ReadEvent]:
        """All conversions of the read that failed."""
        stream, call = self.judge_of.stream, self.event.call
        return [e for event in stream.events for e in (event, *event.words) if e.call == call]

    def _is_a_shorter_record(self) -> bool:
        """Whether the testbench uses what it took of a line that ends early: a field may be left out."""
        words = self.judge_of.stream.word_events()
        return any(e.is_used for e in words if e.call == self.event.call and e.status == MATCHED)

    def _is_damaged_word(self) -> bool:
        """Whether a line that is passed over has a digit, and the length that all words have."""
        token = self.judge_of.text.token_at(self.event.start)
        if token is None or not _DIGIT.search(token.text) or self._is_before_words():
            return False
        line = [other for other in self.judge_of.text.tokens if other.line == token.line]
        words = [e for e in self.judge_of.stream.word_events() if e.status == MATCHED]
        return line == [token] and {len(e.digits) for e in words} == {len(token.text)}

    def _is_trailer(self) -> bool:
        """Whether a checked reader stops at a text behind the last word, in which there is no digit and no
        hexadecimal word, such as ``ab`` where words have as many digits.
        """
        event = self.event
        stream = self.judge_of.stream
        if (
            event.is_in_line
            or not event.is_checked
            or self._is_before_words()
            or stream.failures > 1
        ):
            return False
        events = stream.events
        first = min((e.start for e in events if e.call == event.call), default=event.start)
        content = self.judge_of.text.content
        if content[first - 1 : first].strip() or _DIGIT.search(content, first):
            return False
        read = [e for e in stream.word_events() if e.status == MATCHED and e.code == "h"]
        lengths = {len(e.digits) for e in read}
        tokens = (token.text for token in self.judge_of.text.tokens if token.start >= first)
        return not any(len(text) in lengths and _HEX.fullmatch(text) for text in tokens)

    def _report_trailer(self, what: str) -> None:
        self.judge_of.report(
            "warning",
            "trailer",
            f"the reader stops at {what}, behind which there is no digit: it is taken for the end of the "
            f"words",
            self.event.start,
            self.event.line,
        )

    def _is_before_words(self) -> bool:
        words = self.judge_of.stream.word_events()
        return not any(e.call <= self.event.call and e.status == MATCHED for e in words)

    def _report_header(self) -> None:
        judge, event = self.judge_of, self.event
        header, lines = judge.text.header, judge.text.header_lines
        skips = judge.skips()
        cause = "with spaces in them " if len(header) > lines else ""
        fails = sum(e.status != MATCHED for e in judge.stream.word_events())
        is_token_reader = any(skip.code == "s" for skip in skips)
        judge.report(
            "error",
            "header-spaces" if cause and is_token_reader else "header-left",
            f"the reader skips {skipped_text(skips)}, but the file has "
            f"{counted(lines, 'header line')} {cause}"
            f"= {len(header)} tokens: a word is read from the header, {fails} reads return 0, and "
            f"the register keeps its old value; write the header that it skips",
            event.start,
            event.line,
        )

"""One word that a read took: does its variable hold what the file says?"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from tilewright.lint.file_text import Token, shown
from tilewright.lint.judge import Judge
from tilewright.verilog.events import BITS_PER_DIGIT, MATCHED, ReadEvent
from tilewright.verilog.scan import number

_LITERAL = re.compile(rb"'[sS]?[bodhBODH][0-9a-fA-FxXzZ]")
"""What stands behind the width of a Verilog number, as in ``8'hff``."""
_LETTERS = re.compile(rb"\w+")
_DIGIT = re.compile(rb"\d")
_FRACTION = re.compile(rb"\.\d*(?:[1-9]|\d[eE])")


@dataclass(frozen=True, slots=True)
class WordJudge:
    """The findings about one word that was read."""

    judge_of: Judge
    event: ReadEvent

    def judge(self) -> None:
        """Report what is wrong, if the value matters at all."""
        event = self.event
        token = self.judge_of.text.token_at(event.start)
        if token is None:
            return
        if event.is_outside:
            self._report_outside()
        if event.is_used or event.is_exposed:
            self._check_x()
            self._check_real()
            self._check_parts()
            self._check_width()
            self._check_copy()
            self._check_sign()
            self._check_text(token)
        if event.field and len(event.digits) == event.field and event.end < token.end:
            self._check_split(token)
        self._check_length()

    def _report(self, severity: str, kind: str, message: str) -> None:
        self.judge_of.report(severity, kind, message, self.event.start, self.event.line)

    def _check_text(self, token: Token) -> None:
        """Letters at the front of a text that happen to be hexadecimal digits, or digits at the front of a
        word of a line, the rest of which nobody reads."""
        digits, end = self.event.digits, self.event.run[1]
        rest = token.text[end - token.start :]
        if self.event.is_in_line and self._is_broken(rest, token):
            self._report(
                "error",
                "bad-word",
                f"the reader takes {shown(digits)} of {shown(token.text)} for the word, and drops the rest: "
                f"correct the word",
            )
        if (
            self.event.code == "h"
            and digits.isalpha()
            and rest[:1].isalpha()
            and rest.lower() != b"h"  # as assemblers have it
            and not (self.event.field or self._is_piece())
        ):
            self._report(
                "error",
                "bad-word",
                f"the reader takes the front of {shown(token.text)} for a number: write a number there, or "
                f"skip the text",
            )

    def _is_broken(self, rest: bytes, token: Token) -> bool:
        """Whether the rest of a word belongs to it: it has digits, or makes it as long as the others are."""
        if (self.event.code == "d" and _FRACTION.match(rest)) or _LITERAL.match(rest):
            return True
        tail = _LETTERS.match(rest)
        if tail is None or self.event.field or self._is_piece():
            return False
        if _DIGIT.search(tail.group()):
            return True
        events = [e for e in self.judge_of.stream.word_events() if e is not self.event]
        lengths = {len(e.digits) for e in events if e.status == MATCHED}
        return lengths == {token.end - self.event.start}

    def _is_piece(self) -> bool:
        """Whether another word that was taken begins where this one ends, or the reverse."""
        line = self.judge_of.stream.line_at(self.event.start)
        words = line.words if line is not None else []
        start, end = self.event.start, self.event.end
        return any(e.status == MATCHED and (e.start == end or e.end == start) for e in words)

    def _report_outside(self) -> None:
        if self.judge_of.simulator.wraps:
            self._report(
                "error",
                "outside-memory",
                f"the word is stored at an address that the memory does not have: with "
                f"{self.judge_of.simulator.title} it may take the place of another word; enlarge the memory",
            )
            return
        tail = "and is x where it is looked for" if self.event.is_missed else "and is lost"
        self._report(
            "error" if self.event.is_missed else "warning",
            "outside-memory",
            f"the word is stored at an address that the memory does not have, {tail}: enlarge the "
            f"memory, or write fewer words",
        )

    def _check_x(self) -> None:
        if any(c in b"xXzZ?" for c in self._kept()) and not self.event.are_x_wanted:
            self._report(
                "error",
                "x-digits",
                f"the word {shown(self.event.digits)} has digits x or z: what is computed from it is x; "
                f"write 0 or 1",
            )

    def _kept(self) -> bytes:
        """The digits that the variable has room for."""
        per_digit = BITS_PER_DIGIT.get(self.event.code, 0)
        digits = self.event.digits.replace(b"_", b"")
        if self.judge_of.simulator.reads_0x and digits[:2].lower() == b"0x":
            digits = digits[2:]
        room = -(-self.event.target // per_digit) if per_digit else 0
        return digits[-room:] if room else digits

    def _check_width(self) -> None:
        event = self.event
        value = number(event.digits, event.code) if event.code in BITS_PER_DIGIT else None
        if value is None or not event.target:
            return
        if event.code == "d" or value < 0:
            self._check_decimal(value)
            return
        digits, per_digit = event.digits.replace(b"_", b""), BITS_PER_DIGIT[event.code]
        bits = len(digits) * per_digit
        if bits < event.target + per_digit and not value >> event.target:
            return
        is_sign = (
            event.is_signed and value >> (event.target - 1) == (1 << (bits - event.target + 1)) - 1
        )
        is_lossless = not value >> event.target or is_sign
        what = "they mean nothing here" if is_lossless else "the value is another one"
        self._report(
            "warning" if is_lossless else "error",
            "truncated",
            f"the word has {len(digits)} digits, but the variable has {event.target} bits: the first "
            f"digits are dropped, {what}; widen the variable or shorten the word",
        )

    def _check_real(self) -> None:
        if self.event.is_rounded and self.event.status == MATCHED:
            self._report(
                "error",
                "truncated",
                f"%f takes {shown(self.event.digits)} into a variable that has no room for a real number: "
                f"the value is another one; read into a real, and convert that",
            )

    def _check_parts(self) -> None:
        if self.event.is_beyond:
            self._report(
                "error",
                "outside-memory",
                f"the testbench takes bits of {shown(self.event.digits)} which the {self.event.target} bits "
                f"of its variable do not have: they are x; correct the places",
            )

    def _check_copy(self) -> None:
        """A number that fits its variable, but not the one to which alone it is copied."""
        event = self.event
        if event.is_cut_used and not event.is_whole_used:
            self._report(
                "error",
                "truncated",
                f"the number {shown(event.digits)} is copied to a variable of {event.cut_to} bits, and used "
                f"from there only: the first bits are dropped; widen that variable",
            )

    def _check_sign(self) -> None:
        """A negative number that is positive where something wider takes it."""
        event = self.event
        value = number(event.digits, event.code) if event.code in BITS_PER_DIGIT else None
        if value is None or not (event.is_widened and event.target):
            return
        has_sign = event.is_signed or event.is_cast
        if value < 0 or (has_sign and value >> (event.target - 1) & 1):
            self._report("error", "truncated", sign_text(event.digits))

    def _check_decimal(self, value: int) -> None:
        event = self.event
        half = 1 << (event.target - 1)
        if -half <= value < (half if event.is_signed else 2 * half):
            return
        is_kept = -half <= value < 2 * half
        self._report(
            "warning" if is_kept and not self._are_signed() else "error",
            "truncated",
            f"the number {value} does not fit the {event.target} bits of its variable"
            f"{', which takes it as a negative one' if is_kept else ''}: widen the variable",
        )

    def _are_signed(self) -> bool:
        """Whether this line of the testbench reads negative numbers, too: then none stands for its bits."""
        known, line = self.judge_of.signs, self.event.line
        if line not in known:
            words = self.judge_of.stream.word_events()
            known[line] = any(e.digits.startswith(b"-") for e in words if e.line == line)
        return known[line]

    def _check_split(self, token: Token) -> None:
        """A word that is longer than the field: the rest is the next word, unless all pieces are full."""
        event = self.event
        digits = len(token.text) - (event.start - token.start)
        pieces = [
            e
            for e in self.judge_of.stream.word_events()
            if e.status == MATCHED and token.start <= e.start < token.end
        ]
        is_even = pieces[-1].end == token.end and all(len(e.digits) == e.field for e in pieces)
        last_call = [e for e in self.judge_of.stream.events if e.call == pieces[-1].call]
        is_even = is_even and all(e.end <= token.end for e in last_call)
        is_even = is_even and not any(a.is_apart and a.call != b.call for a, b in pairwise(pieces))
        is_whole = self.judge_of.stream.position >= len(self.judge_of.text.content.rstrip())
        rest = self.judge_of.text.content[event.end : event.end + 1]
        if (is_even and is_whole) or not rest.isalnum() or event.run[1] == token.end:
            return
        self._report(
            "error",
            "long-word",
            f"the word has {digits} digits, but the reader takes {event.field}: the rest is read as the "
            f"next word, and every later row is shifted; write words of {event.field} digits",
        )

    def _check_length(self) -> None:
        event = self.event
        room = fewest_digits(event)
        digits = len(event.digits.replace(b"_", b""))
        if digits >= room or (event.code != "b" and "short-word" in self.judge_of.found):
            return
        full, total, lengths = self._lengths(room)
        is_lane = bool(event.field) and event.run != (event.start, event.end)
        are_lanes = len(lengths) == 1 < min(total, digits) and event.is_in_front
        if event.code != "b" and 2 * full <= total and not are_lanes:
            if len(lengths) == 1 < total and self._may_be_negative():
                self._report(
                    "warning",
                    "short-word",
                    f"the words have {digits} digits, this one with the first bit set, but the variable has "
                    f"a sign and {event.target} bits: the number is positive; write {room} digits if it is "
                    f"not",
                )
            return  # values, written without zeros at the left
        is_damaged = (event.code == "b" or is_lane) and bool(event.field) and 2 * full > total
        self._report(
            "error" if is_damaged else "warning",
            "short-word",
            f"the word has {digits} digits, but the reader takes {room}: the value is "
            f"extended with zeros at the left; if lanes are packed in it, write words of {room} digits",
        )

    def _lengths(self, room: int) -> tuple[int, int, set[int]]:
        """Of the words that this line of the testbench reads: how many have `room` digits, how many there
        are, and all lengths."""
        known, line = self.judge_of.lengths, self.event.line
        if (line, room) not in known:
            words = [e for e in self.judge_of.stream.word_events() if e.line == line]
            full = sum(len(e.digits) >= room for e in words)
            matched = {len(e.digits) for e in words if e.status == MATCHED}
            known[line, room] = full, len(words), matched
        return known[line, room]

    def _may_be_negative(self) -> bool:
        """Whether a variable with a sign takes a word the first bit of which is set."""
        event = self.event
        first, per_digit = number(event.digits[:1], event.code), BITS_PER_DIGIT[event.code]
        is_set = first is not None and per_digit > 0 and first >> (per_digit - 1) == 1
        return event.is_signed and event.is_used and is_set


def sign_text(digits: bytes) -> str:
    """What becomes of a negative number beside one without a sign, and what to do."""
    return (
        f"the negative number {shown(digits)} becomes a positive one where something wider takes it, as its "
        f"variable or an operand beside it has no sign: declare all of them as signed"
    )


def fewest_digits(event: ReadEvent) -> int:
    """Digits below which a word is short: the field, but no more than the variable holds."""
    per_digit = BITS_PER_DIGIT.get(event.code, 0)
    return min(event.wanted_digits, -(-event.target // per_digit)) if per_digit else 0

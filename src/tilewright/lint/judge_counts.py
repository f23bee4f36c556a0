"""How many words a reader took of one file, and how many it wanted."""

from __future__ import annotations

from dataclasses import dataclass

from tilewright.errors import counted
from tilewright.lint.counts import border_text, has_zero_border, split_word
from tilewright.lint.file_text import WORDS, Token, shown
from tilewright.lint.judge import Judge
from tilewright.verilog.events import (
    AT_END,
    EMPTY,
    MATCHED,
    NO_KEY,
    OUTSIDE,
    MemoryLoad,
    ReadEvent,
)


@dataclass(frozen=True, slots=True)
class CountJudge:
    """The findings about the number of words."""

    judge_of: Judge

    @property
    def are_missed(self) -> bool:
        """Whether the testbench shows by something else than a read of a number that there are too few."""
        stream = self.judge_of.stream
        is_few = any(e.is_last_of_few or e.lacks for e in stream.events)
        return bool(self._texts_missing() or stream.complaint or is_few)

    def _texts_missing(self) -> list[ReadEvent]:
        """Reads of a text, by %s or %c, that do harm as they found the end of the file."""
        return [
            e
            for e in self.judge_of.stream.events
            if e.is_text
            and not e.is_char
            and e.status == AT_END
            and self.judge_of.matters(e)
            and (e.is_used or e.code != "c" or not e.matched)  # a separator that nobody asks for
        ]

    def check(self, words: list[ReadEvent]) -> None:
        """Too few words, too many, or a last one that is left aside; at most one of the first two."""
        ends = [e for e in words if e.status == AT_END] + self._texts_missing()
        ends.sort(key=lambda e: e.call)
        failed = {e.call: e for e in reversed(ends)}
        judge, stream = self.judge_of, self.judge_of.stream
        harmful = [e for e in failed.values() if judge.matters(e)]
        taken = {e.start for e in (*stream.events, *words)}  # a reader may seek
        behind = [t for t in judge.text.tokens if t.start >= stream.position]
        left = [t for t in behind if t.start not in taken]
        matched = sum(e.status == MATCHED for e in words)
        few = [*harmful[::-1], *(e for e in (*words, *stream.events) if e.is_last_of_few)]
        lacking = [e for e in (*words, *stream.events) if e.lacks]
        records = len({e.call for e in words if e.status == MATCHED})
        told = [e for e in failed.values() if e.is_reported or e.is_fatal]
        if stream.is_assumed and (few or told):
            self._judge_answers(records, few, told)
        elif harmful:
            self._report_few(harmful[-1], matched, len(failed))
        elif few:
            self._report_unfilled(few[0], matched)
        elif lacking and not stream.is_assumed:
            self._report_lacking(lacking[0], matched, matched + len(left))
        elif stream.complaint and not stream.is_assumed:
            self._report_complaint(*stream.complaint, matched)
        elif any(e.in_loop == "counted" and not e.is_settled for e in failed.values()):
            judge.report(
                "warning",
                "over-read",
                f"the reader takes {counted(len(failed), 'word')} more than there are, and uses none of them",
                max(len(judge.text.content) - 1, 0),
                next(iter(failed.values())).line,
            )
        elif not left:
            self._check_last(words)
        if left and not judge.is_cut and not harmful:
            self._report_left(words, matched, left)

    def _judge_answers(self, records: int, few: list[ReadEvent], told: list[ReadEvent]) -> None:
        """How many words are read hangs on the design: as many as go to it are taken for its answers.

        records: those that were read. few, told: reads behind the last word that do harm, and those of which
        the testbench tells.
        """
        judge = self.judge_of
        others = [(file, count) for file, count in judge.given if count > records]
        if any(count == records for _, count in judge.given):
            return
        if few:
            message = (
                "how many words are read depends on the design, or on time, which are not followed"
            )
            judge.report("undecided", "undecided", message, 0, few[0].line)
        elif others:
            file, count = others[0]
            judge.report(
                "warning",
                "over-read",
                f"the reader takes {counted(records, 'word')} as the design lets it, but {count} of '{file}' "
                f"go to the design: if each has an answer, the file is cut short",
                max(len(judge.text.content) - 1, 0),
                told[0].line,
            )

    def _check_last(self, words: list[ReadEvent]) -> None:
        """The last words, which a loop leaves aside that asks `$feof` first, or ends with another file."""
        matched = [e for e in words if e.status == MATCHED]
        last = matched[-1:]
        if not last or last[0].in_loop != "open":
            return
        taken = dict.fromkeys((e.call for e in matched), False)
        for e in matched:
            taken[e.call] |= e.is_used or e.is_exposed or e.is_copied
        texts = [e for e in self.judge_of.stream.events if e.call == last[0].call]
        if taken.pop(last[0].call) or not taken or not all(taken.values()):
            return
        if any(e.is_used for e in texts):
            return  # the testbench goes on behind the read: it does not want that number
        said = f"the reader takes the last word, {shown(last[0].digits)}, and leaves it aside, as "
        if last[0].call == self.judge_of.stream.ended_by:
            severity, why = (
                "error",
                "$feof is true behind it: go on as long as the result of $fscanf",
            )
            why += " is what it should be"
        else:
            severity, why = "warning", "its loop ends first: does another file have fewer words?"
        self.judge_of.report(severity, "last-unused", said + why, last[0].start, last[0].line)

    def _report_complaint(self, line: int, text: str, present: int) -> None:
        self.judge_of.report(
            "error",
            "complaint",
            f"the file has {counted(present, 'word')}, and the testbench complains of that: "
            f"{shown(text.encode())}",
            max(len(self.judge_of.text.content) - 1, 0),
            line,
        )

    def _report_unfilled(self, event: ReadEvent, present: int) -> None:
        message = (
            f"the reader takes all words, {present}, and fills a memory with them, but uses others of it: "
            f"the file is cut short, or was written for another shape; the others are x"
        )
        self.judge_of.report(
            "error",
            "too-few-words",
            message,
            max(len(self.judge_of.text.content) - 1, 0),
            event.line,
        )

    def _report_lacking(self, event: ReadEvent, taken: int, present: int) -> None:
        self.judge_of.report(
            "error",
            "outside-memory" if event.lacks == OUTSIDE else "too-few-words",
            f"{lacking_text(event)}; the reader takes {taken} of {counted(present, 'word')}",
            max(len(self.judge_of.text.content) - 1, 0),
            event.line,
        )

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
        self.judge_of.report(
            "error",
            "padding" if edges and not event.matched else "too-few-words",
            f"the reader takes {counted(present + missing, 'word')}, but the file has {present}: "
            f"{why}; {tail}",
            max(len(self.judge_of.text.content) - 1, 0),
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
        if edges and has_zero_border([t.text for t in self.judge_of.text.words]):
            severity, kind = "error", "padding"
            why = f"{edges[1]} with their border where {edges[0]} are read"
        if self.judge_of.stream.is_assumed:
            why = "how many are read depends on the design, or on time"
        self.judge_of.report(
            severity,
            kind,
            f"the reader takes {counted(taken, 'word')}, but the file has {taken + len(left)}: {why}; "
            f"{len(left)} words are left unread",
            left[0].start,
            last.line,
        )

    def check_parts(self, words: list[ReadEvent]) -> None:
        """A line of parts that are one word together, where the other lines are one word each."""
        last = words[-1]  # the first one may be a count
        code = last.code
        if code not in ("b", "o", "h"):
            return
        split = split_word(self.judge_of.text.words, WORDS[code], field=last.field)
        if split is not None and split.start < self.judge_of.stream.position:
            self.judge_of.report(
                "error",
                "spaced-word",
                "the line is one word with spaces in it, and each part of it is read as a word of its own: "
                "write the word without spaces",
                split.start,
                words[0].line,
            )

    def _is_spaced(self, words: list[ReadEvent]) -> bool:
        """Whether each line is one word with spaces in it: its parts add up to what a read has room for."""
        room = words[-1].wanted_digits
        lines: dict[int, list[Token]] = {}
        for token in self.judge_of.text.words:
            lines.setdefault(token.line, []).append(token)
        sums = {sum(len(token.text) for token in tokens) for tokens in lines.values()}
        is_split = all(len(tokens) > 1 for tokens in lines.values())
        return bool(room) and is_split and sums == {room} and 1 < len(lines) == len(words)

    def _report_spaced(self, words: list[ReadEvent]) -> None:
        self.judge_of.report(
            "error",
            "spaced-word",
            f"each line has parts with spaces between them, but the reader takes one word of "
            f"{words[-1].wanted_digits} digits a line: every part is read as a word of its own; write "
            f"the word without spaces",
            words[0].start,
            words[0].line,
        )


def lacking_text(source: ReadEvent | MemoryLoad) -> str:
    """What a testbench uses that is not there, and what to do. source: where the array has its words from."""
    what, lacks = f"the testbench uses {source.lacked}", source.lacks
    if lacks == OUTSIDE:
        return f"{what}, which its array does not have: correct the address"
    if lacks == NO_KEY:
        return f"{what}, whose key nothing gives: correct the key, or the file"
    if lacks == EMPTY:
        return f"{what}, but no word ever comes into that array: fill it"
    return f"{what}, which nothing fills, so that it is x: fill all that are used, or correct the addresses"

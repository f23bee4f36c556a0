"""What a vector file holds, without a layout: tokens, header lines, words, line numbers."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from tilewright.verilog.events import BYTES, MATCHED, MemoryLoad, ReadEvent, Stream

_TOKEN = re.compile(rb"\S+")
WORDS = {
    "b": re.compile(rb"[01xXzZ?_]+"),
    "o": re.compile(rb"[0-7xXzZ?_]+"),
    "h": re.compile(rb"[0-9a-fA-FxXzZ?_]+"),
    "d": re.compile(rb"[+-]?[0-9_]+"),
    "f": re.compile(rb"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"),
}
_ODD = re.compile(rb"[^\t\n\v\f\r -~]+")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")
_COMMENT = re.compile(rb"//[^\n]*|/\*.*?\*/", re.DOTALL)
COMMENTS = (b"#", b"/", b";", b"*", b"%", b"!", b"--")
"""How a line begins that no reader takes for a record."""
SHOWN = 40


@dataclass(frozen=True, slots=True)
class Token:
    """Text without white space: where it stands, and on which line (from 1)."""

    start: int
    end: int
    line: int
    text: bytes


@dataclass(frozen=True)
class FileText:
    """A text file, cut at white space. base: of its words, "b o h d f"."""

    content: bytes
    base: str = "b"

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        """All tokens in order."""
        return tuple(
            Token(m.start(), m.end(), self.line(m.start()), m.group())
            for m in _TOKEN.finditer(self.content)
        )

    @cached_property
    def header(self) -> tuple[Token, ...]:
        """The tokens on the lines before the first line that holds words only."""
        wrong = {t.line for t in self.tokens if not WORDS[self.base].fullmatch(t.text)}
        first = next((t.line for t in self.tokens if t.line not in wrong), None)
        return tuple(t for t in self.tokens if first is None or t.line < first)

    @property
    def words(self) -> tuple[Token, ...]:
        """The tokens after the header, whatever they hold."""
        return self.tokens[len(self.header) :]

    @property
    def header_lines(self) -> int:
        """Lines with header tokens."""
        return len({token.line for token in self.header})

    @property
    def lines_before_words(self) -> int:
        """Lines before the first word, empty ones too."""
        return self.words[0].line - 1 if self.words else 0

    @cached_property
    def header_end(self) -> int:
        """Offset behind the last header token."""
        return self.header[-1].end if self.header else 0

    def line(self, offset: int) -> int:
        """Number of the line that holds the byte at `offset`, from 1."""
        return bisect_right(self._starts, offset)

    def token_at(self, offset: int) -> Token | None:
        """The token that holds the byte at `offset`, or None."""
        at = bisect_right(self._token_starts, offset) - 1
        token = self.tokens[at] if at >= 0 else None
        return token if token is not None and offset < token.end else None

    @property
    def binary_line(self) -> int:
        """First line with a byte that is no printable ASCII or white space; 0 if there is none."""
        odd = _ODD.search(self.content)
        return self.line(odd.start()) if odd else 0

    def odd_line(self, opened: Stream | MemoryLoad) -> int:
        """First line with such a byte that the reader does not pass over, in a comment, header or trailer."""
        events = opened.events if isinstance(opened, Stream) else []
        octets = [event for event in events if event.code in (BYTES, "c")]
        if octets:
            end = octets[-1].end if octets[-1] is events[-1] else len(self.content)
            return FileText(_blanked(self.content[:end], octets), self.base)._odd_line(opened)
        return self._odd_line(opened)

    def _odd_line(self, opened: Stream | MemoryLoad) -> int:
        if not self.binary_line or _CONTROL.search(self.content):
            return self.binary_line
        if isinstance(opened, MemoryLoad):
            passed = [m.span() for m in _COMMENT.finditer(self.content)]
        elif not _is_utf8(self.content):
            return self.binary_line
        else:
            passed = [(e.start, e.end) for e in opened.events if not e.is_word]
            if any(e.status == MATCHED for e in opened.word_events()):
                passed.append((opened.position, len(self.content)))
        passed.sort()
        starts = [start for start, _ in passed]
        ends = list(accumulate((end for _, end in passed), max))
        for odd in _ODD.finditer(self.content):
            at = bisect_right(starts, odd.start()) - 1
            if at < 0 or ends[at] <= odd.start():
                return self.line(odd.start())
        return 0

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(m.end() for m in re.finditer(rb"\n", self.content))]

    @cached_property
    def _token_starts(self) -> list[int]:
        return [token.start for token in self.tokens]


def _blanked(content: bytes, octets: list[ReadEvent]) -> bytes:
    """A text without what a reader takes by octets, which may have any value."""
    text = bytearray(content)
    for event in octets:
        text[event.start : event.end] = b" " * (event.end - event.start)
    return bytes(text)


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def file_base(stream: Stream) -> str:
    """Base of the numbers that the reader takes from a file: "b o h d"."""
    return next((event.code for event in stream.word_events()), "b")


def shown(text: bytes) -> str:
    """Text for a message, shortened."""
    quoted = repr(text.decode("ascii", "backslashreplace"))
    return quoted if len(quoted) <= SHOWN else f"{quoted[: SHOWN - 4]}...'"

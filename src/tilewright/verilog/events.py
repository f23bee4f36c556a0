"""What a reader did with a file: the record from which lint judges."""

from __future__ import annotations

import dataclasses
from bisect import bisect_right
from dataclasses import dataclass

MATCHED, NO_MATCH, AT_END = "matched", "no match", "at end"
BYTES = "bytes"
"""The code of a read of `$fread`."""
NO_TARGET = "*"
"""In place of a bad code: a call that gives no variable."""
BROKEN_DIGITS = "1_"
"""In place of a bad code: a binary word of which Icarus 11 breaks off the simulation."""
UNFILLED, OUTSIDE, EMPTY, NO_KEY = "unfilled", "outside", "empty", "key"
"""What a testbench uses of a memory: an element that nothing filled, one that is not there, one of an array
that can grow and into which nothing ever came, one of a key that nothing gave."""
HEX_LETTERS = tuple(bytes([one]) for one in b"abcdefABCDEF")
MISSED, ENCLOSED = -2, 2
"""Where comparisons by order find a character: outside of what they ask for; between two bounds."""
DIGITS = {
    "b": b"01xXzZ?_",
    "o": b"01234567xXzZ?_",
    "h": b"0123456789abcdefABCDEFxXzZ?_",
    "d": b"0123456789_",
}
BITS_PER_DIGIT = {"b": 1, "o": 3, "h": 4, "d": 0}


@dataclass(slots=True)
class Parts:
    """What a testbench does with the characters of a line.

    hits: those for which it asks and that are there; no_zeros, no_ones: those of which it asks whether they
    are the digit 0, or 1, and that are not; odd_digit: one with which it computes as a digit, and that is
    none; given: those that go to the design.
    """

    hits: bytes = b""
    no_zeros: bytes = b""
    no_ones: bytes = b""
    odd_digit: bytes = b""
    given: bytes = b""


@dataclass(slots=True)
class ReadEvent:
    """One conversion of `$fscanf`, or one `$fgets`.

    code: "b", "o", "h", "d", "f" for a word, "s" for a token, "c" for a character, "line" for `$fgets`, BYTES
    for `$fread`, where `matched` counts bytes; of a dropped conversion "s". line: in the testbench. field:
    digits that the format allows, 0 for any number. target: bits of the variable, `is_signed` or not. start,
    end: of what was consumed, in bytes, white space before it left out. run: start and end of the conversions
    of one call that follow on one another without white space. in_loop: innermost loop is "counted" or "open"
    (it goes on as the file does). words: what a later `$sscanf` made of the line. call: number of the read,
    which all conversions of one share. matched: how many conversions of the call matched; texts: those by
    `%s` and `%c`. is_used: the testbench looked at the value that this read left; of one that failed, at the
    old value; is_computed: not only in the condition of an `if`; is_compared: with what is no constant.
    is_exposed: the variable goes to the design. is_fatal: the testbench ended the simulation because this
    read failed; is_reported: it printed something. is_settled: it took note of the end, and went on without
    the value. literal: a character of the format that did not match; is_apart: white space stands behind it
    in the format. is_in_line: it is one of a line's words; is_blind: nobody looks at how many its `$sscanf`
    found, and `room` are the characters of the part of the line that it was given; is_short_line: the line
    ends before the format does; has_default: the variables that it left alone hold what the testbench set,
    and no older word; is_outside: it was stored at an address that its memory does not have, and is_missed:
    something looked for it there. is_copied: to another variable. cuts: variables that got a copy of the
    number without its first bits, of which `cut_to` were kept; is_cut_used, is_whole_used: somebody looked at
    such a copy, or at the number elsewhere. is_last_of_few: its loop ended with the file, and left elements
    of a memory without a word that the testbench uses; lacks: what it uses of a memory that no word filled,
    one of UNFILLED, OUTSIDE, EMPTY and NO_KEY; lacked: its name and address. is_char: of `$fgetc`, or one by
    `$fread`, where is_checked says that the testbench asked whether it is the end of the file; is_seen: it
    looked at the character at all; is_weighed: it compared it with others, not in a loop that goes on as the
    file does; is_known: with what it is, or by order; doubts: with these others; is_digit: it is taken for
    one. is_parted: of a line in a register, some characters were taken by their place; odd_part: one of which
    a bit was taken that is no binary digit. is_beyond: somebody took bits of it that its variable does not
    have. has_x: digits x or z are in its variable; is_x_used: somebody computes with those; is_x_shown:
    prints them; is_x_asked: asks for them. is_letter: a character is taken for a digit that is a letter;
    is_met: a comparison asks for this very one. bounds: how many comparisons by order held of a character,
    one after the other; MISSED behind one that did not. parts: what was asked of the characters of a line.
    is_rounded: a real number in a variable that has no room for its fraction. is_in_front: somebody took bits
    in front of its digits. is_widened: something put zeros in front of it; is_cast: that was behind
    `$signed`. owner: the file; leader: the one that is read before it in turn, and gave something; load: that
    of which it stands for the number of words.
    """

    code: str
    line: int
    field: int
    target: int
    status: str
    start: int
    end: int
    digits: bytes = b""
    run: tuple[int, int] = (0, 0)
    in_loop: str = ""
    is_checked: bool = False
    words: list[ReadEvent] = dataclasses.field(default_factory=list)
    is_signed: bool = False
    call: int = 0
    matched: int = 0
    texts: int = 0
    is_used: bool = False
    is_computed: bool = False
    is_compared: bool = False
    is_exposed: bool = False
    is_fatal: bool = False
    is_reported: bool = False
    is_settled: bool = False
    literal: int = 0
    is_in_line: bool = False
    is_blind: bool = False
    room: int = 0
    is_apart: bool = False
    is_short_line: bool = False
    has_default: bool = False
    is_outside: bool = False
    is_missed: bool = False
    is_copied: bool = False
    cuts: frozenset[object] = frozenset()
    cut_to: int = 0
    is_cut_used: bool = False
    is_whole_used: bool = False
    is_last_of_few: bool = False
    lacks: str = ""
    lacked: str = ""
    is_char: bool = False
    is_seen: bool = False
    is_weighed: bool = False
    is_known: bool = False
    doubts: bytes = b""
    is_digit: bool = False
    odd_part: bytes = b""
    is_rounded: bool = False
    is_widened: bool = False
    is_cast: bool = False
    is_in_front: bool = False
    is_beyond: bool = False
    is_parted: bool = False
    has_x: bool = False
    is_x_used: bool = False
    is_x_shown: bool = False
    is_x_asked: bool = False
    is_letter: bool = False
    is_met: bool = False
    bounds: int = 0
    parts: Parts | None = None
    owner: Stream | None = dataclasses.field(default=None, repr=False, compare=False)
    leader: Stream | None = dataclasses.field(default=None, repr=False, compare=False)
    load: MemoryLoad | None = dataclasses.field(default=None, repr=False, compare=False)

    def cut(self, key: object, *, width: int) -> None:
        """The variable `key` of `width` bits gets the number without its first bits."""
        self.is_whole_used = self.is_whole_used or (self.is_exposed and not self.cuts)
        self.cuts, self.cut_to = self.cuts | {key}, self.cut_to or width

    def look_through(self, key: object) -> None:
        """Somebody looks at the number, through the variable `key` that holds it or a part of it."""
        if key in self.cuts:
            self.is_cut_used = True
        else:
            self.is_whole_used = True

    def part(self) -> Parts:
        """What is asked of the characters of a line, to be added to."""
        self.parts = self.parts or Parts()
        return self.parts

    @property
    def are_x_wanted(self) -> bool:
        """Whether its digits x or z do no harm: nobody computes with them, nor prints them unasked."""
        is_shown = self.is_x_shown and not self.is_x_asked
        return self.has_x and not (self.is_x_used or self.is_exposed or is_shown)

    @property
    def is_word(self) -> bool:
        """Whether this read takes a number."""
        return self.code in DIGITS or self.code == "f"

    @property
    def is_thrown(self) -> bool:
        """Whether this read takes a line at which nobody looks."""
        is_taken = self.is_used or self.is_parted or self.is_seen or self.parts is not None
        return self.code == "line" and not (is_taken or self.words)

    @property
    def is_text(self) -> bool:
        """Whether this read takes characters, not a number."""
        return self.code in ("s", "c")

    @property
    def wanted_digits(self) -> int:
        """Digits that the reader has room for; 0 for decimal numbers of any length."""
        if self.field:
            return self.field
        per_digit = BITS_PER_DIGIT.get(self.code, 0)
        return -(-self.target // per_digit) if per_digit else 0


@dataclass(slots=True)
class Stream:
    """One file that the reader opened with `$fopen`, from opening to the end.

    name: as the reader gives it. content: None if the file is missing. is_lost: some reads could
    not be followed, for the `reason` at `reason_line`. is_assumed: how often it is read depends on the
    design; followed as if the design were always ready; is_gated: a condition asks it before each read.
    is_own: the testbench wrote the file itself; is_opaque: what it wrote is not known. is_optional: it is
    missing, and the testbench goes on without reading or complaining. line: of `$fopen`.
    lost_name: the whole name, if a register cut its front off. bad_code, bad_place: a conversion, and a
    place to write to, that the simulator refuses. failures: reads that failed one after the other, the last
    ones. holders: the variables that held its handle. ended_by: the last call behind which `$feof` was true.
    complaint: where the testbench complains of how many words there are, and what it says; criticized: of a
    text, or of one word more, or (True) of a number. seeks: places to which it went; tells: those that it
    asked for.
    """

    name: str
    line: int
    content: bytes | None
    file: str = ""
    lost_name: str = ""
    position: int = 0
    at_end: bool = False
    is_lost: bool = False
    is_assumed: bool = False
    is_gated: bool = False
    is_own: bool = False
    is_opaque: bool = False
    is_optional: bool = False
    bad_code: str = ""
    bad_place: str = ""
    failures: int = 0
    ended_by: int = 0
    complaint: tuple[int, str] | None = None
    criticized: tuple[int, str, bool] | None = None
    seeks: set[int] = dataclasses.field(default_factory=set)
    tells: set[int] = dataclasses.field(default_factory=set)
    holders: set[str] = dataclasses.field(default_factory=set)
    events: list[ReadEvent] = dataclasses.field(default_factory=list)

    def peek(self) -> int:
        """The next byte, or -1 at the end."""
        content = self.content or b""
        if self.position < len(content):
            return content[self.position]
        self.at_end = True
        return -1

    @property
    def is_octets(self) -> bool:
        """Whether it is read by octets alone, which may have any value."""
        return all(event.code in (BYTES, "c") for event in self.events)

    def led_by(self, before: ReadEvent | None) -> Stream | None:
        """The file that gave something just before, if the two are read in turn, and that one first."""
        other = None if before is None or before.status != MATCHED else before.owner
        if other is None or not (other.events and self.events):
            return None
        return other if other.events[0].call < self.events[0].call else None

    def line_at(self, offset: int) -> ReadEvent | None:
        """The line read by `$fgets` that holds the byte at `offset`."""
        at = bisect_right(self.events, offset, key=lambda event: event.start) - 1
        event = self.events[at] if at >= 0 else None
        return event if event is not None and event.code == "line" else None

    def byte_events(self) -> list[ReadEvent]:
        """All reads of `$fread` in order."""
        return [event for event in self.events if event.code == BYTES]

    def word_events(self) -> list[ReadEvent]:
        """All reads of numbers in order, also those out of lines."""
        words: list[ReadEvent] = []
        for event in self.events:
            words += [event] if event.is_word else [word for word in event.words if word.is_word]
        return words


@dataclass(slots=True)
class MemoryLoad:
    """One `$readmemb` or `$readmemh`.

    width: bits of a word, 0 if the memory lies in the design, which is not given; has_lanes: it is a packed
    array. first, last: addresses to fill, in that order, downwards too; has_range: the call gives both;
    is_outside: the memory does not have them, and nothing is loaded. stale_reads: addresses to fill that the
    testbench used though nothing had filled them. is_seen: the testbench looked at a word of the memory;
    is_blurred: something that is not followed looks at it, or the testbench does so at an address that is not
    known. given: the words of the file, by their index in the memory; kept: those of the load before it that
    it should have replaced; is_again: both are of one call. old_reads: addresses of those that the testbench
    looked at. indices: addresses of the elements of a memory with several dimensions. widened: of those in
    front of which something put zeros. beyond: stands for what the testbench finds at addresses that the
    memory does not have. lacks, lacked: as of a `ReadEvent`. open_words: stand for the words with digits x or
    z in the memory, by their address. complaint: where the testbench complains of how many words there are,
    and what it says. partner: the load of a memory with whose words those of this one are compared, up to its
    end, and that has more.
    """

    name: str
    line: int
    base: str
    content: bytes | None
    width: int
    first: int
    last: int
    has_range: bool
    is_outside: bool = False
    is_signed: bool = False
    has_lanes: bool = False
    file: str = ""
    lost_name: str = ""
    is_own: bool = False
    is_opaque: bool = False
    stale_reads: set[int] = dataclasses.field(default_factory=set)
    used: set[int] = dataclasses.field(default_factory=set)
    indices: dict[object, int] = dataclasses.field(default_factory=dict)
    given: dict[object, object] = dataclasses.field(default_factory=dict)
    kept: dict[object, object] = dataclasses.field(default_factory=dict)
    is_again: bool = False
    old_reads: set[int] = dataclasses.field(default_factory=set)
    is_seen: bool = False
    is_blurred: bool = False
    widened: set[int] = dataclasses.field(default_factory=set)
    beyond: ReadEvent | None = None
    open_words: dict[int, ReadEvent] = dataclasses.field(default_factory=dict)
    complaint: tuple[int, str] | None = None
    lacks: str = ""
    lacked: str = ""
    partner: MemoryLoad | None = dataclasses.field(default=None, repr=False, compare=False)

    @property
    def is_followed(self) -> bool:
        """Whether every use of the memory was seen."""
        return self.is_seen and not self.is_blurred

    @property
    def room(self) -> int:
        """How many addresses are filled."""
        return abs(self.last - self.first) + 1

    def address_of(self, index: object) -> int | None:
        """The address of an element; None if it has none."""
        address = self.indices.get(index) if self.indices else index
        return address if isinstance(address, int) else None

    def fills(self, address: int) -> bool:
        """Whether an address is one of those to fill."""
        return not self.width or (
            min(self.first, self.last) <= address <= max(self.first, self.last)
        )

"""What variables hold while a testbench is followed, and who uses what a read left in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from tilewright.verilog.events import AT_END, BYTES, MATCHED, ReadEvent
from tilewright.verilog.heap import LEAF, static_name
from tilewright.verilog.simulators import ICARUS, Simulator
from tilewright.verilog.stored import Gap, Key, Memory, Outside
from tilewright.verilog.values import UNKNOWN, Value

ASKED_END, ASKED_SPACE, WEIGHED, DIGIT, LETTER = "end", "space", "weighed", "digit", "letter"
"""What a comparison asks of a character: is it the end of the file, or white space, or which one is it? Or it
is taken for a digit, as by ``c - "0"``, or for one that is a letter, as by ``c - "A" + 10``."""


@dataclass(slots=True, kw_only=True)
class Holdings:
    """Variables and arrays by their hierarchical path.

    simulator: whose reads are followed. reaches: of memories that blocks fill which are not followed, the
    highest address to which those can write. volatile: variables that change on their own. exposed: those
    that the design sees; monitored: those that are printed whenever they change. marks: which read left the
    value that a variable holds; ends: those that found the end of a file, though they may be none any more;
    pending: reads that failed, by the variable that holds the result, at which nobody has looked;
    gaps: elements at which somebody looked before they were filled. structures: variables with members.
    is_matching: what is looked at is a pattern with open digits. is_parting: a part of it is, and
    is_printing: it is printed. is_merging: a part of a variable is assigned, and the rest of it stays;
    is_condition: that of an `if` is computed. asked: what the comparison asks of a character that is
    computed; asked_for: whether it is this one, None for any question. looked: reads whose values the
    condition looked at that was computed last; searched: those that filled an array in which it looked for a
    key, or of whose text it compared a part; holes: elements that nothing filled, of which it asked whether
    they are x. pairs: arrays whose elements are compared with one another. last_char: the character at which
    a comparison looked. loops: those around, each "counted" or "open".
    """

    volatile: frozenset[str] = frozenset()
    exposed: frozenset[str] = frozenset()
    monitored: frozenset[str] = frozenset()
    simulator: Simulator = ICARUS
    reaches: Mapping[str, int] = field(default_factory=dict)
    values: dict[str, Value] = field(default_factory=dict)
    memories: dict[str, Memory] = field(default_factory=dict)
    structures: set[str] = field(default_factory=set)
    marks: dict[Key, ReadEvent] = field(default_factory=dict)
    ends: dict[Key, ReadEvent] = field(default_factory=dict)
    pending: dict[str, ReadEvent] = field(default_factory=dict)
    gaps: dict[tuple[str, object], Gap] = field(default_factory=dict)
    is_looking: bool = True
    is_matching: bool = False
    is_parting: bool = False
    is_printing: bool = False
    is_merging: bool = False
    is_condition: bool = False
    asked: str = ""
    asked_for: int | None = None
    looked: list[ReadEvent] = field(default_factory=list)
    searched: list[ReadEvent] = field(default_factory=list)
    holes: list[tuple[Memory, object]] = field(default_factory=list)
    pairs: set[tuple[str, str]] = field(default_factory=set)
    last_char: ReadEvent | None = None
    loops: list[str] = field(default_factory=list)

    def is_volatile(self, name: str) -> bool:
        """Whether a variable, or the structure that it is a member of, changes on its own."""
        return name in self.volatile or (LEAF in name and name.partition(LEAF)[0] in self.volatile)

    def is_out_of_reach(self, path: str, at: object) -> bool:
        """Whether the address registers of the blocks that fill a memory are too narrow for this element."""
        return path in self.reaches and isinstance(at, int) and at > self.reaches[path]

    def held(self, name: str) -> Value | None:
        """What a variable holds, though nobody looks; None if nothing was ever assigned."""
        if self.is_volatile(name):
            return UNKNOWN
        value = self.values.get(name)
        return self.values.get(name.partition(LEAF)[0]) if value is None and LEAF in name else value

    def get(self, name: str) -> Value | None:
        """What a variable holds; None if nothing was ever assigned."""
        if name in self.marks:
            self.use(name)
        if name in self.pending:
            del self.pending[name]
        return self.held(name)

    def memory(self, name: str) -> Memory:
        """The array of that name; of a structure that is not known, nothing is known."""
        if name not in self.memories:
            whole, is_leaf, _ = name.partition(LEAF)
            is_known = whole not in self.values
            self.memories[name] = Memory({} if is_known else {None: UNKNOWN})
            self.structures |= {whole} if is_leaf else set()
        return self.memories[name]

    def mark(self, key: Key, event: ReadEvent) -> None:
        """Remember that the value in a variable is the one that a read left there."""
        name = key if isinstance(key, str) else key[0]
        self.marks[key] = event
        if event.status == AT_END:
            self.ends[key] = event
        if static_name(name) in self.exposed:
            event.is_exposed = True
            event.look_through(key)
        if static_name(name) in self.monitored and event.status == MATCHED:
            self.use_event(event, key)
        event.is_outside = event.is_outside or (key is not name and isinstance(key[1], Outside))

    def hand_over(self, event: ReadEvent, key: Key | None) -> None:
        """The value that a read left goes to a variable; a place that is not known may be looked at."""
        if key is not None:
            self.mark(key, event)
        else:
            self.use_event(event, "")

    def first(self, value: Value) -> Value:
        """What a variable that an object or a call has of its own holds at first, where that is `value`."""
        is_open = value.masked is not None and not self.simulator.begins_with_x
        return UNKNOWN if is_open and not self.is_merging else value

    def event_of(self, key: Key | None) -> ReadEvent | None:
        """The read that left the value of a variable; outside of a memory, what its last load left there."""
        if (
            key in self.marks
            or key is None
            or isinstance(key, str)
            or not isinstance(key[1], Outside)
        ):
            return self.marks.get(key) if key is not None else None
        loads = self.memories[key[0]].loads if key[0] in self.memories else []
        if not loads:
            return None
        load = loads[-1]
        load.beyond = load.beyond or ReadEvent("h", load.line, 0, 0, AT_END, 0, 0)
        self.marks[key] = load.beyond
        return load.beyond

    def use(self, key: Key) -> None:
        """Somebody looks at the value of a variable."""
        if (event := self.marks.get(key)) is not None:
            self.use_event(event, key)

    def use_event(self, event: ReadEvent, key: Key) -> None:
        """Somebody looks at the value that a read left in a variable."""
        if event.is_char and self.is_looking and not self._is_used(event):
            return
        if self.is_looking:
            event.is_used = True
            event.is_known |= event.code == BYTES and self.asked != ""
            event.is_computed |= not self.is_condition
            self.looked.append(event)
            event.look_through(key)
            if event.has_x and not (self.is_parting or self.is_merging) and self.has_x(key):
                self.use_x(event)
            event.is_missed |= isinstance(key, tuple) and isinstance(key[1], Outside)

    def has_x(self, key: Key | None) -> bool:
        """Whether a variable holds digits x or z; nobody knows what one holds that is not known."""
        if key is None or isinstance(key, str):
            value = self.values.get(key) if key else None
        else:
            value = self.memories[key[0]].elements.get(key[1]) if key[0] in self.memories else None
        return value is None or value.bits is None

    def use_x(self, event: ReadEvent | None) -> None:
        """Somebody looks at digits x or z that a read left."""
        if event is None or not self.is_looking or self.is_matching or self.is_parting:
            return
        if self.is_printing:
            event.is_x_shown = True
        else:
            event.is_x_used = True

    @contextmanager
    def printing(self) -> Iterator[None]:
        """Within what is printed."""
        before, self.is_printing = self.is_printing, True
        try:
            yield
        finally:
            self.is_printing = before

    def hold_result(self, name: str, event: ReadEvent | None) -> None:
        """A variable gets the result of a read; the one that it held counts as dropped if nobody looked."""
        self.drop_result(name)
        is_watched = self.is_volatile(name) or name in self.exposed or name in self.monitored
        is_open = event is not None and event.status != MATCHED and not event.is_in_line
        if event is not None and is_open and not is_watched:
            self.pending[name] = event

    def drop_result(self, name: str) -> None:
        """The result that a variable held is gone."""
        if (event := self.pending.pop(name, None)) is not None:
            event.is_checked = False

    def begin_condition(self) -> None:
        """A condition is computed: nothing has been looked at."""
        self.looked.clear()
        self.searched.clear()
        self.holes.clear()

    def _is_used(self, event: ReadEvent) -> bool:
        """Whether a look at a character is a use of it; one of a comparison asks something."""
        event.is_seen, self.last_char = True, event
        event.is_checked |= self.asked == ASKED_END
        event.is_weighed |= self.asked == WEIGHED and self.loops[-1:] != ["open"]
        if self.asked in (DIGIT, LETTER):
            event.is_digit |= self.asked == DIGIT
            event.is_letter |= self.asked == LETTER
        elif self.asked_for is not None and self.asked_for & 0xFF not in event.digits:
            event.doubts += bytes([self.asked_for & 0xFF])
        elif self.asked != ASKED_END:
            event.is_known = True
            event.is_met |= self.asked_for is not None
        return self.asked in ("", DIGIT, LETTER)

    def take_char(self) -> ReadEvent | None:
        """The character at which a comparison looked, once."""
        char, self.last_char = self.last_char, None
        return char

    @contextmanager
    def asking(self, what: str, number: int | None = None) -> Iterator[None]:
        """Within a comparison, which asks something of a character; number: whether it is this one."""
        before = self.asked, self.asked_for
        self.asked, self.asked_for = what, number
        try:
            yield
        finally:
            self.asked, self.asked_for = before

    @contextmanager
    def unused(self) -> Iterator[None]:
        """Within what looks at a value without using it."""
        before, self.is_looking = self.is_looking, False
        try:
            yield
        finally:
            self.is_looking = before

    def settle(self) -> None:
        """At the end of a turn of a loop: reads that found the end, and were looked at, are done with."""
        ended = [
            key
            for key, event in self.ends.items()
            if self.marks.get(key) is event and event.is_checked and not event.matched
            and event.in_loop == "open" and not event.is_used
        ]  # fmt: skip
        for key in ended:
            self.marks.pop(key).is_settled = True

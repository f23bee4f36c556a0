"""The state of a testbench while it is followed: variables, open files, what was left undecided."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from posixpath import normpath

from tilewright.verilog.acts import Acts
from tilewright.verilog.events import MemoryLoad, ReadEvent, Stream
from tilewright.verilog.file_names import is_exact_file, letter_case_twin
from tilewright.verilog.heap import LEAF, Heap, static_name
from tilewright.verilog.holdings import Holdings
from tilewright.verilog.news import NO_CAUSES, NOTHING, Causes, Items, News, Saying
from tilewright.verilog.plusargs import Plusargs
from tilewright.verilog.signals import FinishSimulationSignal, StopProcessSignal
from tilewright.verilog.stored import Held, Key, Parts, WrittenFile
from tilewright.verilog.values import UNKNOWN, Value

MAX_STEPS = 1_000_000
MAX_FILE_BYTES = 256 << 20
MAX_PRINTED = 100_000
"""Lines that are kept of what the testbench prints."""
FIRST_HANDLE = 0x8000_0003
WORD = 0xFFFF_FFFF
SHARED = "two processes read one file, or change one object: which is the first depends on time"
WIDE = 4096
"""Bits from which on a value costs more than one step."""


@dataclass(slots=True)
class Machine(Holdings):
    """Variables by their hierarchical path, and files by their handle.

    folder: where the simulation runs. notes: line and message of what could not be followed; faults: those,
    the file and a kind, of calls that read nothing. names: of all files opened, by handle. later: what
    variables are to hold once time goes on. ends_by_time: a block waits, and ends the simulation. is_cut:
    `$finish` in a branch ended the simulation. ignores_case: open a file of the same name in other letter
    case, too. contents: of files read. printed: lines of the testbench, None where not known. written: files
    that it writes. heap: objects of classes. acts: what is done besides; news: of reads that failed.
    plusargs: of the run. absent: the file opened last, if it is missing. popped: the structure taken out of
    a queue last. shared: properties that two processes change, and the lines.
    """

    folder: Path
    plusargs: Plusargs = field(default_factory=Plusargs)
    heap: Heap = field(default_factory=Heap)
    acts: Acts = field(default_factory=Acts)
    news: News = field(default_factory=News)
    handles: dict[int, Stream] = field(default_factory=dict)
    outputs: dict[int, WrittenFile] = field(default_factory=dict)
    written: dict[str, WrittenFile] = field(default_factory=dict)
    streams: list[Stream] = field(default_factory=list)
    loads: list[MemoryLoad] = field(default_factory=list)
    notes: dict[tuple[int, str], None] = field(default_factory=dict)
    faults: dict[tuple[int, str, str, str], None] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    shared: dict[str, int] = field(default_factory=dict)
    later: dict[Key, Held] = field(default_factory=dict)
    printed: list[bytes | None] = field(default_factory=list)
    popped: Parts = field(default_factory=dict)
    last_read: ReadEvent | None = None
    absent: Stream | None = None
    calls: int = 0
    opens: int = 0
    assumptions: int = 0
    max_steps: int = MAX_STEPS
    steps: int = 0
    is_finished: bool = False
    is_cut: bool = False
    ends_by_time: bool = False
    ignores_case: bool = False
    contents: dict[Path, bytes] = field(default_factory=dict)

    def step(self, work: int = 1) -> None:
        """Count one statement, or more for more work; ends a process that does not end."""
        self.steps += work
        if self.steps > self.max_steps:
            raise StopProcessSignal

    @contextmanager
    def loop(self, kind: str) -> Iterator[None]:
        """Within a loop: "counted" (for, repeat) or "open" (it goes on as a file does)."""
        self.loops.append(kind)
        try:
            yield
        finally:
            self.loops.pop()

    @contextmanager
    def branch(self, items: Items = NOTHING, causes: Causes = NO_CAUSES) -> Iterator[None]:
        """Within a branch of a condition that tells this, and looked at these words."""
        try:
            with self.news.branch(items, causes):
                yield
        except FinishSimulationSignal:
            self.is_cut = True
            raise

    def blame(self, said: Saying | None = None, *, is_end: bool) -> None:
        """The testbench says something, or ends the simulation."""
        self.news.blame(said, is_end=is_end, is_over="open" not in self.loops)

    @contextmanager
    def assumed(self) -> Iterator[None]:
        """Within what runs only if the design is ready, which is taken for granted."""
        self.assumptions += 1
        try:
            yield
        finally:
            self.assumptions -= 1

    def next_call(self) -> int:
        """The number of a read that begins."""
        self.calls += 1
        if self.heap.process:
            self.acts.callers[self.calls] = self.heap.process
        return self.calls

    def look_at_design(self) -> Value:
        """Somebody looks at a value of the design, which is not known."""
        self.acts.looks[self.heap.process] = self.calls
        return UNKNOWN

    def set(self, name: str, value: Value) -> None:
        """Assign a variable."""
        self.marks.pop(name, None)
        self.values[name] = UNKNOWN if self.is_volatile(name) else value
        if LEAF in name:
            self.structures.add(name.partition(LEAF)[0])
        bits = value.bits
        if self.handles and bits is not None and (stream := self.handles.get(bits & WORD)):
            stream.holders.add(static_name(name))

    def show(self, text: bytes | None, end: bytes) -> None:
        """The testbench prints a text; None if it is not known."""
        last = self.printed[-1] if self.printed else b"\n"
        is_open = last is not None and not last.endswith(b"\n")
        if len(self.printed) < MAX_PRINTED:
            whole = None if text is None else (last or b"") * is_open + text + end
            self.printed[len(self.printed) - is_open :] = [whole]

    # -- what is not followed

    def undecided(self, line: int, message: str) -> None:
        """Remember, once, what could not be followed."""
        self.notes.setdefault((line, message))

    def touch(self, at: int, line: int) -> None:
        """The process that is followed reads a file, by its handle, in a method."""
        if self.heap.is_shared(at):
            self.lose_shared(line)

    def change(self, name: str, line: int) -> None:
        """The process that is followed changes a property of an object."""
        if name not in self.volatile and self.heap.is_shared(name):
            self.shared.setdefault(name, line)

    def lose_shared(self, line: int) -> None:
        """What two processes do with one object or file, as time decides, is not followed."""
        self.undecided(line, SHARED)
        self.lose_streams([""])

    def reads_nothing(self, handle: Value, line: int, name: str) -> bool:
        """Whether a handle is known to be no file that is open for reading: variables keep their values.

        It may be 0: then no missing file is one that the testbench can do without.
        """
        if handle.bits is not None and self.heap.this and handle.bits:
            self.touch(handle.bits & WORD, line)
        if handle.bits is None or self.stream(handle) is not None:
            return False
        if handle.bits == 0:
            for stream in self.streams:
                stream.is_optional = False
            return True
        message = f"{name} is given a file that is not open for reading: nothing is read"
        self.faults.setdefault((line, message, self._name_of(handle), "bad-handle"))
        return True

    def _name_of(self, handle: Value) -> str:
        return "" if handle.bits is None else self.names.get(handle.bits & WORD, "")

    def refuse(self, line: int, kind: str, file: str | Value, what: str) -> None:
        """Remember that the simulator does not do a call as it stands; `file`: its name, or its handle."""
        name = file if isinstance(file, str) else self._name_of(file)
        self.faults.setdefault((line, f"{self.simulator.title} {what}", name, kind))

    def file_of(self, event: ReadEvent | None) -> str:
        """The file that a read took something of; '' if that is not known."""
        return "" if event is None or event.owner is None else event.owner.file

    def are_opaque(self, names: list[str]) -> bool:
        """Whether these variables hold files alone that the testbench wrote, with what is not known."""
        held = [stream for stream in self.streams if stream.holders & set(names)]
        is_each_known = all(any(name in stream.holders for stream in held) for name in names)
        return bool(names) and is_each_known and all(stream.is_opaque for stream in held)

    def lose_streams(self, names: list[str]) -> None:
        """Reads of the files that these variables hold were not followed; '' is any file."""
        for stream in self.streams:
            if "" in names or stream.holders & set(names):
                stream.is_lost = True

    # -- files

    def open(self, name: bytes, line: int, lost: bytes) -> Value:
        """`$fopen` for reading; a missing file gives handle 0."""
        text = name.decode("latin-1")
        stream = Stream(text, line, None, lost_name=lost.decode("latin-1"))
        own = self.written.get(normpath(text))
        if own is not None:
            stream.file, stream.content = normpath(text), own.text or b""
            stream.is_own, stream.is_opaque = True, own.text is None
        else:
            stream.file, stream.content = self.read_file(text)
        stream.is_assumed = self.assumptions > 0
        self.streams.append(stream)
        self.absent = stream if stream.content is None else None
        if stream.content is None:
            stream.is_optional = True
            return Value(0)
        return self._handle(stream)

    def _handle(self, stream: Stream) -> Value:
        handle = self._next_handle()
        self.handles[handle], self.names[handle] = stream, stream.file
        return Value(handle - (1 << 32), 32, is_signed=True)

    def _next_handle(self) -> int:
        self.opens += 1
        return FIRST_HANDLE + self.opens

    def open_for_writing(self, name: bytes | None, *, is_appended: bool) -> Value:
        """`$fopen` for writing; the file stands in for what lies on disk from here on."""
        file, text = WrittenFile(), ""
        if name is not None:
            text = normpath(name.decode("latin-1"))
            if is_appended:
                old = self.written.get(text)
                file = old or WrittenFile(self.read_file(text)[1] or b"")
            self.written[text] = file
        handle = self._next_handle()
        self.outputs[handle], self.names[handle] = file, text
        return Value(handle - (1 << 32), 32, is_signed=True)

    def close(self, handle: int) -> None:
        """`$fclose`."""
        self.handles.pop(handle, None)
        self.outputs.pop(handle, None)

    @property
    def opened(self) -> list[Stream | MemoryLoad]:
        """Everything that was opened for reading or loaded."""
        return [*self.streams, *self.loads]

    def stream(self, handle: Value) -> Stream | None:
        """The open file of a handle."""
        return None if handle.bits is None else self.handles.get(handle.bits & WORD)

    def read_file(self, name: str) -> tuple[str, bytes | None]:
        """The name of the file that the reader opens, and its content; None if it is not there."""
        path = self.folder / name
        if name and "\0" not in name and is_exact_file(path):
            if path not in self.contents:
                self.contents[path] = path.read_bytes()[: MAX_FILE_BYTES + 1]
            return normpath(name), self.contents[path]
        twin = letter_case_twin(self.folder, name) if self.ignores_case and name else ""
        return self.read_file(twin) if twin and twin != name else (name, None)

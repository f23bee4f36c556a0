"""The state of a testbench while lint follows it: variables, open files, what was left undecided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from tilewright.verilog.events import MemoryLoad, Stream
from tilewright.verilog.values import UNKNOWN, Value

MAX_STEPS = 1_000_000
MAX_FILE_BYTES = 256 << 20
FIRST_HANDLE = 0x8000_0003


class StopProcessSignal(Exception):  # noqa: N818 - control flow, no error
    """The present initial block goes no further."""


class FinishSimulationSignal(Exception):  # noqa: N818 - control flow, no error
    """`$finish` or `$stop`."""


class BreakLoopSignal(Exception):  # noqa: N818 - control flow, no error
    """`break`."""


class ContinueLoopSignal(Exception):  # noqa: N818 - control flow, no error
    """`continue`."""


class ReturnCallSignal(Exception):  # noqa: N818 - control flow, no error
    """`return`."""


class DisableBlockSignal(Exception):  # noqa: N818 - control flow, no error
    """`disable` of a named block; the argument is its name."""


@dataclass(slots=True)
class Memory:
    """An unpacked array: known elements, and the loads that filled it."""

    elements: dict[int, Value] = field(default_factory=dict)
    loads: list[MemoryLoad] = field(default_factory=list)
    loaded: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Machine:
    """Variables by their hierarchical path, and files by their handle.

    folder: where the simulation runs. volatile: variables that change on their own. notes: line and
    message of what could not be followed. is_cut: `$finish` in a branch ended the simulation.
    ignores_case: open a file of the same name in other letter case, too. contents: of files read.
    """

    folder: Path
    volatile: frozenset[str] = frozenset()
    values: dict[str, Value] = field(default_factory=dict)
    memories: dict[str, Memory] = field(default_factory=dict)
    handles: dict[int, Stream] = field(default_factory=dict)
    streams: list[Stream] = field(default_factory=list)
    loads: list[MemoryLoad] = field(default_factory=list)
    notes: dict[tuple[int, str], None] = field(default_factory=dict)
    loops: list[str] = field(default_factory=list)
    max_steps: int = MAX_STEPS
    steps: int = 0
    is_finished: bool = False
    is_cut: bool = False
    ignores_case: bool = False
    contents: dict[Path, bytes] = field(default_factory=dict)

    def step(self) -> None:
        """Count one statement; ends a process that does not end."""
        self.steps += 1
        if self.steps > self.max_steps:
            raise StopProcessSignal

    @contextmanager
    def loop(self, kind: str) -> Iterator[None]:
        """Within a loop: "counted" (for, repeat) or "open" (while, forever)."""
        self.loops.append(kind)
        try:
            yield
        finally:
            self.loops.pop()

    @contextmanager
    def branch(self) -> Iterator[None]:
        """Within a branch of a condition."""
        try:
            yield
        except FinishSimulationSignal:
            self.is_cut = True
            raise

    def get(self, name: str) -> Value:
        """What a variable holds."""
        return self.values.get(name, UNKNOWN)

    def set(self, name: str, value: Value) -> None:
        """Assign a variable."""
        self.values[name] = UNKNOWN if name in self.volatile else value

    def undecided(self, line: int, message: str) -> None:
        """Remember, once, what could not be followed."""
        self.notes.setdefault((line, message))

    def lose_streams(self, handles: list[Value]) -> None:
        """Some reads were not followed: of these handles, or of any if one is not known."""
        known = [h.bits & 0xFFFF_FFFF for h in handles if h.bits is not None]
        every = len(known) < len(handles) or not handles
        for stream in self.streams if every else map(self.handles.get, known):
            if stream is not None:
                stream.is_lost = True

    def open(self, name: bytes, line: int, lost: bytes) -> Value:
        """`$fopen` for reading; a missing file gives handle 0."""
        stream = Stream(name.decode("latin-1"), line, None, lost_name=lost.decode("latin-1"))
        stream.file, stream.content = self.read_file(stream.name)
        self.streams.append(stream)
        if stream.content is None:
            return Value(0)
        handle = FIRST_HANDLE + len(self.streams)
        self.handles[handle] = stream
        return Value(handle - (1 << 32), 32, is_signed=True)

    @property
    def opened(self) -> list[Stream | MemoryLoad]:
        """Everything that was opened for reading or loaded."""
        return [*self.streams, *self.loads]

    def stream(self, handle: Value) -> Stream | None:
        """The open file of a handle."""
        return None if handle.bits is None else self.handles.get(handle.bits & 0xFFFF_FFFF)

    def read_file(self, name: str) -> tuple[str, bytes | None]:
        """Where a file that the reader names lies, and its content; None if it is not there.

        The simulation runs in `folder`, or in a folder above it: of a name with folders that lead
        nowhere from `folder`, the last part is looked up.
        """
        candidates = dict.fromkeys((name.strip(" "), name.strip(" ").rpartition("/")[2]))
        for candidate in candidates:
            path = self.folder / candidate
            if candidate and "\0" not in candidate and is_exact_file(path):
                if path not in self.contents:
                    self.contents[path] = path.read_bytes()[: MAX_FILE_BYTES + 1]
                return PurePosixPath(candidate).as_posix(), self.contents[path]
        twin = letter_case_twin(self.folder, name) if self.ignores_case else ""
        return self.read_file(twin) if twin else (name, None)


def is_exact_file(path: Path) -> bool:
    """Whether a file of exactly this name, letter case included, is there."""
    try:
        return path.is_file() and any(path.name == other.name for other in path.parent.iterdir())
    except (OSError, ValueError):
        return False


def letter_case_twin(folder: Path, name: str) -> str:
    """A file of the same name in other letter case, or ''."""
    wanted = name.rpartition("/")[2].casefold()
    names: Mapping[str, str] = {p.name.casefold(): p.name for p in sorted(folder.iterdir())}
    return names.get(wanted, "")

"""What a testbench keeps values in: memories, elements of them, files that it writes."""

from __future__ import annotations

from dataclasses import dataclass, field

from tilewright.verilog.events import MemoryLoad, ReadEvent
from tilewright.verilog.values import Value

Key = str | tuple[str, object]
"""A variable, or an element of a memory."""

Held = tuple[Value | None, bool, ReadEvent | None]
"""What one holds, whether a statement set it, and the read that left it there."""

Index = tuple[object, ...]
Leaf = dict[Index, tuple[Value | None, ReadEvent | None]]
"""What the elements of a leaf hold, if anything, and the reads that left it; a single value is at ()."""
Parts = dict[str, Leaf | None]
"""The leaves of a structure by their suffixes; None for one that is not known."""


@dataclass(frozen=True, slots=True)
class Outside:
    """An address that a memory does not have: what is written there is lost."""

    at: object


@dataclass(slots=True)
class Memory:
    """An unpacked array: known elements, and the loads that filled it.

    size: of one that can grow; is_open: digits x came into it, and the marks of its elements move with them.
    filler: the last read before an element was stored, in a loop that goes on as a file does; source: in any
    loop. end: the first element without a word of which the testbench asked whether it is x.
    """

    elements: dict[object, Value] = field(default_factory=dict)
    loads: list[MemoryLoad] = field(default_factory=list)
    loaded: set[object] = field(default_factory=set)
    size: int | None = None
    filler: ReadEvent | None = None
    source: ReadEvent | None = None
    is_open: bool = False
    end: object = None

    def copy(self) -> Memory:
        """An array of its own with the same elements."""
        return Memory(
            dict(self.elements),
            list(self.loads),
            set(self.loaded),
            self.size,
            self.filler,
            self.source,
            self.is_open,
            self.end,
        )


@dataclass(frozen=True, slots=True)
class Gap:
    """An element at which somebody looked before anything filled it.

    event: stands for what was found there. source: the read or load from which the array has its words, or
    the last read before the look where it has none. lacks: as in `ReadEvent`. is_early: a loop over a file
    had filled others. is_text: the key is a text.
    """

    memory: Memory
    event: ReadEvent
    source: ReadEvent | MemoryLoad
    lacks: str
    is_early: bool = False
    is_text: bool = False


@dataclass(slots=True)
class WrittenFile:
    """A file that the testbench writes: its text so far, None if a part of it is not known."""

    text: bytes | None = b""


def length(memory: Memory) -> int:
    """How many elements a queue or dynamic array has."""
    grown = max((at for at in memory.elements if isinstance(at, int)), default=-1) + 1
    return grown if memory.size is None else max(memory.size, grown)

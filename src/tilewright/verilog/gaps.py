"""Elements that a testbench uses though nothing ever filled them, where files fill arrays."""

from __future__ import annotations

from typing import Any

from tilewright.verilog.events import (
    AT_END,
    EMPTY,
    NO_KEY,
    OUTSIDE,
    UNFILLED,
    MemoryLoad,
    ReadEvent,
)
from tilewright.verilog.heap import LEAF, static_name
from tilewright.verilog.machine import Machine
from tilewright.verilog.stored import Gap, Memory, Outside, length
from tilewright.verilog.values import BYTE, Value

FIXED, GROWING, NUMBERS, TEXTS = "fixed", "growing", "numbers", "texts"
"""Sorts of arrays: those that cannot grow, those that can, and those with keys."""


def sort_of(type_: Any) -> str:
    """That of the array of a type."""
    if not getattr(type_.canonicalType, "isAssociativeArray", False):
        return FIXED if type_.hasFixedRange else GROWING
    key = type_.canonicalType.associativeIndexType
    return TEXTS if key is not None and key.isString else NUMBERS


def note_gap(machine: Machine, path: str, at: object, default: Value, *, sort: str = FIXED) -> None:
    """Somebody looks at an element; whether it stays empty shows at the end."""
    memory, key = machine.memory(path), (path, at)
    if at is None or key in machine.marks or at in memory.elements or None in memory.elements:
        return
    lacks = _lacking(memory, at, default, sort)
    if lacks == NO_KEY and machine.is_condition and default.masked is None:
        return  # a flag that is 0 where the file does not give it
    source = _source(machine, memory, lacks)
    if (
        (LEAF in path and not _is_single(path, sort))
        or not lacks
        or source is None
        or (machine.is_volatile(path) and not machine.is_out_of_reach(path, at))
    ):
        return
    event = ReadEvent("h", source.line, 0, 0, AT_END, 0, 0)
    machine.marks[key] = event
    is_early = lacks == UNFILLED and memory.filler is not None
    machine.gaps[key] = Gap(memory, event, source, lacks, is_early, sort == TEXTS)


def _is_single(path: str, sort: str) -> bool:
    """Whether a name with members or rows in it is one of an array of its own, as that of queues is."""
    return sort == FIXED or (sort == GROWING and path.rpartition(LEAF)[2].isdigit())


def _lacking(memory: Memory, at: object, default: Value, sort: str) -> str:
    is_open = default.masked is not None
    if sort in (NUMBERS, TEXTS):
        return NO_KEY if sort == TEXTS or is_open or not memory.elements else ""
    if sort == GROWING:
        return EMPTY if memory.filler is None and not length(memory) else ""
    if isinstance(at, Outside):
        return OUTSIDE
    return UNFILLED if is_open else ""


def _source(machine: Machine, memory: Memory, lacks: str) -> ReadEvent | MemoryLoad | None:
    """Where the words of an array come from; of one into which nothing came, a read before the look."""
    if memory.loads:
        load = memory.loads[-1]
        return load if lacks == UNFILLED and load.width and not load.indices else None
    if memory.source is not None or memory.elements:
        return memory.source
    return machine.last_read if lacks != OUTSIDE else None


def settle_gaps(machine: Machine) -> None:
    """At the end: the elements that somebody used and that are empty still, or were so behind a loop over a
    file."""
    copies = {id(gap.event) for gap in machine.gaps.values()}
    for key, gap in machine.gaps.items():
        if not gap.event.is_used:
            continue
        if gap.is_early and isinstance(gap.source, ReadEvent):
            gap.source.is_last_of_few = True
        memory = machine.memories.get(key[0])
        is_known = memory is gap.memory and None not in gap.memory.elements
        if is_known and not _is_filled(key[1], gap, id(machine.marks.get(key)) in copies):
            _blame(gap, key)


def _blame(gap: Gap, key: tuple[str, object]) -> None:
    """The read or load that fills the array: the first element that is missing counts."""
    if gap.source.lacks:
        return
    path, at = key
    at = at.at if isinstance(at, Outside) else at
    indices = at if isinstance(at, tuple) else (at,)
    name = static_name(path).rpartition(".")[2].partition(LEAF)[0].rpartition("::")[2]
    if gap.is_text and isinstance(at, int):
        text = at.to_bytes((at.bit_length() + BYTE - 1) // BYTE, "big").decode("latin-1")
        indices = (f'"{text}"',)
    gap.source.lacks, gap.source.lacked = gap.lacks, name + "".join(f"[{one}]" for one in indices)


def _is_filled(at: object, gap: Gap, is_copy: bool) -> bool:
    """Whether an element holds something; is_copy: of another one that is empty."""
    memory = gap.memory
    given = memory.loaded if gap.lacks == NO_KEY else memory.elements
    if gap.lacks == EMPTY and memory.filler is not None:
        return True
    if isinstance(gap.source, MemoryLoad) and isinstance(at, int):
        return at in given or any(one.fills(at) for one in memory.loads)
    return at in given and not is_copy

"""The variables of a call, set aside while the same subroutine is called again from within."""

from __future__ import annotations

from dataclasses import dataclass

from tilewright.verilog.events import ReadEvent
from tilewright.verilog.machine import Machine
from tilewright.verilog.stored import Key, Memory
from tilewright.verilog.values import Value


@dataclass(frozen=True, slots=True)
class Frame:
    """What the variables of one call hold."""

    values: dict[str, Value]
    memories: dict[str, Memory]
    marks: dict[Key, ReadEvent]


def take_away(machine: Machine, path: str) -> Frame:
    """Set the variables of the subroutine `path` aside."""
    start = f"{path}."
    machine.step(1 + len(machine.values) // 64)
    values = {name: one for name, one in machine.values.items() if name.startswith(start)}
    memories = {name: one for name, one in machine.memories.items() if name.startswith(start)}
    marks = {
        key: event
        for key, event in machine.marks.items()
        if (key if isinstance(key, str) else key[0]).startswith(start)
    }
    for name in values:
        del machine.values[name]
    for name in memories:
        del machine.memories[name]
    for key in marks:
        del machine.marks[key]
    return Frame(values, memories, marks)


def restore(machine: Machine, frame: Frame) -> None:
    """Put the variables of a call back."""
    machine.values.update(frame.values)
    machine.memories.update(frame.memories)
    machine.marks.update(frame.marks)

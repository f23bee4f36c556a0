"""What two processes do with one object or file, in an order that depends on time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tilewright.verilog.machine import Machine

_SHARED = "two processes read one file, or change one object: which is the first depends on time"


def touch(machine: Machine, at: int, line: int) -> None:
    """The process that is followed reads a file, by its handle, in a method."""
    if machine.heap.is_shared(at):
        lose_shared(machine, line)


def change(machine: Machine, name: str, line: int) -> None:
    """The process that is followed changes a property of an object."""
    if name not in machine.volatile and machine.heap.is_shared(name):
        machine.shared.setdefault(name, line)


def lose_shared(machine: Machine, line: int) -> None:
    """What several processes do at once is not followed."""
    machine.undecided(line, _SHARED)
    machine.lose_streams([""])

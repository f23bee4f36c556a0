"""Variables and arrays as wholes: forgotten, begun anew, copied."""

from __future__ import annotations

from tilewright.verilog.heap import static_name
from tilewright.verilog.machine import Machine
from tilewright.verilog.stored import Memory
from tilewright.verilog.values import UNKNOWN


def forget(machine: Machine, name: str) -> None:
    """A variable or array may have been changed by what is not followed."""
    machine.set(name, UNKNOWN)
    if name in machine.memories:
        machine.memories[name].elements = {None: UNKNOWN}


def forget_all(machine: Machine, path: str) -> None:
    """The same for a variable that each object or call has of its own."""
    names = {one for one in (*machine.values, *machine.memories) if static_name(one) == path}
    for name in {path} | names:
        forget(machine, name)


def forget_property(machine: Machine, name: str, *, is_array: bool) -> None:
    """The same for one property of one object, which may never have been assigned."""
    machine.set(name, UNKNOWN)
    if is_array:
        machine.memories[name] = Memory({None: UNKNOWN})


def drop(machine: Machine, name: str, *, is_array: bool) -> None:
    """A variable begins anew: it holds what one holds to which nothing was assigned."""
    machine.values.pop(name, None)
    machine.marks.pop(name, None)
    if is_array:
        machine.memories.pop(name, None)
        for key in [key for key in machine.marks if key[0] == name]:
            del machine.marks[key]


def copy(machine: Machine, source: str, target: str) -> None:
    """The variable or array `target`, to which nothing was assigned, becomes what `source` is."""
    if source in machine.values:
        machine.values[target] = machine.values[source]
    if source in machine.memories:
        machine.memories[target] = machine.memories[source].copy()
    for key, event in list(machine.marks.items()):
        if key == source:
            machine.mark(target, event)
        elif key[0] == source:
            machine.mark((target, key[1]), event)

"""Variables and arrays as wholes: forgotten, begun anew, copied."""

from __future__ import annotations

from tilewright.verilog.heap import LEAF, static_name
from tilewright.verilog.machine import Machine
from tilewright.verilog.stored import Key, Memory
from tilewright.verilog.values import UNKNOWN


def forget(machine: Machine, name: str) -> None:
    """A variable or array may have been changed by what is not followed."""
    drop_leaves(machine, name)
    machine.set(name, UNKNOWN)
    if name in machine.memories:
        machine.memories[name].elements = {None: UNKNOWN}


def drop_leaves(machine: Machine, name: str) -> None:
    """The members of a structure, each with the read that left it."""
    if name not in machine.structures:
        return
    machine.structures.discard(name)
    for value in [one for one in machine.values if _is_leaf(one, name)]:
        del machine.values[value]
    for memory in [one for one in machine.memories if _is_leaf(one, name)]:
        del machine.memories[memory]
    for key in [one for one in machine.marks if _is_leaf(one, name)]:
        del machine.marks[key]


def _is_leaf(key: Key, name: str) -> bool:
    return (key if isinstance(key, str) else key[0]).startswith(name + LEAF)


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
    drop_leaves(machine, name)
    machine.values.pop(name, None)
    machine.marks.pop(name, None)
    if is_array:
        machine.memories.pop(name, None)
        for key in [key for key in machine.marks if key[0] == name]:
            del machine.marks[key]


def replace_all(machine: Machine, source: str, target: str) -> None:
    """The array `target`, with all parts of its elements, becomes what `source` is."""
    held = f"{LEAF}held"
    copy(machine, source, held)
    drop(machine, target, is_array=True)
    copy(machine, held, target)
    drop(machine, held, is_array=True)


def copy(machine: Machine, source: str, target: str) -> None:
    """The variable or array `target`, to which nothing was assigned, becomes what `source` is."""
    for leaf in [one for one in (*machine.values, *machine.memories) if _is_leaf(one, source)]:
        copy(machine, leaf, target + leaf.removeprefix(source))
        machine.structures.add(target)
    if source in machine.values:
        machine.values[target] = machine.values[source]
    if source in machine.memories:
        machine.memories[target] = machine.memories[source].copy()
    for key, event in list(machine.marks.items()):
        if key == source or key[0] == source:
            new = target if isinstance(key, str) else (target, key[1])
            machine.mark(new, event)
            if key in event.cuts:
                event.cut(new, width=event.cut_to)

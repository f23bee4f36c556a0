"""Looks at values that are not followed one by one: at whole arrays, at unknown addresses, by the design."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from tilewright.verilog.compiler import Compiler, Evaluate
from tilewright.verilog.events import MemoryLoad
from tilewright.verilog.facts import facts_of
from tilewright.verilog.heap import LEAF, static_name
from tilewright.verilog.machine import Machine
from tilewright.verilog.paths import path_of
from tilewright.verilog.stored import Memory
from tilewright.verilog.unknown_names import UNKNOWN_NAME
from tilewright.verilog.values import UNKNOWN, Value

_LATER = ("$monitor", "$fmonitor")
"""Calls that look at their arguments again whenever one of them changes."""


def look_at_all(machine: Machine, names: Collection[str]) -> None:
    """Something looks at these variables, and at every element of these memories."""
    if not machine.is_looking:
        return
    machine.step(len(machine.marks) // 64)
    for name in machine.pending.keys() & names:
        del machine.pending[name]
    for key, event in machine.marks.items():
        if static_name(key if isinstance(key, str) else key[0]) in names:
            event.is_used = event.is_x_used = True
            event.look_through(key)
    for name, memory in machine.memories.items():
        if static_name(name) in names:
            for load in memory.loads:
                load.is_blurred = True


def read_memory(machine: Machine, path: str, at: object | None, default: Value) -> Value:
    """An element; a load that should have filled it, and did not, is told."""
    memory = machine.memory(path)
    if at is None:
        look_at_all(machine, {static_name(path)})
    if machine.is_looking:
        machine.event_of((path, at))
        machine.use((path, at))
        for load in memory.loads:
            _look_at_load(memory, load, at)
    if at is None or None in memory.elements or machine.is_volatile(path):
        return UNKNOWN
    value = memory.elements.get(at, default)
    is_given = at in memory.elements and any(load.given.get(at) is value for load in memory.loads)
    is_marked = (path, at) in machine.marks and at in memory.elements
    if not (machine.is_looking or is_given or is_marked or value.masked is None):
        machine.holes.append((memory, at))
        memory.end = at if memory.end is None else memory.end
    return value


def fill(machine: Machine, memory: Memory) -> None:
    """An element was stored: in a loop over a file, its words are what fills a memory; one that can grow,
    always."""
    memory.source = machine.last_read or memory.source
    if "open" in machine.loops or memory.size is not None:
        memory.filler = machine.last_read or memory.filler


def look_beyond(machine: Machine, path: str, at: object | None) -> None:
    """An element that is not there, of an array that can grow and that a file filled: it has too few."""
    memory = machine.memories.get(path)
    if LEAF in path and (
        memory is None or memory.size is None
    ):  # a member, in a queue of structures
        whole = machine.memories.get(path.partition(LEAF)[0])
        memory = whole if whole is not None and whole.size is not None else memory
    is_look = machine.is_looking and not machine.is_merging and not machine.is_matching
    if memory is None or memory.filler is None or not is_look or at is None:
        return
    if (
        memory.loads
        or None in memory.elements
        or machine.is_volatile(path)
        or at in memory.elements
    ):
        return
    if memory.size is not None and isinstance(at, int) and at >= memory.size:
        memory.filler.is_last_of_few = True


def _look_at_load(memory: Memory, load: MemoryLoad, at: object | None) -> None:
    """Whether the word is one that this load gave, or should have given."""
    load.is_seen = True
    address = load.indices.get(at) if load.indices else at
    if not (isinstance(address, int) and load.fills(address)):
        return
    value = memory.elements.get(at)
    if at not in memory.loaded:
        load.stale_reads.add(address)
    elif value is not None and value is load.kept.get(at) and load is memory.loads[-1]:
        (load.stale_reads if load.is_again else load.old_reads).add(address)
    elif value is not None and value is load.given.get(at):
        load.used.add(address)


def looking(expression: Any, _: Compiler) -> Evaluate:
    """An expression whose value is not computed: it looks at all that stands in it."""
    names = facts_of(expression).read

    def evaluate(machine: Machine) -> Value:
        look_at_all(machine, names)
        return UNKNOWN if machine.acts.nets.isdisjoint(names) else machine.look_at_design()

    return evaluate


def exposed_names(
    bodies: list[Any], connected: Collection[str], members: list[Any]
) -> Iterator[str]:
    """Variables at which something looks whenever they change: the design, `assign`, gates, `$monitor`.

    connected: names at ports of instances. members: blocks and subroutines.
    """
    for body in bodies:
        for member in body:
            kind = member.kind.name
            if kind in ("ContinuousAssign", "Net", "PrimitiveInstance"):
                for source in _drivers(member):
                    yield from facts_of(source).read
            elif kind == "ClockingBlock":
                yield from (path_of(one) for one in member if one.kind.name == "ClockVar")
            elif kind == "Variable" and member.name in (UNKNOWN_NAME, *connected):
                yield path_of(member)
            elif kind == "Instance" and member.name in connected:
                yield from (path_of(one) for one in member.body if one.kind.name == "Variable")
    for member in members:
        yield from _looked_at(member.body, "ProceduralAssign")


def driving(bodies: list[Any]) -> Iterator[Any]:
    """What nets follow, by `assign` or where they are declared."""
    for member in (one for body in bodies for one in body):
        if member.kind.name in ("ContinuousAssign", "Net"):
            yield from _drivers(member)


def _drivers(member: Any) -> list[Any]:
    """What an `assign`, a net or a gate follows."""
    if member.kind.name == "PrimitiveInstance":
        return list(member.portConnections)
    source = member.assignment if member.kind.name == "ContinuousAssign" else member.initializer
    return [] if source is None else [source]


def monitored_names(members: list[Any]) -> Iterator[str]:
    """Variables that `$monitor` prints whenever they change; a read that fails does not change them."""
    for member in members:
        yield from _looked_at(member.body, "Call")


def _looked_at(statement: Any, kind: str) -> set[str]:
    """Variables on the right side of `force` and of `assign` within a block, or in calls of `$monitor`."""
    names: set[str] = set()

    def visit(node: Any) -> None:
        if node.kind.name != kind:
            return
        if kind == "ProceduralAssign":
            names.update(facts_of(node.assignment.right).read)
        elif node.isSystemCall and node.subroutineName.startswith(_LATER):
            for argument in node.arguments:
                names.update(facts_of(argument).read)

    statement.visit(visit)
    return names

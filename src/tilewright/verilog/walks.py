"""How far blocks with a clock, which are not followed, go through memories: by counters, up to a constant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tilewright.verilog.block_order import Block, plain_number
from tilewright.verilog.guards import (
    MIRRORED,
    NAMES,
    Guard,
    bare_of,
    guard_of,
    names_in,
    paths_of,
)
from tilewright.verilog.late_changes import ENDS
from tilewright.verilog.machine import Machine
from tilewright.verilog.paths import path_of

_BEFORE = ("LessThan", "GreaterThan")
_UP_TO = ("Equality", "CaseEquality", "LessThanEqual", "GreaterThanEqual")
_SIGNS = {"Add": 1, "Subtract": -1}
_CONSTANTS = ("IntegerLiteral", "UnbasedUnsizedIntegerLiteral")


@dataclass(frozen=True, slots=True)
class _Look:
    """An element that is looked at: its memory and the last address of that, the counter that is the address
    with an `offset`, its place in the text and its block."""

    path: str
    last: int
    counter: str
    offset: int
    at: int
    block: int


@dataclass(frozen=True, slots=True)
class _Bound:
    """A counter is compared with a constant, `value`, by the place in the text and the block; is_reached: it
    has that value for sure, else the one before."""

    counter: str
    value: int
    is_reached: bool
    at: int
    block: int


@dataclass(slots=True)
class _Walk:
    """What blocks with a clock do with counters and memories.

    others: variables that they set otherwise than by counting or to a constant. written: memories that they
    change. holders: variables that get words of these memories. asked: names that they compare with constants
    before they end the simulation. nets: names that the design may drive.
    """

    looks: list[_Look] = field(default_factory=list)
    bounds: list[_Bound] = field(default_factory=list)
    counters: set[str] = field(default_factory=set)
    others: set[str] = field(default_factory=set)
    written: set[str] = field(default_factory=set)
    holders: dict[str, set[str]] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    nets: set[str] = field(default_factory=set)
    guards: list[Guard] = field(default_factory=list)

    def collect(self, node: Any, block: int) -> None:
        """Add what a block does, or what is assigned all the time."""

        def visit(one: Any) -> None:
            kind = one.kind.name
            if kind == "Assignment":
                self._assign(one)
            elif kind == "UnaryOp" and one.op.name in ("Preincrement", "Postincrement"):
                self.counters |= paths_of(one.operand)
            elif kind in ("Conditional", "ConditionalOp", "Case"):
                self._branch(one)
            elif kind == "BinaryOp" and one.op.name == "LogicalAnd":
                self.guards.append(guard_of(one.right, [one.left], is_true=True))
            elif kind == "BinaryOp":
                self.bounds.extend(_bounds(one, block))
            elif kind in NAMES and one.symbol.kind.name == "Net":
                self.nets.add(path_of(one.symbol))
            elif kind == "ElementSelect" and one.value.type.isUnpackedArray:
                self.looks.extend(_looks(one, block))

        node.visit(visit)

    def _branch(self, node: Any) -> None:
        heads = [node.expr] if node.kind.name == "Case" else [one.expr for one in node.conditions]
        if node.kind.name == "Case":
            self.guards.append(guard_of(node, heads, is_true=True))
        else:
            is_statement = node.kind.name == "Conditional"
            yes, no = (node.ifTrue, node.ifFalse) if is_statement else (node.left, node.right)
            self.guards.append(guard_of(yes, heads, is_true=True))
            if no is not None:
                self.guards.append(guard_of(no, heads, is_true=False))
        if _ends(node):
            for head in heads:
                self.asked |= names_in(head) if node.kind.name == "Case" else _asked(head)

    def _assign(self, node: Any) -> None:
        left, right = node.left, bare_of(node.right)
        self.written |= {
            path_of(part.value.symbol) for part in _parts(left) if part.value.kind.name in NAMES
        }
        arms = [right.left, right.right] if right.kind.name == "ConditionalOp" else [right]
        for name in paths_of(left):
            for arm in map(bare_of, arms):
                if _counts(arm, name):
                    self.counters.add(name)
                elif plain_number(arm) is None:
                    self.others.add(name)
            for memory in _memories(right):
                self.holders.setdefault(memory, {memory}).add(name)

    def is_known(self, look: _Look) -> bool:
        """Whether its counter does nothing but count, and no word of the memory ends the simulation."""
        is_counter = look.counter in self.counters - self.others
        is_end = self.asked & self.holders.get(look.path, {look.path})
        open_names = self.nets | self.others
        is_open = any(guard.names & open_names for guard in self.around(look))
        return is_counter and look.path not in self.written and not (is_end or is_open)

    def around(self, look: _Look) -> list[Guard]:
        """The conditions on which it hangs whether this look comes about."""
        return [one for one in self.guards if one.start <= look.at < one.end]

    def last_of(self, look: _Look) -> int | None:
        """The highest address that this look comes to; None if that is not known."""
        found = []
        for bound in self.bounds:
            if bound.counter != look.counter:
                continue
            address = bound.value + look.offset
            is_sooner = look.block != bound.block or look.at < bound.at or address == look.last
            found.append(address if is_sooner and bound.is_reached else address - 1)
        limits = [
            one.limits[look.counter] for one in self.around(look) if look.counter in one.limits
        ]
        highest = min([look.last, *(limit + look.offset for limit in limits)])
        known = [min(address, highest) for address in found if 0 <= address <= look.last]
        return max(known, default=None)


def walk_of(blocks: Iterable[Block], nets: Iterable[Any]) -> dict[str, int]:
    """The highest address of each memory at which blocks with a clock, or nets, look for sure.

    That is where a counter of such a block is the address, and the block compares it with a constant.
    nets: what is assigned to them.
    """
    walk = _Walk()
    for number, block in enumerate(blocks):
        if block.is_clocked:
            walk.collect(block.node.body, number)
    for expression in nets:
        walk.collect(expression, -1)
    last: dict[str, int] = {}
    for look in walk.looks:
        address = walk.last_of(look) if walk.is_known(look) else None
        if address is not None:
            last[look.path] = max(last.get(look.path, 0), address)
    return last


def note_walks(machine: Machine, walks: dict[str, int]) -> None:
    """At the end: elements behind the words of a file at which blocks with a clock look for sure."""
    for path, last in walks.items():
        memory = machine.memories.get(path)
        if memory is None or len(memory.loads) != 1 or None in memory.elements:
            continue
        load = memory.loads[0]
        first = max((at for at in memory.loaded if isinstance(at, int)), default=-1) + 1
        for at in range(first, last + 1):
            if load.fills(at) and at not in memory.elements:
                load.stale_reads.add(at)


def _bounds(node: Any, block: int) -> Iterator[_Bound]:
    name = node.op.name
    for side, other, operator in (
        (node.left, node.right, name),
        (node.right, node.left, MIRRORED.get(name, name)),
    ):
        value = plain_number(other)
        if value is None or operator not in (*_BEFORE, *_UP_TO):
            continue
        is_reached = operator in _UP_TO
        for counter in paths_of(bare_of(side)):
            yield _Bound(counter, int(value), is_reached, node.sourceRange.start.offset, block)


def _looks(node: Any, block: int) -> Iterator[_Look]:
    """A look at an element of a memory of one dimension, at a counter or that and a constant."""
    index, offset = bare_of(node.selector), 0
    if index.kind.name == "BinaryOp" and index.op.name in _SIGNS:
        number = plain_number(index.right)
        if number is None:
            return
        index, offset = bare_of(index.left), _SIGNS[index.op.name] * int(number)
    bounds = node.value.type.canonicalType
    if node.value.kind.name not in NAMES or not bounds.hasFixedRange:
        return
    last = max(int(bounds.fixedRange.left), int(bounds.fixedRange.right))
    for counter in paths_of(index):
        path, at = path_of(node.value.symbol), node.sourceRange.start.offset
        yield _Look(path, last, counter, offset, at, block)


def _counts(node: Any, name: str) -> bool:
    """Whether an expression is a variable and 1."""
    if node.kind.name != "BinaryOp" or node.op.name != "Add":
        return False
    sides = (node.left, node.right)
    return {plain_number(side) for side in sides} == {None, 1} and any(
        paths_of(bare_of(side)) == {name} for side in sides
    )


def _ends(statement: Any) -> bool:
    """Whether the simulation ends in a branch of a statement."""
    found: list[bool] = []
    statement.visit(
        lambda one: found.append(
            one.kind.name == "Call" and one.isSystemCall and one.subroutineName in ENDS
        )
    )
    return any(found)


def _asked(condition: Any) -> set[str]:
    """Names that a condition compares with constants."""
    names: set[str] = set()

    def visit(node: Any) -> None:
        if node.kind.name == "BinaryOp" and any(
            bare_of(side).kind.name in _CONSTANTS or plain_number(side) is not None
            for side in (node.left, node.right)
        ):
            names.update(names_in(node))

    condition.visit(visit)
    return names


def _memories(node: Any) -> set[str]:
    """The memories of which an expression takes words."""
    names: set[str] = set()

    def visit(one: Any) -> None:
        if one.kind.name == "ElementSelect" and one.value.type.isUnpackedArray:
            names.update(paths_of(one.value))

    node.visit(visit)
    return names


def _parts(target: Any) -> list[Any]:
    """Elements of memories that are written."""
    parts = target.operands if target.kind.name == "Concatenation" else [target]
    found = []
    for part in parts:
        while part.kind.name in ("RangeSelect", "MemberAccess", "ElementSelect"):
            if part.kind.name == "ElementSelect" and part.value.type.isUnpackedArray:
                found.append(part)
            part = part.value
    return found

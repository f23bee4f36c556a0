"""Structures and rows of arrays as wholes: copied leaf by leaf, with the reads that left the values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tilewright.verilog.compiler import Compiler, Evaluate
from tilewright.verilog.events import ReadEvent
from tilewright.verilog.heap import static_name
from tilewright.verilog.leaves import (
    branch_of,
    fields_of,
    has_parts,
    holds_structures,
    is_structure,
    leaves_of,
)
from tilewright.verilog.looks import look_at_all
from tilewright.verilog.machine import Machine
from tilewright.verilog.objects import FindName, find_memory, find_name
from tilewright.verilog.paths import path_of
from tilewright.verilog.places import compile_index, fitter
from tilewright.verilog.stored import Index, Key, Leaf, Memory, Outside, Parts
from tilewright.verilog.values import UNKNOWN, Value
from tilewright.verilog.variables import drop, forget

Array = tuple[Memory, dict[object, ReadEvent]]
"""Elements, and the reads that left them."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for a structure or a row. find: the name of what holds it, members on the way included; row:
    the indices on the way. leaves: suffix and dimensions of each leaf."""

    find: FindName
    leaves: tuple[tuple[str, int], ...]
    row: Callable[[Machine], object | None] | None = None

    def index(self, machine: Machine) -> Index | None:
        """The indices on the way; None where they are not known, or not there."""
        at = () if self.row is None else self.row(machine)
        if at is None or isinstance(at, Outside):
            return None
        return at if isinstance(at, tuple) else (at,)

    def take(self, machine: Machine) -> Parts:
        """What it holds."""
        row, name = self.index(machine), self.find(machine)
        parts = dict[str, Leaf | None]()
        for suffix, dimensions in self.leaves:
            parts[suffix] = None
            if row is not None:
                is_single = not (row or dimensions)
                take = _single if is_single else _elements
                parts[suffix] = take(machine, name + suffix, row)
            if parts[suffix] is None:
                look_at_all(machine, {static_name(name)})
        return parts

    def put(self, machine: Machine, parts: Parts) -> None:
        """Store what was taken elsewhere."""
        row, name = self.index(machine), self.find(machine)
        for suffix, dimensions in self.leaves:
            leaf, path = parts.get(suffix), name + suffix
            if not (row or dimensions) and row is not None:
                value, event = (UNKNOWN, None) if leaf is None else leaf.get((), (None, None))
                if value is not None:
                    machine.set(path, value)
                else:
                    drop(machine, path, is_array=False)
                _mark(machine, path, event)
                continue
            memory = machine.memory(path)
            if row is None or leaf is None:
                memory.elements = {None: UNKNOWN}
                continue
            _clear(machine, path, memory, row)
            machine.step(1 + len(leaf) // 64)
            for rest, (value, event) in leaf.items():
                at = _joined(row + rest)
                if value is not None:
                    memory.elements[at] = value
                    memory.loaded.add(at)
                _mark(machine, (path, at), event)

    def forget(self, machine: Machine) -> None:
        """It may hold anything."""
        if self.row is None:
            forget(machine, self.find(machine))
        self.put(machine, {})


def _joined(index: Index) -> object:
    return index[0] if len(index) == 1 else index


def _split(at: object) -> Index:
    return at if isinstance(at, tuple) else (at,)


def _single(machine: Machine, path: str, _: Index) -> Leaf | None:
    value = machine.held(path)
    return None if value is UNKNOWN else {(): (value, machine.marks.get(path))}


def _elements(machine: Machine, path: str, row: Index) -> Leaf | None:
    memory = machine.memory(path)
    if None in memory.elements or memory.loads or machine.is_volatile(path):
        return None
    return {
        _split(at)[len(row) :]: (memory.elements.get(at), machine.marks.get((path, at)))
        for at in _addresses(machine, path, row)
    }


def _addresses(machine: Machine, path: str, row: Index) -> list[object]:
    """Of the elements of a row that hold something, or that a read should have given a word."""
    elements = machine.memory(path).elements
    machine.step(1 + (len(elements) + len(machine.marks)) // 64)
    marked = [key[1] for key in machine.marks if isinstance(key, tuple) and key[0] == path]
    return [at for at in {*elements, *marked} if at is not None and _split(at)[: len(row)] == row]


def _clear(machine: Machine, path: str, memory: Memory, row: Index) -> None:
    for at in _addresses(machine, path, row):
        memory.elements.pop(at, None)
        memory.loaded.discard(at)
        machine.marks.pop((path, at), None)


def _mark(machine: Machine, key: Key, event: ReadEvent | None) -> None:
    if event is not None:
        event.is_copied = True
        machine.mark(key, event)


def compile_slot(expression: Any, compiler: Compiler, *, is_written: bool = False) -> Slot | None:
    """The place that an expression of a type with parts names; None if it names none."""
    found = leaves_of(expression.type)
    if found is None or not has_parts(expression.type):
        return None
    leaves = tuple((suffix, dimensions) for suffix, dimensions, _ in found)
    branch = branch_of(expression)
    if branch is None or not branch.selects:
        find = find_name(expression, compiler, is_written=is_written)
        return None if find is None else Slot(find, leaves)
    find = find_memory(expression, compiler, is_written=is_written)
    return None if find is None else Slot(find, leaves, compile_index(expression, compiler))


def compile_row(expression: Any, compiler: Compiler) -> Callable[[Machine], Array] | None:
    """The elements of a row of an array, and the reads that left them; None for anything else."""
    slot = None if holds_structures(expression.type) else compile_slot(expression, compiler)
    if slot is None:
        return None

    def take(machine: Machine) -> Array:
        leaf = slot.take(machine)[""]
        if leaf is None:
            return Memory({None: UNKNOWN}), {}
        found = {_joined(at): one for at, one in leaf.items()}
        values = {at: value for at, (value, _) in found.items() if value is not None}
        marks = {at: event for at, (_, event) in found.items() if event is not None}
        return Memory(values, [], set(values)), marks

    return take


def slot_of(symbol: Any) -> Slot:
    """That of a variable, of the name that it has where it is no property."""
    path = path_of(symbol)
    found = leaves_of(symbol.type) or []
    return Slot(lambda _: path, tuple((suffix, dimensions) for suffix, dimensions, _ in found))


TakeParts = Callable[[Machine], Parts]


def compile_parts(expression: Any, compiler: Compiler) -> TakeParts:
    """What a structure or row becomes that is given an expression."""
    while expression.kind.name == "Conversion":
        expression = expression.operand
    slot = compile_slot(expression, compiler)
    if slot is not None:
        return slot.take
    if expression.kind.name == "Call" and not expression.isSystemCall:
        return _returned(expression, compiler)
    if expression.kind.name == "Call":
        return _popped(compiler.expression(expression))
    setters = _setters(expression, compiler) if is_structure(expression.type) else None
    if setters is not None:
        return lambda machine: {
            suffix: {(): (value(machine), None)} for suffix, value in setters.items()
        }
    look = compiler.expression(expression)

    def take(machine: Machine) -> Parts:
        look(machine)
        return {}

    return take


def _returned(call: Any, compiler: Compiler) -> TakeParts:
    evaluate, result = compiler.expression(call), call.subroutine.returnValVar
    slot = slot_of(result) if result is not None else None

    def take(machine: Machine) -> Parts:
        evaluate(machine)
        return {} if slot is None or call.subroutine.isVirtual else slot.take(machine)

    return take


def _popped(evaluate: Evaluate) -> TakeParts:
    """A structure out of a queue."""

    def take(machine: Machine) -> Parts:
        machine.popped = {}
        evaluate(machine)
        return machine.popped

    return take


def _setters(pattern: Any, compiler: Compiler) -> dict[str, Evaluate] | None:
    """``'{1, 2}`` and ``'{x: 1, y: 2}`` of single members."""
    fields = fields_of(pattern.type)
    if any(has_parts(one.type) for one in fields):
        return None
    if pattern.kind.name == "SimpleAssignmentPattern":
        given = dict(zip((one.name for one in fields), pattern.elements, strict=True))
    elif pattern.kind.name == "StructuredAssignmentPattern":
        given = {one.member.name: one.expr for one in pattern.memberSetters}
        given |= {one.name: pattern.defaultSetter for one in fields if one.name not in given}
    else:
        return None
    if any(one is None for one in given.values()):
        return None
    suffixes = {suffix[1:]: suffix for suffix, *_ in leaves_of(pattern.type) or []}
    types = {one.name: one.type for one in fields}
    return {
        suffixes[name]: _fitted(compiler.expression(value), types[name])
        for name, value in given.items()
    }


def _fitted(value: Evaluate, type_: Any) -> Evaluate:
    fit = fitter(type_)
    return lambda machine: fit(value(machine))


def assign_parts(assignment: Any, compiler: Compiler) -> Evaluate | None:
    """An assignment to a structure or to a row of an array; None for any other."""
    slot = compile_slot(assignment.left, compiler, is_written=True)
    if slot is None:
        return None
    is_alike = _shape(assignment.left.type) == _shape(assignment.right.type)
    take = compile_parts(assignment.right, compiler)

    def evaluate(machine: Machine) -> Value:
        machine.step()
        parts = take(machine)
        slot.put(machine, parts if is_alike else {})
        return UNKNOWN

    return evaluate


def _shape(type_: Any) -> str:
    """The bounds of an array, on which the addresses hang; those of structures are alike."""
    shape = ""
    while type_.isUnpackedArray and type_.hasFixedRange:
        shape, type_ = f"{shape}{type_.fixedRange}", type_.canonicalType.elementType
    return shape

"""Whole arrays and queues: what they are given at once, and copies of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tilewright.verilog.array_methods import LOCATORS, located, sliced
from tilewright.verilog.compiler import Compiler, Evaluate
from tilewright.verilog.leaves import has_parts, is_deep
from tilewright.verilog.machine import Machine
from tilewright.verilog.objects import FindName, find_memory, find_name
from tilewright.verilog.paths import path_of
from tilewright.verilog.places import fitter
from tilewright.verilog.queues import list_of
from tilewright.verilog.slots import Array, compile_row
from tilewright.verilog.stored import Memory
from tilewright.verilog.values import UNKNOWN, Value
from tilewright.verilog.variables import drop, forget, replace_all

Take = Callable[[Machine], Array]


def unknown_array() -> Array:
    """An array of which nothing is known."""
    return Memory({None: UNKNOWN}), {}


def assign_array(assignment: Any, compiler: Compiler) -> Evaluate | None:
    """An assignment to a whole array or queue; None for any other."""
    left = assignment.left
    if not left.type.isUnpackedArray:
        return None
    find = find_name(left, compiler, is_written=True)
    if find is not None and is_deep(left.type):
        return _assign_deep(find, assignment.right, compiler)
    take = compile_array(assignment.right, left.type, compiler)
    if find is None:
        outer = find_memory(left, compiler, is_written=True)
        return _forgetting(outer, compiler.expression(assignment.right))

    def evaluate(machine: Machine) -> Value:
        put_array(machine, find(machine), take(machine))
        return UNKNOWN

    return evaluate


def _assign_deep(find: FindName, right: Any, compiler: Compiler) -> Evaluate:
    """An array that can grow and whose elements have parts becomes another one, or empty; else it is not
    known any more."""
    while right.kind.name == "Conversion":
        right = right.operand
    source, is_empty = find_name(right, compiler), _is_empty(right)
    look = compiler.expression(right)

    def evaluate(machine: Machine) -> Value:
        name = find(machine)
        if is_empty:
            drop(machine, name, is_array=True)
        elif source is not None:
            replace_all(machine, source(machine), name)
        else:
            look(machine)
            machine.memory(name)
            forget(machine, name)
        return UNKNOWN

    return evaluate


def _is_empty(expression: Any) -> bool:
    kind = expression.kind.name
    return bool(kind == "EmptyQueue" or (kind == "Concatenation" and not len(expression.operands)))


def _forgetting(find: FindName | None, right: Evaluate) -> Evaluate:
    """A row of an array is assigned: the array is not known any more."""

    def evaluate(machine: Machine) -> Value:
        right(machine)
        if find is not None:
            forget(machine, find(machine))
        return UNKNOWN

    return evaluate


def put_array(machine: Machine, name: str, array: Array) -> None:
    """Store an array under a name, with the marks of its elements."""
    memory, marks = array
    machine.step(len(memory.elements) // 64)
    for key in [key for key in machine.marks if isinstance(key, tuple) and key[0] == name]:
        del machine.marks[key]
    machine.memories[name] = memory if name not in machine.volatile else unknown_array()[0]
    for at, event in marks.items():
        machine.mark((name, at), event)
        if any(isinstance(key, tuple) and key[1] == at for key in event.cuts):
            event.cut((name, at), width=event.cut_to)


def take_array(machine: Machine, name: str) -> Array:
    """A copy of the array of that name."""
    memory = machine.memories.get(name, Memory())
    machine.step(len(memory.elements) // 64)
    marks = {
        key[1]: event
        for key, event in machine.marks.items()
        if isinstance(key, tuple) and key[0] == name
    }
    return memory.copy(), marks


def compile_array(expression: Any, type_: Any, compiler: Compiler) -> Take:
    """What an array of type `type_` becomes where it is given an expression."""
    while expression.kind.name == "Conversion":
        expression = expression.operand
    find = find_name(expression, compiler)
    if find is not None and expression.type.isUnpackedArray:
        return _copy(find, expression.type, type_)
    row = compile_row(expression, compiler) if expression.type.isUnpackedArray else None
    if row is not None and type_.hasFixedRange and _is_same(expression.type, type_):
        return row
    name = expression.kind.name
    if name == "SimpleAssignmentPattern":
        return _listed(list(expression.elements), type_, compiler)
    if name == "Concatenation" and not type_.hasFixedRange:
        return _joined(list(expression.operands), type_, compiler)
    if name == "EmptyQueue" and not type_.hasFixedRange:
        return lambda _: (Memory(size=0), {})
    if not type_.hasFixedRange and (found := _found(expression, type_, compiler)) is not None:
        return found
    look = compiler.expression(expression)
    result = _result_of(expression)

    def take(machine: Machine) -> Array:
        look(machine)
        return take_array(machine, result) if result else unknown_array()

    return take


def _found(expression: Any, type_: Any, compiler: Compiler) -> Take | None:
    """A slice of a queue, or what a method finds in an array; None for anything else."""
    if expression.kind.name == "RangeSelect":
        cut = sliced(expression, compiler)
        return None if cut is None else lambda machine: (cut(machine) or unknown_array()[0], {})
    if expression.kind.name != "Call" or expression.subroutineName not in LOCATORS:
        return None
    find, fit = located(expression, compiler), fitter(type_.arrayElementType)
    origin = find_name(expression.arguments[0], compiler)

    def take(machine: Machine) -> Array:
        values = find(machine)
        if values is None:
            return unknown_array()
        whole = machine.memory(origin(machine)) if origin is not None else Memory()
        elements: dict[object, Value] = dict(enumerate(map(fit, values)))
        return Memory(elements, [], set(), len(values), whole.filler, whole.source), {}

    return take


def _result_of(expression: Any) -> str:
    """The variable with the queue or dynamic array that a function returns; "" for anything else."""
    is_call = expression.kind.name == "Call" and not expression.isSystemCall
    result = expression.subroutine.returnValVar if is_call else None
    if result is None or expression.subroutine.isVirtual or not can_return(result.type):
        return ""
    return path_of(result)


def can_return(type_: Any) -> bool:
    """Whether a function can return this array as a whole: one that grows, of single values."""
    return (
        type_.isUnpackedArray and not type_.hasFixedRange and not has_parts(type_.arrayElementType)
    )


def _copy(find: FindName, source: Any, target: Any) -> Take:
    """Elements go by position, not by address."""
    if source.hasFixedRange and target.hasFixedRange and not _is_same(source, target):
        return _moved(find, source, target)
    if source.hasFixedRange != target.hasFixedRange:
        return lambda _: unknown_array()
    return lambda machine: take_array(machine, find(machine))


def _is_same(source: Any, target: Any) -> bool:
    while source.isUnpackedArray and target.isUnpackedArray:
        if str(source.fixedRange) != str(target.fixedRange):
            return False
        source, target = source.arrayElementType, target.arrayElementType
    return True


def _moved(find: FindName, source: Any, target: Any) -> Take:
    if source.arrayElementType.isUnpackedArray:
        return lambda _: unknown_array()
    addresses = dict(zip(addresses_of(source), addresses_of(target), strict=False))

    def take(machine: Machine) -> Array:
        memory, marks = take_array(machine, find(machine))
        if None in memory.elements or memory.loads:
            return unknown_array()
        elements = {addresses[at]: one for at, one in memory.elements.items() if at in addresses}
        loaded = {addresses[at] for at in memory.loaded if at in addresses}
        moved = {addresses[at]: event for at, event in marks.items() if at in addresses}
        return Memory(elements, [], loaded), moved

    return take


def addresses_of(type_: Any) -> list[object]:
    """The addresses of an array from the left to the right."""
    left, right = int(type_.fixedRange.left), int(type_.fixedRange.right)
    return list(range(left, right + 1) if left <= right else range(left, right - 1, -1))


def _listed(elements: list[Any], type_: Any, compiler: Compiler) -> Take:
    """``'{...}``, of one dimension."""
    if type_.arrayElementType.isUnpackedArray:
        return lambda _: unknown_array()
    values, fit = [compiler.expression(one) for one in elements], fitter(type_.arrayElementType)
    addresses = addresses_of(type_) if type_.hasFixedRange else list(range(len(values)))

    def take(machine: Machine) -> Array:
        given = [fit(value(machine)) for value in values]
        size = None if type_.hasFixedRange else len(given)
        return Memory(dict(zip(addresses, given, strict=True)), [], set(addresses), size), {}

    return take


def _joined(operands: list[Any], type_: Any, compiler: Compiler) -> Take:
    """``{queue, word}``: a queue of elements, and of the elements of other queues."""
    fit = fitter(type_.arrayElementType)
    pieces = [
        (compile_array(one, one.type, compiler), None)
        if one.type.isUnpackedArray
        else (None, compiler.expression(one))
        for one in operands
    ]

    def take(machine: Machine) -> Array:
        elements: list[Value] = []
        for array, value in pieces:
            if value is not None:
                elements.append(fit(value(machine)))
            elif array is not None:
                memory, _ = array(machine)
                if None in memory.elements or memory.loads:
                    return unknown_array()
                elements += list_of(memory)
        return Memory(dict(enumerate(elements)), [], set(), len(elements)), {}

    return take

"""Queues and dynamic arrays: memories whose size changes while the testbench runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tilewright.verilog.compiler import Compiler, Evaluate
from tilewright.verilog.machine import Machine, Memory
from tilewright.verilog.paths import path_of
from tilewright.verilog.values import UNKNOWN, Value

MOST_ELEMENTS = 1 << 20
"""Of a dynamic array; a larger one is not followed."""


def queue_method(call: Any, compiler: Compiler) -> Evaluate:
    """A method that changes a queue, or takes an element out of it."""
    symbol, name = call.arguments[0].getSymbolReference(), call.subroutineName
    arguments = [compiler.expression(argument) for argument in call.arguments[1:]]
    if symbol is None:
        return lambda _: UNKNOWN
    path, change = path_of(symbol), _CHANGES[name]

    def evaluate(machine: Machine) -> Value:
        machine.step()
        given = [argument(machine) for argument in arguments]
        memory = machine.memories.setdefault(path, Memory())
        if None in memory.elements:
            return UNKNOWN
        elements = list_of(memory)
        machine.step(len(elements) // 64)
        result = change(elements, given)
        if result is None:
            memory.elements = {None: UNKNOWN}
            return UNKNOWN
        memory.elements = dict(enumerate(elements))
        memory.size = len(elements)
        return result

    return evaluate


def list_of(memory: Memory) -> list[Value]:
    """The elements in order; UNKNOWN for one that nothing was assigned to."""
    return [memory.elements.get(at, UNKNOWN) for at in range(length(memory))]


def length(memory: Memory) -> int:
    """How many elements a queue or dynamic array has."""
    grown = max((at for at in memory.elements if isinstance(at, int)), default=-1) + 1
    return grown if memory.size is None else max(memory.size, grown)


def _push_back(elements: list[Value], given: list[Value]) -> Value | None:
    elements.append(given[0])
    return UNKNOWN


def _push_front(elements: list[Value], given: list[Value]) -> Value | None:
    elements.insert(0, given[0])
    return UNKNOWN


def _pop_back(elements: list[Value], _: list[Value]) -> Value | None:
    return elements.pop() if elements else UNKNOWN


def _pop_front(elements: list[Value], _: list[Value]) -> Value | None:
    return elements.pop(0) if elements else UNKNOWN


def _insert(elements: list[Value], given: list[Value]) -> Value | None:
    if given[0].bits is None:
        return None
    elements.insert(given[0].bits, given[1])
    return UNKNOWN


def _delete(elements: list[Value], given: list[Value]) -> Value | None:
    if not given:
        elements.clear()
    elif given[0].bits is None:
        return None
    elif 0 <= given[0].bits < len(elements):
        del elements[given[0].bits]
    return UNKNOWN


_CHANGES: dict[str, Callable[[list[Value], list[Value]], Value | None]] = {
    "push_back": _push_back,
    "push_front": _push_front,
    "pop_back": _pop_back,
    "pop_front": _pop_front,
    "insert": _insert,
    "delete": _delete,
}
QUEUE_METHODS = tuple(_CHANGES)


def size_of(call: Any, _: Compiler) -> Evaluate:
    """`queue.size()`, also of a dynamic array, and of a memory."""
    symbol = call.arguments[0].getSymbolReference()
    type_ = None if symbol is None else symbol.type
    if type_ is None or not type_.isUnpackedArray:
        return lambda _: UNKNOWN
    if type_.hasFixedRange:
        count = int(type_.fixedRange.width)
        return lambda _: Value(count)
    path = path_of(symbol)

    def evaluate(machine: Machine) -> Value:
        memory = machine.memories.get(path)
        if memory is None:
            return Value(0)
        return UNKNOWN if None in memory.elements else Value(length(memory))

    return evaluate


def new_array(assignment: Any, compiler: Compiler) -> Evaluate | None:
    """``array = new[size]``, with or without another array to copy; None for any other assignment."""
    right = assignment.right
    while right.kind.name == "Conversion":
        right = right.operand
    symbol = assignment.left.getSymbolReference()
    if right.kind.name != "NewArray" or symbol is None:
        return None
    path, size = path_of(symbol), compiler.expression(right.sizeExpr)
    source = right.initExpr.getSymbolReference() if right.initExpr is not None else None
    origin = None if source is None else path_of(source)

    def evaluate(machine: Machine) -> Value:
        machine.step()
        count = size(machine).bits
        old = machine.memories.get(origin) if origin else None
        memory = machine.memories[path] = Memory()
        is_known = count is not None and 0 <= count <= MOST_ELEMENTS
        if not is_known or (right.initExpr is not None and old is None):
            memory.elements[None] = UNKNOWN
        else:
            memory.size = count
            for at, value in (old.elements if old else {}).items():
                if not isinstance(at, int) or at < (count or 0):
                    memory.elements[at] = value
        return UNKNOWN

    return evaluate

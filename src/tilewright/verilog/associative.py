"""Associative arrays: an element for each key that something was assigned to (IEEE 1800-2017, 7.8)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from functools import partial
from typing import Any

from tilewright.verilog.compiler import Compiler, Evaluate
from tilewright.verilog.machine import Machine
from tilewright.verilog.objects import FindName, find_name
from tilewright.verilog.places import compile_target, default_value
from tilewright.verilog.stored import Memory
from tilewright.verilog.values import BYTE, UNKNOWN, Value

FindIndex = Callable[[Machine], object | None]
Keys = Callable[[Machine], list[int] | None]
"""The keys in order; None where they are not known."""


def is_associative(type_: Any) -> bool:
    """Whether a variable of this type is an associative array."""
    return bool(getattr(type_.canonicalType, "isAssociativeArray", False))


def keys_of(array: Any, compiler: Compiler) -> Keys:
    """The keys of an array, in the order in which `foreach` and `next` go through them."""
    find, order = find_name(array, compiler), _order(array)

    def keys(machine: Machine) -> list[int] | None:
        memory = None if find is None else machine.memories.get(find(machine), Memory())
        if memory is None or None in memory.elements or memory.loads:
            return None
        found = [key for key in memory.elements if isinstance(key, int)]
        machine.step(len(found) // 64)
        return sorted(found, key=lambda key: order(machine, key))

    return keys


def _order(array: Any) -> Callable[[Machine, int], Any]:
    """Where a key stands: texts by their characters, numbers by their value, or as if without a sign."""
    index_type = array.type.canonicalType.associativeIndexType
    if index_type is not None and index_type.isString:
        return lambda _, key: _text(key)
    width = 64 if index_type is None or not index_type.isIntegral else int(index_type.bitWidth)
    whole = (1 << width) - 1
    return lambda machine, key: key & whole if machine.simulator.makes_elements else key


def _text(key: int) -> bytes:
    return key.to_bytes((key.bit_length() + BYTE - 1) // BYTE, "big")


def key_value(array: Any) -> Callable[[int], Value]:
    """What a variable holds that is given a key of an array."""
    index_type = array.type.canonicalType.associativeIndexType
    if index_type is None or not index_type.isIntegral:
        return lambda key: Value(key, max(BYTE * len(_text(key)), BYTE))
    width, is_signed = int(index_type.bitWidth), bool(index_type.isSigned)
    return lambda key: Value(key, width, is_signed)


def looked_at(look: Evaluate, find: FindName, index: FindIndex, array: Any) -> Evaluate:
    """A look at an element; in some simulators, one that is not there is there from then on."""
    default = default_value(array.type.canonicalType.arrayElementType)

    def evaluate(machine: Machine) -> Value:
        value, at = look(machine), index(machine)
        memory = machine.memories.setdefault(find(machine), Memory())
        if at is None or None in memory.elements or not machine.simulator.makes_elements:
            return value
        return memory.elements.setdefault(at, machine.first(default))

    return evaluate


def associative_method(call: Any, compiler: Compiler) -> Evaluate | None:
    """A method of an associative array; None for any other call."""
    arguments = list(call.arguments)
    method = _METHODS.get(call.subroutineName)
    if method is None or not arguments or not is_associative(arguments[0].type):
        return None
    return method(arguments, call.subroutineName, compiler)


def _count(arguments: list[Any], _: str, compiler: Compiler) -> Evaluate:
    keys, find = keys_of(arguments[0], compiler), find_name(arguments[0], compiler)

    def evaluate(machine: Machine) -> Value:
        found = keys(machine)
        _note_search(machine, find)
        return UNKNOWN if found is None else Value(len(found), 32, is_signed=True)

    return evaluate


def _exists(arguments: list[Any], _: str, compiler: Compiler) -> Evaluate:
    keys, wanted = keys_of(arguments[0], compiler), compiler.expression(arguments[1])
    find = find_name(arguments[0], compiler)

    def evaluate(machine: Machine) -> Value:
        found, key = keys(machine), wanted(machine).bits
        _note_search(machine, find)
        if found is None or key is None:
            return UNKNOWN
        return Value(int(key in found), 32, is_signed=True)

    return evaluate


def _note_search(machine: Machine, find: FindName | None) -> None:
    """A condition asks which keys there are, or how many: those that a file gave."""
    memory = None if find is None else machine.memories.get(find(machine))
    if memory is not None and memory.filler is not None:
        machine.searched.append(memory.filler)


def _delete(arguments: list[Any], _: str, compiler: Compiler) -> Evaluate:
    find = find_name(arguments[0], compiler, is_written=True)
    wanted = compiler.expression(arguments[1]) if len(arguments) > 1 else None

    def evaluate(machine: Machine) -> Value:
        if find is None:
            return UNKNOWN
        name = find(machine)
        memory = machine.memories.setdefault(name, Memory())
        key = wanted(machine).bits if wanted is not None else None
        if None in memory.elements or (wanted is not None and key is None):
            memory.elements = {None: UNKNOWN}
            return UNKNOWN
        for at in list(memory.elements) if wanted is None else [key]:
            memory.elements.pop(at, None)
            memory.loaded.discard(at)
            machine.marks.pop((name, at), None)
        return UNKNOWN

    return evaluate


def _step(arguments: list[Any], name: str, compiler: Compiler) -> Evaluate:
    """`first`, `last`, `next` and `prev`: 0, and the variable stays, where there is no such key."""
    keys, value = keys_of(arguments[0], compiler), key_value(arguments[0])
    order = _order(arguments[0])
    look, store = compiler.expression(arguments[1]), compile_target(arguments[1], compiler)

    def evaluate(machine: Machine) -> Value:
        found = keys(machine)
        if found is not None and name in ("next", "prev"):
            before = look(machine).bits
            is_lost = machine.simulator.makes_elements and before not in found
            if before is None:
                found = None
            else:
                found = [] if is_lost else _beyond(found, name, partial(order, machine), before)
        if found is None:
            store(machine, UNKNOWN)
            return UNKNOWN
        if found:
            store(machine, value(found[0 if name in ("first", "next") else -1]))
        return Value(int(bool(found)), 32, is_signed=True)

    return evaluate


def _beyond(keys: list[int], name: str, order: Callable[[int], Any], before: int) -> list[int]:
    """The keys behind one, or those in front of it."""
    places = [order(key) for key in keys]
    if name == "next":
        return keys[bisect_right(places, order(before)) :]
    return keys[: bisect_left(places, order(before))]


_METHODS: dict[str, Callable[[list[Any], str, Compiler], Evaluate]] = {
    "num": _count,
    "size": _count,
    "exists": _exists,
    "delete": _delete,
    **dict.fromkeys(("first", "last", "next", "prev"), _step),
}

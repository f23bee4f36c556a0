"""Queues of structures: each member is an array of its own, and a method moves the elements of all."""

from __future__ import annotations

from typing import Any

from tilewright.verilog.compiler import Compiler, Evaluate
from tilewright.verilog.events import ReadEvent
from tilewright.verilog.leaves import is_structure, leaves_of
from tilewright.verilog.looks import fill
from tilewright.verilog.machine import Machine
from tilewright.verilog.objects import find_name
from tilewright.verilog.queues import CHANGES
from tilewright.verilog.slots import compile_parts
from tilewright.verilog.stored import Memory, Parts, length
from tilewright.verilog.values import UNKNOWN, Value
from tilewright.verilog.variables import forget

_NEW = Value(-1)
_GIVEN = {"push_back": 1, "push_front": 1, "insert": 2}
"""Which argument of a method is a structure."""


def structure_method(call: Any, compiler: Compiler) -> Evaluate | None:
    """A method that changes a queue of structures, or takes one out; None for any other call."""
    array, name = call.arguments[0], call.subroutineName
    if not (array.type.isUnpackedArray and is_structure(array.type.arrayElementType)):
        return None
    find, leaves = (
        find_name(array, compiler, is_written=True),
        leaves_of(array.type.arrayElementType),
    )
    take = compile_parts(call.arguments[_GIVEN[name]], compiler) if name in _GIVEN else None
    index = compiler.expression(call.arguments[1]) if _has_index(call) else None
    change = CHANGES[name]
    suffixes = [suffix for suffix, dimensions, _ in leaves or [] if not dimensions]
    is_plain = leaves is not None and len(suffixes) == len(leaves)

    def evaluate(machine: Machine) -> Value:
        machine.step()
        parts = take(machine) if take is not None else {}
        at = index(machine) if index is not None else None
        if find is None:
            return UNKNOWN
        path = find(machine)
        base, order = machine.memory(path), list[Value]()
        if is_plain and None not in base.elements:
            order = [Value(one) for one in range(length(base))]
        given = [one for one in (at, _NEW if take is not None else None) if one is not None]
        result = change(order, given) if is_plain and None not in base.elements else None
        if result is None:
            forget(machine, path)
            base.elements = {None: UNKNOWN}
            return UNKNOWN
        if name.startswith("pop") and result.bits is None and base.filler is not None:
            base.filler.is_last_of_few = True
        _use(machine, parts)
        for suffix in suffixes:
            _reorder(machine, path + suffix, order, parts.get(suffix), suffix, result)
        base.size = len(order)
        if take is not None:
            fill(machine, base)
        return UNKNOWN

    return evaluate


def _has_index(call: Any) -> bool:
    return call.subroutineName in ("insert", "delete") and len(call.arguments) > 1


def _use(machine: Machine, parts: Parts) -> None:
    """What goes into a queue is used, but for digits x: those are when somebody looks at the element."""
    for leaf in parts.values():
        for _, event in (leaf or {}).values():
            if event is not None:
                was_used = event.is_x_used
                machine.use_event(
                    event, next((one for one in event.cuts if isinstance(one, str)), "")
                )
                event.is_x_used = was_used if event.has_x else event.is_x_used


def _reorder(
    machine: Machine, path: str, order: list[Value], new: Any, suffix: str, taken: Value
) -> None:
    """Put the elements of one leaf in order; those that are taken out go to `machine.popped`."""
    leaf: Memory = machine.memory(path)
    machine.step(1 + (len(order) + len(machine.marks)) // 64)
    given, event = (UNKNOWN, None) if new is None else new.get((), (None, None))
    old, marks = leaf.elements, _open_marks(machine, path)
    if taken.bits is not None:
        machine.popped[suffix] = {(): (old.get(taken.bits), marks.get(taken.bits))}
    values = [given if one is _NEW else old.get(one.bits) for one in order]
    leaf.elements = {at: value for at, value in enumerate(values) if value is not None}
    leaf.loaded = set(leaf.elements)
    for at, one in enumerate(order):
        mark = event if one is _NEW else marks.get(one.bits)
        if mark is not None and mark.has_x:
            machine.mark((path, at), mark)


def _open_marks(machine: Machine, path: str) -> dict[object, ReadEvent]:
    """The reads that left the elements of an array, taken from them."""
    keys = [key for key in machine.marks if isinstance(key, tuple) and key[0] == path]
    return {key[1]: machine.marks.pop(key) for key in keys}

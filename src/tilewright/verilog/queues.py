"""Queues and dynamic arrays: memories whose size changes while the testbench runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tilewright.verilog.array_methods import as_ordered, elements_of, keys_by
from tilewright.verilog.compiler import Compiler, Evaluate
from tilewright.verilog.cuts import copied, given_to
from tilewright.verilog.events import ReadEvent
from tilewright.verilog.gaps import GROWING, note_gap
from tilewright.verilog.leaves import is_deep
from tilewright.verilog.looks import fill
from tilewright.verilog.machine import Machine
from tilewright.verilog.objects import FindName, find_memory, find_name
from tilewright.verilog.places import FindKey, compile_key
from tilewright.verilog.stored import Key, Memory, length
from tilewright.verilog.values import UNKNOWN, Value
from tilewright.verilog.variables import drop, forget_property

Change = Callable[[list[Any], list[Any]], Any]
MOST_ELEMENTS = 1 << 20
"""Of a dynamic array; a larger one is not followed."""


def queue_method(call: Any, compiler: Compiler) -> Evaluate:
    """A method that changes a queue, or takes an element out of it."""
    find = find_name(call.arguments[0], compiler, is_written=True)
    arguments = [compiler.expression(argument) for argument in call.arguments[1:]]
    if find is None:
        return _forgetting(call.arguments[0], compiler)
    if call.subroutineName in ("sort", "rsort"):
        return _ordering(call, find, compiler)
    change, is_taken = CHANGES[call.subroutineName], call.subroutineName in TAKING
    is_given = call.subroutineName in ("push_back", "push_front", "insert")
    source = copied(call.arguments[-1]) if is_given else None
    find_source = compile_key(source, compiler) if source is not None else _no_key
    if is_given:
        arguments[-1] = given_to(
            call.arguments[-1], call.arguments[0].type.arrayElementType, compiler
        )

    def evaluate(machine: Machine) -> Value:
        machine.step()
        is_kept, machine.heap.is_kept = machine.heap.is_kept, False
        given, event = _given(machine, arguments, find_source)
        path = find(machine)
        memory = machine.memory(path)
        if None in memory.elements:
            machine.use_x(event)
            return UNKNOWN
        elements = list_of(memory)
        size = len(elements)
        machine.step(size // 64)
        if is_taken and not elements and machine.is_looking:
            _note_empty(machine, path, memory)
        result: Value | None = change(elements, given)
        if result is None:
            memory.elements = {None: UNKNOWN}
            return UNKNOWN
        memory.elements = dict(enumerate(elements))
        memory.size = len(elements)
        if memory.is_open or event is not None:
            memory.is_open = True
            moved = [*given[: len(given) - is_given], *[event] * is_given]
            _hand_out(machine, _move_marks(machine, path, size, change, moved), is_kept=is_kept)
        if is_given:
            fill(machine, memory)
        return result

    return evaluate


def _no_key(_: Machine) -> Key | None:
    return None


def _given(
    machine: Machine, arguments: list[Evaluate], find_source: FindKey
) -> tuple[list[Value], ReadEvent | None]:
    """What a method is given, and the read that left digits x in it: they are used when somebody looks at the
    element."""
    event = machine.event_of(find_source(machine))
    was_used = event is not None and event.is_x_used
    given = [argument(machine) for argument in arguments]
    if event is None or not event.has_x:
        return given, None
    event.is_x_used = was_used
    return given, event


def _note_empty(machine: Machine, path: str, memory: Memory) -> None:
    """An element is taken out of an empty queue."""
    note_gap(machine, path, 0, UNKNOWN, sort=GROWING)
    machine.use((path, 0))
    if memory.filler is not None:
        memory.filler.is_last_of_few = True


def _move_marks(
    machine: Machine, path: str, size: int, change: Change, given: list[Any]
) -> ReadEvent | None:
    """The reads that left the first `size` elements move with them; that of the one that is taken out."""
    marks = [machine.marks.pop((path, at), None) for at in range(size)]
    taken = change(marks, given)
    for at, event in enumerate(marks):
        if event is not None:
            machine.mark((path, at), event)
    return taken if isinstance(taken, ReadEvent) else None


def _hand_out(machine: Machine, event: ReadEvent | None, *, is_kept: bool) -> None:
    """An element is taken out: the read that left it goes with it, or is used."""
    if is_kept:
        machine.heap.returned = event
    elif event is not None:
        machine.use_event(event, "")


def _ordering(call: Any, find: FindName, compiler: Compiler) -> Evaluate:
    """`sort` and `rsort`, by the elements or by what `with` makes of them."""
    take, keys = elements_of(call.arguments[0], compiler), keys_by(call, compiler)
    is_down = call.subroutineName == "rsort"

    def evaluate(machine: Machine) -> Value:
        machine.step()
        memory = machine.memory(find(machine))
        elements = take(machine) if take is not None else None
        found = keys(machine, elements) if elements is not None else [UNKNOWN]
        order = [one.bits for one in as_ordered(machine, found)]
        known = [one for one in order if one is not None]
        if elements is None or len(known) < len(order):
            memory.elements = {None: UNKNOWN}
            return UNKNOWN
        places = sorted(range(len(known)), key=known.__getitem__, reverse=is_down)
        addresses = [at for at, _ in elements]
        memory.elements = {
            at: elements[place][1] for at, place in zip(addresses, places, strict=True)
        }
        for key in [
            key for key in machine.marks if isinstance(key, tuple) and key[0] == find(machine)
        ]:
            del machine.marks[key]
        return UNKNOWN

    return evaluate


def _forgetting(element: Any, compiler: Compiler) -> Evaluate:
    """A queue within an array changes: the array is not known any more."""
    find = find_memory(element, compiler, is_written=True)

    def evaluate(machine: Machine) -> Value:
        if find is not None:
            forget_property(machine, find(machine), is_array=True)
        return UNKNOWN

    return evaluate


def list_of(memory: Memory) -> list[Value]:
    """The elements in order; UNKNOWN for one that nothing was assigned to."""
    return [memory.elements.get(at, UNKNOWN) for at in range(length(memory))]


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


def _reverse(elements: list[Value], _: list[Value]) -> Value | None:
    elements.reverse()
    return UNKNOWN


def _lose(_: list[Value], __: list[Value]) -> Value | None:
    return None


CHANGES: dict[str, Change] = {
    "push_back": _push_back,
    "push_front": _push_front,
    "pop_back": _pop_back,
    "pop_front": _pop_front,
    "insert": _insert,
    "delete": _delete,
    "reverse": _reverse,
    **dict.fromkeys(("sort", "rsort", "shuffle"), _lose),
}
QUEUE_METHODS = tuple(CHANGES)
TAKING = ("pop_back", "pop_front")


def size_of(call: Any, compiler: Compiler) -> Evaluate:
    """`queue.size()`, also of a dynamic array, and of a memory."""
    find, type_ = find_name(call.arguments[0], compiler), call.arguments[0].type
    if not type_.isUnpackedArray or (find is None and not type_.hasFixedRange):
        return lambda _: UNKNOWN
    if type_.hasFixedRange:
        count = int(type_.fixedRange.width)
        return lambda _: Value(count)

    def evaluate(machine: Machine) -> Value:
        if find is None:
            return UNKNOWN
        memory = machine.memory(find(machine))
        return UNKNOWN if None in memory.elements else Value(length(memory))

    return evaluate


def new_array(assignment: Any, compiler: Compiler) -> Evaluate | None:
    """``array = new[size]``, with or without another array to copy; None for any other assignment."""
    right = assignment.right
    while right.kind.name == "Conversion":
        right = right.operand
    if right.kind.name != "NewArray":
        return None
    find, size = (
        find_name(assignment.left, compiler, is_written=True),
        compiler.expression(right.sizeExpr),
    )
    origin = None if right.initExpr is None else find_name(right.initExpr, compiler)
    if find is None:
        return _forgetting(assignment.left, compiler)
    is_copy, is_parted = right.initExpr is not None, is_deep(assignment.left.type)

    def evaluate(machine: Machine) -> Value:
        machine.step()
        count = size(machine).bits
        old = machine.memories.get(origin(machine)) if origin else None
        drop(machine, find(machine), is_array=True)
        memory = machine.memories[find(machine)] = Memory()
        is_known = count is not None and 0 <= count <= MOST_ELEMENTS
        is_known = (
            is_known and find(machine) not in machine.volatile and not (is_copy and is_parted)
        )
        if not is_known or (is_copy and old is None):
            memory.elements[None] = UNKNOWN
        else:
            memory.size = count
            for at, value in (old.elements if old else {}).items():
                if not isinstance(at, int) or at < (count or 0):
                    memory.elements[at] = value
        return UNKNOWN

    return evaluate

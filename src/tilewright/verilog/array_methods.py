"""Methods that look at all elements of an array, and slices of arrays (IEEE 1800-2017, 7.4.5 and 7.12)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import reduce
from operator import and_, mul, or_, xor
from typing import Any

from tilewright.verilog.compiler import Compiler, Evaluate
from tilewright.verilog.heap import static_name
from tilewright.verilog.leaves import has_parts
from tilewright.verilog.looks import look_at_all, looking
from tilewright.verilog.machine import Machine
from tilewright.verilog.objects import find_name
from tilewright.verilog.paths import path_of
from tilewright.verilog.stored import Memory, length
from tilewright.verilog.values import Value, all_x, wrap

Elements = list[tuple[int, Value]]
"""Address and value of each element, from the left to the right."""
TakeElements = Callable[[Machine], Elements | None]

REDUCTIONS: dict[str, tuple[Callable[[int, int], int], int]] = {
    "sum": (lambda a, b: a + b, 0),
    "product": (mul, 1),
    "and": (and_, -1),
    "or": (or_, 0),
    "xor": (xor, 0),
}
LOCATORS = frozenset(
    (
        *("find", "find_index", "find_first", "find_first_index", "find_last", "find_last_index"),
        *("min", "max", "unique", "unique_index"),
    )
)


def elements_of(array: Any, compiler: Compiler) -> TakeElements | None:
    """All elements of an array of single values; None where it is no such array, or is not known."""
    find = find_name(array, compiler)
    if find is None or not array.type.isUnpackedArray or has_parts(array.type.arrayElementType):
        return None
    if not array.type.arrayElementType.isIntegral:
        return None
    bounds = array.type.fixedRange if array.type.hasFixedRange else None
    if bounds is None and getattr(array.type.canonicalType, "isAssociativeArray", False):
        return None

    def take(machine: Machine) -> Elements | None:
        path = find(machine)
        memory = machine.memory(path)
        look_at_all(machine, {static_name(path)})
        if None in memory.elements or machine.is_volatile(path):
            return None
        left, right = (int(bounds.left), int(bounds.right)) if bounds else (0, length(memory) - 1)
        step = -1 if bounds and left > right else 1
        addresses = range(left, right + step, step)
        machine.step(1 + len(addresses) // 64)
        if any(at not in memory.elements for at in addresses):
            return None
        return [(at, memory.elements[at]) for at in addresses]

    return take


def keys_by(call: Any, compiler: Compiler) -> Callable[[Machine, Elements], list[Value]]:
    """What the `with` of a method makes of each element; without one, the element."""
    info = getattr(getattr(call.subroutine, "extraInfo", None), "iterExpr", None)
    if info is None:
        return lambda _, elements: [value for _, value in elements]
    path, evaluate = path_of(call.subroutine.extraInfo.iterVar), compiler.expression(info)

    def keys(machine: Machine, elements: Elements) -> list[Value]:
        found = []
        for _, value in elements:
            machine.step()
            machine.values[path] = value
            found.append(evaluate(machine))
        machine.values.pop(path, None)
        return found

    return keys


def reduction(call: Any, compiler: Compiler) -> Evaluate:
    """`sum`, `product` and their kin, in the width of an element or of what `with` gives."""
    take, keys = elements_of(call.arguments[0], compiler), keys_by(call, compiler)
    function, first = REDUCTIONS[call.subroutineName]
    if take is None or not call.type.isIntegral:
        return looking(call, compiler)
    width, is_signed = int(call.type.bitWidth), bool(call.type.isSigned)

    def evaluate(machine: Machine) -> Value:
        machine.step()
        elements = take(machine)
        if elements is None:
            return Value(None)
        bits = [one.bits for one in keys(machine, elements)]
        known = [one for one in bits if one is not None]
        if len(known) < len(bits):
            return all_x(width, is_signed=is_signed)
        total = reduce(function, known, first)
        return Value(wrap(total, width, is_signed=is_signed), width, is_signed)

    return evaluate


def located(call: Any, compiler: Compiler) -> Callable[[Machine], list[Value] | None]:
    """What a method finds: elements, or their addresses; None where that is not known."""
    take, keys, name = (
        elements_of(call.arguments[0], compiler),
        keys_by(call, compiler),
        call.subroutineName,
    )
    is_index = name.endswith("_index")

    def find(machine: Machine) -> list[Value] | None:
        elements = take(machine) if take is not None else None
        if elements is None:
            return None
        found = keys(machine, elements)
        if name.startswith("find"):
            bits: list[int | bool | None] = [one.truth for one in found]
        else:
            bits = [one.bits for one in as_ordered(machine, found)]
        if None in bits:
            return None
        at = _chosen(name, [int(one or 0) for one in bits])
        return [
            Value(elements[i][0], 32, is_signed=True) if is_index else elements[i][1] for i in at
        ]

    return find


def as_ordered(machine: Machine, keys: list[Value]) -> list[Value]:
    """The numbers as the simulator puts them in order."""
    if not machine.simulator.sorts_by_digits:
        return keys
    return [key.resize(key.width, is_signed=False) for key in keys]


def _chosen(name: str, keys: list[int]) -> Iterable[int]:
    """Which elements a method takes, by what `with` says of each."""
    if name in ("min", "max"):
        best = {"min": min, "max": max}[name](keys, default=None)
        return [keys.index(best)] if best is not None else []
    if name.startswith("unique"):
        return [i for i, key in enumerate(keys) if key not in keys[:i]]
    found = [i for i, key in enumerate(keys) if key]
    return found[:1] if "first" in name else found[-1:] if "last" in name else found


def sliced(expression: Any, compiler: Compiler) -> Callable[[Machine], Memory | None] | None:
    """``queue[a:b]``, what there is of it; None for anything but a slice of a queue of single values."""
    array = expression.value
    take = elements_of(array, compiler)
    if take is None or array.type.hasFixedRange:
        return None
    find = find_name(array, compiler)
    ends = [_end(one, compiler) for one in (expression.left, expression.right)]
    is_up, is_down = (
        expression.selectionKind.name == kind for kind in ("IndexedUp", "IndexedDown")
    )

    def cut(machine: Machine) -> Memory | None:
        elements = take(machine)
        if elements is None or find is None:
            return None
        first, last = (end(machine, len(elements)) for end in ends)
        if first is None or last is None:
            return None
        if is_up or is_down:
            first, last = (first, first + last - 1) if is_up else (first - last + 1, first)
        kept = [value for at, value in elements if first <= at <= last]
        whole = machine.memory(find(machine))
        return Memory(dict(enumerate(kept)), [], set(), len(kept), whole.filler, whole.source)

    return cut


def _end(expression: Any, compiler: Compiler) -> Callable[[Machine, int], int | None]:
    """An end of a slice; `$` is the last element."""
    if expression.kind.name == "UnboundedLiteral":
        return lambda _, count: count - 1
    value = compiler.expression(expression)
    return lambda machine, _: value(machine).bits

"""Where values are stored: variables, elements of memories, and parts of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tilewright.verilog.classes import is_member, is_property
from tilewright.verilog.compiler import Assign, Compiler, Evaluate
from tilewright.verilog.leaves import branch_of, has_parts, root_of
from tilewright.verilog.looks import fill
from tilewright.verilog.machine import Machine
from tilewright.verilog.objects import FindName, find_memory, find_name
from tilewright.verilog.paths import path_of
from tilewright.verilog.stored import Key, Outside, length
from tilewright.verilog.values import UNKNOWN, Value, all_x, from_pattern

FindKey = Callable[[Machine], Key | None]
FindBits = Callable[[Machine], int | None]
BEYOND = -1
"""In place of a bit: the vector does not have it."""


def compile_target(expression: Any, compiler: Compiler) -> Assign:
    """How a value is stored in a variable, an element or a part of one."""
    kind = expression.kind.name
    if kind == "HierarchicalValue" or (kind == "NamedValue" and not is_property(expression)):
        name, fit = path_of(expression.symbol), fitter(expression.type)
        return lambda m, v: m.set(name, fit(v))
    if (find := find_name(expression, compiler, is_written=True)) is not None:
        return _compile_property(find, fitter(expression.type))
    if kind == "Concatenation":
        return _compile_parts(expression, compiler)
    if kind == "Conversion":
        return compile_target(expression.operand, compiler)
    if root_of(expression) is not None:
        return _ignore if has_parts(expression.type) else _compile_element(expression, compiler)
    if kind in ("ElementSelect", "RangeSelect", "MemberAccess"):
        return _compile_part(expression, compiler)
    return _ignore


def _compile_property(find: FindName, fit: Callable[[Value], Value]) -> Assign:
    return lambda machine, value: machine.set(find(machine), fit(value))


def _ignore(_: Machine, __: Value) -> None:
    return


def fitter(type_: Any) -> Callable[[Value], Value]:
    """What a variable of a type makes of a value."""
    if not type_.isIntegral:
        return lambda v: v
    width, is_signed = int(type_.bitWidth), bool(type_.isSigned)
    if type_.isFourState:
        return lambda v: v.resize(width, is_signed=is_signed)
    return lambda v: v.resize(width, is_signed=is_signed).two_state()


def does_something(expression: Any) -> bool:
    """Whether an expression changes something where it is computed, so that it is computed only once."""
    kinds: list[bool] = []

    def visit(node: Any) -> None:
        is_step = node.kind.name == "UnaryOp" and "crement" in node.op.name
        is_call = node.kind.name == "Call" and not node.isSystemCall
        kinds.append(is_step or is_call or node.kind.name in ("Assignment", "NewClass"))

    expression.visit(visit)
    return any(kinds)


def compile_place(expression: Any, compiler: Compiler) -> tuple[Assign, FindKey]:
    """How a place is written to, and which variable or element it is.

    Where that does something, as ``m[i++]`` does, it is done once for both.
    """
    find, assign = compile_key(expression, compiler), compile_target(expression, compiler)
    is_whole = root_of(expression) is not None or is_member(expression)
    if not (does_something(expression) and is_whole and expression.kind.name != "RangeSelect"):
        return assign, find
    fit, found = fitter(expression.type), list[Key | None]()

    def store(machine: Machine, value: Value) -> None:
        found.append(find(machine))
        _store_at(machine, found[-1], fit(value))

    return store, lambda machine: found.pop() if found else find(machine)


def _store_at(machine: Machine, key: Key | None, value: Value) -> None:
    if isinstance(key, str):
        machine.set(key, value)
    elif key is not None and not isinstance(key[1], Outside):
        machine.marks.pop(key, None)
        memory = machine.memory(key[0])
        memory.elements[key[1]] = value
        memory.loaded.add(key[1])
        fill(machine, memory)


def compile_index(expression: Any, compiler: Compiler) -> Callable[[Machine], object | None]:
    """The address of an element; a tuple where the memory has several dimensions.

    It is `Outside` where the memory has no such address.
    """
    selectors: list[Evaluate] = []
    ranges: list[range | None] = []
    branch = branch_of(expression)
    for select in () if branch is None else branch.selects:
        selectors.append(_compile_selector(select, compiler))
        ranges.append(_range_of(select.value.type))

    def index(machine: Machine) -> object | None:
        indices = tuple(selector(machine).bits for selector in selectors)
        if None in indices:
            return None
        at = indices[0] if len(indices) == 1 else indices
        pairs = zip(indices, ranges, strict=True)
        is_there = all(bounds is None or one in bounds for one, bounds in pairs)
        return at if is_there else Outside(at)

    return index


def _compile_selector(expression: Any, compiler: Compiler) -> Evaluate:
    """An index; `$` is that of the last element of a queue."""
    if expression.selector.kind.name != "UnboundedLiteral":
        return compiler.expression(expression.selector)
    find = find_name(expression.value, compiler)

    def last(machine: Machine) -> Value:
        memory = None if find is None else machine.memory(find(machine))
        is_known = memory is not None and None not in memory.elements
        return Value(length(memory) - 1) if memory is not None and is_known else UNKNOWN

    return last


def _range_of(type_: Any) -> range | None:
    """The addresses of a memory; None if they can change."""
    if not type_.hasFixedRange:
        return None
    ends = (int(type_.fixedRange.left), int(type_.fixedRange.right))
    return range(min(ends), max(ends) + 1)


def compile_key(expression: Any, compiler: Compiler) -> FindKey:
    """Which variable or element a target is, or is a part of."""
    while True:
        if root_of(expression) is not None and (find := find_memory(expression, compiler)):
            return _element_key(find, compile_index(expression, compiler))
        if (find := find_name(expression, compiler)) is not None:
            return find
        kind = expression.kind.name
        if kind == "Conversion":
            expression = expression.operand
        elif kind in ("RangeSelect", "MemberAccess", "ElementSelect"):
            expression = expression.value
        else:
            return lambda _: None


def parts_of(target: Any) -> list[Any]:
    """The places that are written to together, as ``{a, b}`` is."""
    if target.kind.name != "Concatenation":
        return [target]
    return [part for operand in target.operands for part in parts_of(operand)]


def _element_key(find: FindName, index: Callable[[Machine], object | None]) -> FindKey:
    return lambda m: None if (at := index(m)) is None else (find(m), at)


def _compile_element(expression: Any, compiler: Compiler) -> Assign:
    find, fit = find_memory(expression, compiler, is_written=True), fitter(expression.type)
    index = compile_index(expression, compiler)
    if find is None:
        return _ignore

    def assign(machine: Machine, value: Value) -> None:
        path = find(machine)
        memory, at = machine.memory(path), index(machine)
        if at is None:
            memory.elements.clear()
            memory.elements[None] = UNKNOWN
            return
        machine.marks.pop((path, at), None)
        if isinstance(at, Outside):
            return
        memory.elements[at] = fit(value)
        memory.loaded.add(at)
        fill(machine, memory)

    return assign


def _compile_parts(expression: Any, compiler: Compiler) -> Assign:
    parts = [(compile_target(o, compiler), int(o.type.bitWidth)) for o in expression.operands]
    total = sum(width for _, width in parts)

    def assign(machine: Machine, value: Value) -> None:
        pattern, left = value.resize(total, is_signed=False).pattern, total
        for target, width in parts:
            left -= width
            part = UNKNOWN
            if pattern is not None:
                part = from_pattern(pattern[0] >> left, pattern[1] >> left, width)
            target(machine, part)

    return assign


def _compile_part(expression: Any, compiler: Compiler) -> Assign:
    """A part of a vector: the rest of it stays."""
    base, whole = expression.value, int(expression.value.type.bitWidth)
    width, low = int(expression.type.bitWidth), compile_low_bit(expression, compiler)
    store, load = compile_target(base, compiler), compiler.expression(base)

    def assign(machine: Machine, value: Value) -> None:
        at = low(machine)
        new = value.resize(width, is_signed=False).pattern
        machine.is_merging = True
        old = load(machine).resize(whole, is_signed=False).pattern
        machine.is_merging = False
        if at is None or at == BEYOND or new is None or old is None:
            store(machine, UNKNOWN)
            return
        hole = ((1 << width) - 1) << at
        ones = old[0] & ~hole | new[0] << at
        store(machine, from_pattern(ones, old[1] & ~hole | new[1] << at, whole))

    return assign


def compile_low_bit(expression: Any, compiler: Compiler) -> FindBits:
    """The lowest bit, counted from 0, of a part of a vector; None if it is not known, BEYOND if it is not
    there."""
    if expression.kind.name == "MemberAccess":
        offset = getattr(expression.member, "bitOffset", None)
        return lambda _: offset
    type_, width = expression.value.type, int(expression.type.bitWidth)
    if not (type_.isIntegral and type_.hasFixedRange):
        return lambda _: None
    ends = (int(type_.fixedRange.left), int(type_.fixedRange.right))
    whole = int(type_.bitWidth)
    unit = whole // (abs(ends[0] - ends[1]) + 1)
    first = _compile_first(expression, compiler, is_down=ends[0] >= ends[1])

    def low_bit(machine: Machine) -> int | None:
        index = first(machine)
        if index is None:
            return None
        low = (index - ends[1] if ends[0] >= ends[1] else ends[1] - index) * unit
        return low if low >= 0 and low + width <= whole else BEYOND

    return low_bit


def _compile_first(expression: Any, compiler: Compiler, *, is_down: bool) -> FindBits:
    """The index of the lowest element of a selection."""
    if expression.kind.name == "ElementSelect":
        only = compiler.expression(expression.selector)
        return lambda m: only(m).bits
    left, right = compiler.expression(expression.left), compiler.expression(expression.right)
    kind = expression.selectionKind.name
    if kind == "Simple":
        return lambda m: right(m).bits
    is_far = (kind == "IndexedDown") == is_down

    def first(machine: Machine) -> int | None:
        base, count = left(machine).bits, right(machine).bits
        if base is None or count is None:
            return None
        far = base - count + 1 if is_down else base + count - 1
        return far if is_far else base

    return first


def is_signed_member(expression: Any) -> bool:
    """Whether an expression is a member with a sign, of a packed structure or union."""
    is_packed = expression.kind.name == "MemberAccess" and expression.value.type.isIntegral
    return bool(is_packed and expression.type.isIntegral and expression.type.isSigned)


def default_value(type_: Any) -> Value:
    """What a variable holds before anything is assigned: a handle is null."""
    if not type_.isIntegral:
        return Value(0, 8) if type_.isString else Value(0) if type_.isClass else UNKNOWN
    width, is_signed = int(type_.bitWidth), bool(type_.isSigned)
    return all_x(width, is_signed=is_signed) if type_.isFourState else Value(0, width, is_signed)

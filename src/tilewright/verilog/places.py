"""Where values are stored: variables, elements of memories, and parts of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tilewright.verilog.compiler import Assign, Compiler, Evaluate
from tilewright.verilog.machine import Key, Machine, Memory, Outside
from tilewright.verilog.paths import path_of
from tilewright.verilog.values import UNKNOWN, Value, all_x, from_pattern

FindKey = Callable[[Machine], Key | None]
FindBits = Callable[[Machine], int | None]


def compile_target(expression: Any, compiler: Compiler) -> Assign:
    """How a value is stored in a variable, an element or a part of one."""
    kind = expression.kind.name
    if kind in ("NamedValue", "HierarchicalValue"):
        name, fit = path_of(expression.symbol), fitter(expression.type)
        return lambda m, v: m.set(name, fit(v))
    if kind == "Concatenation":
        return _compile_parts(expression, compiler)
    if kind == "Conversion":
        return compile_target(expression.operand, compiler)
    if root_of(expression) is not None and kind == "ElementSelect":
        return _compile_element(expression, compiler)
    if kind in ("ElementSelect", "RangeSelect", "MemberAccess"):
        return _compile_part(expression, compiler)
    return _ignore


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


def root_of(expression: Any) -> Any:
    """The symbol of the memory of which an expression is an element; None if it is none."""
    depth = 0
    while expression.kind.name == "ElementSelect" and expression.value.type.isUnpackedArray:
        expression, depth = expression.value, depth + 1
    is_name = expression.kind.name in ("NamedValue", "HierarchicalValue")
    return expression.symbol if depth and is_name else None


def compile_index(expression: Any, compiler: Compiler) -> Callable[[Machine], object | None]:
    """The address of an element; a tuple where the memory has several dimensions.

    It is `Outside` where the memory has no such address.
    """
    selectors: list[Evaluate] = []
    ranges: list[range | None] = []
    while expression.kind.name == "ElementSelect" and expression.value.type.isUnpackedArray:
        selectors.insert(0, _compile_selector(expression, compiler))
        ranges.insert(0, _range_of(expression.value.type))
        expression = expression.value

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
    symbol = expression.value.getSymbolReference()
    path = "" if symbol is None else path_of(symbol)

    def last(machine: Machine) -> Value:
        memory = machine.memories.get(path)
        return UNKNOWN if memory is None else Value(len(memory.elements) - 1)

    return last


def _range_of(type_: Any) -> range | None:
    """The addresses of a memory; None if they can change."""
    if not type_.hasFixedRange:
        return None
    ends = (int(type_.fixedRange.left), int(type_.fixedRange.right))
    return range(min(ends), max(ends) + 1)


def compile_key(expression: Any, compiler: Compiler) -> FindKey:
    """Which variable or element a target is, or is a part of."""
    while expression.kind.name in ("Conversion", "RangeSelect", "MemberAccess", "ElementSelect"):
        if expression.kind.name == "Conversion":
            expression = expression.operand
        elif (root := root_of(expression)) is not None:
            path, index = path_of(root), compile_index(expression, compiler)
            return lambda m: None if (at := index(m)) is None else (path, at)
        else:
            expression = expression.value
    if expression.kind.name not in ("NamedValue", "HierarchicalValue"):
        return lambda _: None
    name = path_of(expression.symbol)
    return lambda _: name


def _compile_element(expression: Any, compiler: Compiler) -> Assign:
    path, fit = path_of(root_of(expression)), fitter(expression.type)
    index = compile_index(expression, compiler)

    def assign(machine: Machine, value: Value) -> None:
        memory = machine.memories.setdefault(path, Memory())
        at = index(machine)
        if at is None:
            memory.elements.clear()
            memory.elements[None] = UNKNOWN
            return
        machine.marks.pop((path, at), None)
        if isinstance(at, Outside):
            return
        memory.elements[at] = fit(value)
        memory.loaded.add(at)

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
        old = load(machine).resize(whole, is_signed=False).pattern
        if at is None or new is None or old is None:
            store(machine, UNKNOWN)
            return
        hole = ((1 << width) - 1) << at
        ones = old[0] & ~hole | new[0] << at
        store(machine, from_pattern(ones, old[1] & ~hole | new[1] << at, whole))

    return assign


def compile_low_bit(expression: Any, compiler: Compiler) -> FindBits:
    """The lowest bit, counted from 0, of a part of a vector; None if it is not known or not there."""
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
        return low if low >= 0 and low + width <= whole else None

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


def default_value(type_: Any) -> Value:
    """What a variable holds before anything is assigned."""
    if not type_.isIntegral:
        return Value(0, 8) if type_.isString else UNKNOWN
    width, is_signed = int(type_.bitWidth), bool(type_.isSigned)
    return all_x(width, is_signed=is_signed) if type_.isFourState else Value(0, width, is_signed)

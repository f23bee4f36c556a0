"""Expressions of a testbench, compiled once from pyslang's tree to functions of the machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tilewright.verilog.assignments import compile_assignment, compile_old_value
from tilewright.verilog.associative import is_associative, looked_at
from tilewright.verilog.characters import weighing
from tilewright.verilog.classes import has_lifetime_of_its_own, is_member, is_this
from tilewright.verilog.combinations import concatenation, conditional, inside, replication
from tilewright.verilog.compiler import Compiler, Evaluate
from tilewright.verilog.gaps import note_gap, sort_of
from tilewright.verilog.leaves import branch_of, has_parts, is_field, root_of
from tilewright.verilog.line_parts import note_beyond, note_lane, note_part
from tilewright.verilog.literals import constant, literal, null, string
from tilewright.verilog.looks import look_beyond, looking, read_memory
from tilewright.verilog.machine import WIDE, Machine
from tilewright.verilog.objects import copy_object, find_memory, find_name, new_object
from tilewright.verilog.operators import (
    BINARY,
    CASE_EQUALITIES,
    WILDCARDS,
    binary_with_x,
    logical,
    unary,
)
from tilewright.verilog.partners import comparing
from tilewright.verilog.paths import path_of
from tilewright.verilog.patterns import compile_pattern
from tilewright.verilog.places import (
    BEYOND,
    compile_index,
    compile_key,
    compile_low_bit,
    compile_target,
    default_value,
    does_something,
    fitter,
    is_signed_member,
)
from tilewright.verilog.strings import string_character
from tilewright.verilog.unknown_names import UNKNOWN_NAME
from tilewright.verilog.values import BYTE, UNKNOWN, Value, all_x, from_pattern, text_value, wrap
from tilewright.verilog.widened import loses_sign, noting_widening

_STEPS = {"Preincrement": 1, "Postincrement": 1, "Predecrement": -1, "Postdecrement": -1}


def compile_expression(expression: Any, compiler: Compiler) -> Evaluate:
    """The value of an expression; UNKNOWN for what is not followed."""
    function = _COMPILERS.get(expression.kind.name)
    return (function or looking)(expression, compiler)


def _unknown(_: Machine) -> Value:
    return UNKNOWN


def _of_design(machine: Machine) -> Value:
    return machine.look_at_design()


def _named(expression: Any, compiler: Compiler) -> Evaluate:
    symbol = expression.symbol
    if has_parts(expression.type):
        return looking(expression, compiler)
    if symbol.kind.name in ("Parameter", "EnumValue"):
        return constant(symbol.value, expression.type)
    if is_this(symbol):
        return lambda machine: Value(machine.heap.this)
    path = path_of(symbol)
    if symbol.kind.name == "ClassProperty":
        return _property(expression, compiler)
    if symbol.kind.name not in ("Variable", "FormalArgument", "Field", "Iterator"):
        tied = compiler.tied.get(path)  # else a net is driven by the design
        return _of_design if tied is None else compile_expression(tied, compiler)
    if symbol.name == UNKNOWN_NAME:
        return _of_design
    is_set = path in compiler.assigned or symbol.kind.name in ("FormalArgument", "Iterator")
    is_own = has_lifetime_of_its_own(symbol)
    is_set = is_set or expression.type.isClass  # null
    default = default_value(expression.type) if is_set or is_own else UNKNOWN
    if is_own:
        return lambda m: m.first(default) if (value := m.get(path)) is None else value
    return lambda m: default if (value := m.get(path)) is None else value


def _property(expression: Any, compiler: Compiler) -> Evaluate:
    """A variable of an object, or of a class."""
    find, default = find_name(expression, compiler), default_value(expression.type)
    if find is None:
        return _unknown
    return lambda m: m.first(default) if (value := m.get(find(m))) is None else value


def _member(expression: Any, compiler: Compiler) -> Evaluate:
    if is_member(expression):
        return _property(expression, compiler)
    if is_field(expression) and (branch := branch_of(expression)) is not None:
        return (_element if branch.selects else _field)(expression, compiler)
    return _of_design if expression.value.type.isVirtualInterface else _part(expression, compiler)


def _field(expression: Any, compiler: Compiler) -> Evaluate:
    """A member of a structure that is a variable."""
    find, branch = find_name(expression, compiler), branch_of(expression)
    if has_parts(expression.type) or find is None or branch is None:
        return looking(expression, compiler)
    root = branch.root
    default = default_value(expression.type) if _is_set(root, compiler) else UNKNOWN
    is_own = has_lifetime_of_its_own(root.getSymbolReference())

    def evaluate(machine: Machine) -> Value:
        value = machine.get(find(machine))
        return value if value is not None else machine.first(default) if is_own else default

    return evaluate


def _conversion(expression: Any, compiler: Compiler) -> Evaluate:
    operand, fit = compile_expression(expression.operand, compiler), fitter(expression.type)
    if (
        expression.type.isString
        and expression.operand.type.isIntegral
        and not expression.isImplicit
    ):
        return lambda m: _as_string(operand(m))
    if loses_sign(expression):
        signed, width = operand, int(expression.operand.type.bitWidth)
        operand = noting_widening(
            expression, lambda m: signed(m).resize(width, is_signed=False), compiler
        )
    return lambda m: fit(operand(m))


def _as_string(value: Value) -> Value:
    """A number as a text, without the characters of value 0 in front."""
    if value.text is None:
        return value
    return replace(text_value(value.text), lost=value.lost, origin=value.origin)


def _binary(expression: Any, compiler: Compiler) -> Evaluate:
    name = expression.op.name
    look = compile_pattern if name in WILDCARDS else compile_expression
    left = compile_expression(expression.left, compiler)
    left = weighing(expression, expression.left, expression.right, left, compiler)
    right = look(expression.right, compiler)
    right = weighing(expression, expression.right, expression.left, right, compiler)
    if name in ("LogicalAnd", "LogicalOr"):
        return logical(left, right, stops_at=name == "LogicalOr")
    if name in CASE_EQUALITIES and (test := _x_test(expression, compiler)) is not None:
        return test
    function = BINARY.get(name)
    width, is_signed = int(expression.type.bitWidth), bool(expression.type.isSigned)
    operand_width = int(expression.left.type.bitWidth)
    cost = max(width, operand_width) // WIDE

    def evaluate(machine: Machine) -> Value:
        if cost:
            machine.step(cost)
        one, other = left(machine), right(machine)
        a, b = one.bits, other.bits
        if a is None or b is None:
            return binary_with_x(name, one, other, width)
        if name == "LogicalShiftRight":
            return Value(wrap(a, operand_width, is_signed=False) >> b, width, is_signed)
        if b == 0 and name in ("Divide", "Mod"):
            return all_x(width)
        if function is None:
            return UNKNOWN
        return Value(wrap(int(function(a, b)), width, is_signed=is_signed), width, is_signed)

    return comparing(expression, evaluate)


def _x_test(expression: Any, compiler: Compiler) -> Evaluate | None:
    """``word === 8'hxx`` asks whether something is there: that is no use of the word."""
    sides = (expression.left, expression.right)
    constants = [side for side in sides if _is_x(side)]
    if len(constants) != 1:
        return None
    name = expression.op.name
    side = sides[constants[0] is sides[0]]
    tested, wanted = compile_expression(side, compiler), compile_expression(constants[0], compiler)
    while side.kind.name in ("Conversion", "UnaryOp"):
        side = side.operand
    find = (lambda _: None) if does_something(side) else compile_key(side, compiler)

    def evaluate(machine: Machine) -> Value:
        with machine.unused():
            value = tested(machine)
            event = machine.event_of(find(machine))
        if event is not None:
            event.is_x_asked = True
        return binary_with_x(name, value, wanted(machine), 1)

    return evaluate


def _is_x(expression: Any) -> bool:
    while expression.kind.name == "Conversion":
        expression = expression.operand
    is_literal = expression.kind.name in ("IntegerLiteral", "UnbasedUnsizedIntegerLiteral")
    return is_literal and bool(expression.value.hasUnknown)


def _unary(expression: Any, compiler: Compiler) -> Evaluate:
    name = expression.op.name
    operand = compile_expression(expression.operand, compiler)
    width, is_signed = int(expression.type.bitWidth), bool(expression.type.isSigned)
    if name in _STEPS:
        return _step(expression, compiler, operand)
    return lambda m: unary(name, operand(m), width, is_signed=is_signed)


def _step(expression: Any, compiler: Compiler, operand: Evaluate) -> Evaluate:
    target, delta = compile_target(expression.operand, compiler), _STEPS[expression.op.name]
    is_post = expression.op.name.startswith("Post")

    def evaluate(machine: Machine) -> Value:
        old = operand(machine)
        new = UNKNOWN
        if old.bits is not None:
            new = Value(old.bits + delta, old.width + 1, is_signed=True)
        elif old.masked is not None:
            new = all_x(old.width)
        target(machine, new)
        return old if is_post else new

    return evaluate


def _element(expression: Any, compiler: Compiler) -> Evaluate:
    root = root_of(expression)
    if root is None:
        is_text = expression.value.type.isString
        return (string_character if is_text else _part)(expression, compiler)
    if has_parts(expression.type):
        return looking(expression, compiler)
    find, index = find_memory(expression, compiler), compile_index(expression, compiler)
    if find is None:
        return _unknown
    default = default_value(expression.type) if _is_set(root, compiler) else UNKNOWN
    is_own = has_lifetime_of_its_own(root.getSymbolReference())
    has_keys, sort = is_associative(root.type), sort_of(root.type)

    def evaluate(machine: Machine) -> Value:
        first = machine.first(default) if is_own else default
        path, at = find(machine), index(machine)
        if not has_keys:
            look_beyond(machine, path, at)
        if machine.is_looking and not machine.is_merging and not machine.is_matching:
            note_gap(machine, path, at, default, sort=sort)
        return read_memory(machine, path, at, first)

    return looked_at(evaluate, find, index, root) if has_keys else evaluate


def _is_set(root: Any, compiler: Compiler) -> bool:
    """Whether it is known what an array holds before anything is assigned to it."""
    symbol = root.getSymbolReference()
    return symbol.kind.name in ("ClassProperty", "FormalArgument") or (
        path_of(symbol) in compiler.assigned
    )


def _part(expression: Any, compiler: Compiler) -> Evaluate:
    """A bit, a packed element, a range or a member of a vector."""
    value = compile_expression(expression.value, compiler)
    width, low = int(expression.type.bitWidth), compile_low_bit(expression, compiler)
    whole, may_be_signed = int(expression.value.type.bitWidth), is_signed_member(expression)
    find_key = compile_key(expression.value, compiler)

    def evaluate(machine: Machine) -> Value:
        was_parting, machine.is_parting = machine.is_parting, True
        held = value(machine)
        machine.is_parting = was_parting
        pattern, at = held.resize(whole, is_signed=False).pattern, low(machine)
        if held.masked is not None and _looks_at_x(pattern, at, width):
            machine.use_x(machine.event_of(find_key(machine)))
        if at == BEYOND and machine.is_looking and not machine.is_merging:
            note_beyond(machine, find_key(machine))
        if pattern is None or at is None or at == BEYOND:
            return UNKNOWN
        if held.origin is not None:
            note_part(held, at, width)
        elif machine.marks:
            note_lane(machine, find_key(machine), at, width)
        is_signed = may_be_signed and machine.simulator.has_signed_members
        part = from_pattern(pattern[0] >> at, pattern[1] >> at, width, is_signed=is_signed)
        is_char = held.origin is not None and width == BYTE and at % BYTE == 0
        return replace(part, origin=held.origin) if is_char else part

    return evaluate


def _looks_at_x(pattern: tuple[int, int] | None, at: int | None, width: int) -> bool:
    """Whether a part of a vector has digits x or z; one at a place that is not known may have."""
    if pattern is None or at is None or at == BEYOND:
        return True
    return bool(pattern[1] >> at & ((1 << width) - 1))


def _call(expression: Any, compiler: Compiler) -> Evaluate:
    return compiler.compile_call(expression)


_COMPILERS: dict[str, Callable[[Any, Any], Evaluate]] = {
    "IntegerLiteral": literal,
    "UnbasedUnsizedIntegerLiteral": literal,
    "StringLiteral": string,
    "NamedValue": _named,
    "HierarchicalValue": _named,
    "Conversion": _conversion,
    "BinaryOp": _binary,
    "UnaryOp": _unary,
    "ConditionalOp": conditional,
    "Concatenation": concatenation,
    "Replication": replication,
    "Inside": inside,
    "ElementSelect": _element,
    "RangeSelect": _part,
    "MemberAccess": _member,
    "NullLiteral": null,
    "NewClass": new_object,
    "CopyClass": copy_object,
    "Assignment": compile_assignment,
    "LValueReference": compile_old_value,
    "Call": _call,
}

"""Expressions of a testbench, compiled once from pyslang's tree to functions of the machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tilewright.verilog.compiler import Assign, Compiler, Evaluate
from tilewright.verilog.machine import Machine, Memory
from tilewright.verilog.operators import BINARY, UNARY
from tilewright.verilog.values import UNKNOWN, Value, text_value, wrap

_STEPS = {"Preincrement": 1, "Postincrement": 1, "Predecrement": -1, "Postdecrement": -1}


def compile_expression(expression: Any, compiler: Compiler) -> Evaluate:
    """The value of an expression; UNKNOWN for what is not followed."""
    function = _COMPILERS.get(expression.kind.name)
    return function(expression, compiler) if function else _unknown


def compile_target(expression: Any, compiler: Compiler) -> Assign:
    """How a value is stored in a variable, an element or a part of one."""
    kind, type_ = expression.kind.name, expression.type
    if kind == "NamedValue" or kind == "HierarchicalValue":
        name, resize = expression.symbol.hierarchicalPath, _resizer(type_)
        return lambda m, v: m.set(name, resize(v))
    if kind == "ElementSelect" and expression.value.type.isUnpackedArray:
        return _compile_element(expression, compiler)
    if kind == "Concatenation":
        return _compile_parts(expression, compiler)
    symbol = expression.getSymbolReference()
    if symbol is None:
        return _ignore
    path = symbol.hierarchicalPath
    return lambda m, _: m.set(path, UNKNOWN)  # a part of a vector: the whole is not followed


def _unknown(_: Machine) -> Value:
    return UNKNOWN


def _ignore(_: Machine, __: Value) -> None:
    return


def _resizer(type_: Any) -> Callable[[Value], Value]:
    if not type_.isIntegral:
        return lambda v: v
    width, is_signed = int(type_.bitWidth), bool(type_.isSigned)
    return lambda v: v.resize(width, is_signed=is_signed)


def _compile_element(expression: Any, compiler: Compiler) -> Assign:
    symbol = expression.value.getSymbolReference()
    if symbol is None or expression.value.kind.name != "NamedValue":
        return _ignore
    path, resize = symbol.hierarchicalPath, _resizer(expression.type)
    index = compile_expression(expression.selector, compiler)

    def assign(machine: Machine, value: Value) -> None:
        memory = machine.memories.setdefault(path, Memory())
        at = index(machine).bits
        if at is None:
            memory.elements.clear()
            return
        memory.elements[at] = resize(value)
        memory.loaded.add(at)

    return assign


def _compile_parts(expression: Any, compiler: Compiler) -> Assign:
    parts = [(compile_target(o, compiler), int(o.type.bitWidth)) for o in expression.operands]

    def assign(machine: Machine, value: Value) -> None:
        bits = value.bits
        for target, width in reversed(parts):
            part = None if bits is None else wrap(bits, width, is_signed=False)
            target(machine, Value(part, width))
            bits = None if bits is None else bits >> width

    return assign


def _literal(expression: Any, _: Compiler) -> Evaluate:
    width, is_signed = int(expression.type.bitWidth), bool(expression.type.isSigned)
    if expression.value.hasUnknown:
        return _unknown
    value = Value(wrap(int(expression.value), width, is_signed=is_signed), width, is_signed)
    return lambda _: value


def _string(expression: Any, _: Compiler) -> Evaluate:
    value = text_value(expression.value.encode("latin-1", "replace"))
    return lambda _: value


def _named(expression: Any, _: Compiler) -> Evaluate:
    symbol = expression.symbol
    if symbol.kind.name in ("Parameter", "EnumValue"):
        return _constant(symbol.value, expression.type)
    path = symbol.hierarchicalPath
    if symbol.kind.name in ("Variable", "FormalArgument"):
        return lambda m: m.get(path)
    return _unknown  # a net: driven by the design


def _constant(constant: Any, type_: Any) -> Evaluate:
    inner = constant.value
    if isinstance(inner, str):
        value = text_value(inner.encode("latin-1", "replace"))
    else:
        try:
            value = Value(int(inner), int(type_.bitWidth) or 32, bool(type_.isSigned))
        except (TypeError, ValueError):
            value = UNKNOWN
    return lambda _: value


def _conversion(expression: Any, compiler: Compiler) -> Evaluate:
    operand, resize = compile_expression(expression.operand, compiler), _resizer(expression.type)
    return lambda m: resize(operand(m))


def _binary(expression: Any, compiler: Compiler) -> Evaluate:
    left = compile_expression(expression.left, compiler)
    right = compile_expression(expression.right, compiler)
    name = expression.op.name
    if name in ("LogicalAnd", "LogicalOr"):
        return _logical(left, right, stops_at=name == "LogicalOr")
    function = BINARY.get(name)
    width, is_signed = int(expression.type.bitWidth), bool(expression.type.isSigned)
    operand_width = int(expression.left.type.bitWidth)

    def evaluate(machine: Machine) -> Value:
        a, b = left(machine).bits, right(machine).bits
        if a is None or b is None:
            return UNKNOWN
        if name == "LogicalShiftRight":
            return Value(wrap(a, operand_width, is_signed=False) >> b, width, is_signed)
        if function is None or (b == 0 and name in ("Divide", "Mod")):
            return UNKNOWN
        return Value(wrap(int(function(a, b)), width, is_signed=is_signed), width, is_signed)

    return evaluate


def _logical(left: Evaluate, right: Evaluate, *, stops_at: bool) -> Evaluate:
    def evaluate(machine: Machine) -> Value:
        a = left(machine).bits
        if a is not None and bool(a) == stops_at:
            return Value(int(stops_at), 1)
        b = right(machine).bits
        if b is not None and bool(b) == stops_at:
            return Value(int(stops_at), 1)
        return UNKNOWN if a is None or b is None else Value(int(not stops_at), 1)

    return evaluate


def _unary(expression: Any, compiler: Compiler) -> Evaluate:
    name = expression.op.name
    operand = compile_expression(expression.operand, compiler)
    width, is_signed = int(expression.type.bitWidth), bool(expression.type.isSigned)
    if name in _STEPS:
        return _step(expression, compiler, operand)
    function = UNARY.get(name)

    def evaluate(machine: Machine) -> Value:
        bits = operand(machine).bits
        if bits is None or function is None:
            return UNKNOWN
        return Value(wrap(int(function(bits)), width, is_signed=is_signed), width, is_signed)

    return evaluate


def _step(expression: Any, compiler: Compiler, operand: Evaluate) -> Evaluate:
    target, delta = compile_target(expression.operand, compiler), _STEPS[expression.op.name]
    is_post = expression.op.name.startswith("Post")

    def evaluate(machine: Machine) -> Value:
        old = operand(machine)
        new = (
            UNKNOWN if old.bits is None else Value(old.bits + delta, old.width + 1, is_signed=True)
        )
        target(machine, new)
        return old if is_post else new

    return evaluate


def _conditional(expression: Any, compiler: Compiler) -> Evaluate:
    condition = compile_expression(expression.conditions[0].expr, compiler)
    left = compile_expression(expression.left, compiler)
    right = compile_expression(expression.right, compiler)

    def evaluate(machine: Machine) -> Value:
        bits = condition(machine).bits
        return UNKNOWN if bits is None else left(machine) if bits else right(machine)

    return evaluate


def _concatenation(expression: Any, compiler: Compiler) -> Evaluate:
    operands = [(compile_expression(o, compiler), o.type) for o in expression.operands]
    resizers = [_resizer(type_) for _, type_ in operands]

    def evaluate(machine: Machine) -> Value:
        bits, width, lost = 0, 0, b""
        for (operand, _), resize in zip(operands, resizers, strict=True):
            value = resize(operand(machine))
            if value.bits is None:
                return UNKNOWN
            bits = bits << value.width | wrap(value.bits, value.width, is_signed=False)
            width, lost = width + value.width, lost or value.lost
        return Value(bits, max(width, 1), lost=lost)

    return evaluate


def _replication(expression: Any, compiler: Compiler) -> Evaluate:
    count = compile_expression(expression.count, compiler)
    concat = compile_expression(expression.concat, compiler)

    def evaluate(machine: Machine) -> Value:
        times, one = count(machine).bits, concat(machine)
        if times is None or one.bits is None or times * one.width > 1 << 20:
            return UNKNOWN
        bits = 0
        for _ in range(times):
            bits = bits << one.width | wrap(one.bits, one.width, is_signed=False)
        return Value(bits, max(times * one.width, 1))

    return evaluate


def _element(expression: Any, compiler: Compiler) -> Evaluate:
    value_type, symbol = expression.value.type, expression.value.getSymbolReference()
    index = compile_expression(expression.selector, compiler)
    if value_type.isUnpackedArray and symbol is not None:
        path = symbol.hierarchicalPath
        return lambda m: _read_memory(m, path, index(m).bits)
    return _bit(expression, compiler)


def _read_memory(machine: Machine, path: str, at: int | None) -> Value:
    memory = machine.memories.setdefault(path, Memory())
    for load in memory.loads:
        if at is not None and at not in memory.loaded:
            load.stale_reads.add(at)
        load.is_followed = load.is_followed or at is not None
    return UNKNOWN if at is None else memory.elements.get(at, UNKNOWN)


def _bit(expression: Any, compiler: Compiler) -> Evaluate:
    """A bit, or a packed element, of a vector."""
    value = compile_expression(expression.value, compiler)
    selector = compile_expression(expression.selector, compiler)
    vector, width = expression.value.type, int(expression.type.bitWidth)
    if not (vector.isIntegral and vector.hasFixedRange):
        return _unknown
    left, right = int(vector.fixedRange.left), int(vector.fixedRange.right)

    def evaluate(machine: Machine) -> Value:
        bits, at = value(machine).bits, selector(machine).bits
        if bits is None or at is None:
            return UNKNOWN
        offset = at - right if left >= right else right - at
        if not 0 <= offset <= abs(left - right):
            return UNKNOWN
        return Value(wrap(bits >> (offset * width), width, is_signed=False), width)

    return evaluate


def _range(expression: Any, compiler: Compiler) -> Evaluate:
    value = compile_expression(expression.value, compiler)
    left = compile_expression(expression.left, compiler)
    right = compile_expression(expression.right, compiler)
    vector, width = expression.value.type, int(expression.type.bitWidth)
    if not (vector.isIntegral and vector.hasFixedRange):
        return _unknown
    low_end = int(vector.fixedRange.right)
    is_down = int(vector.fixedRange.left) >= low_end
    kind = expression.selectionKind.name

    def evaluate(machine: Machine) -> Value:
        bits, a, b = value(machine).bits, left(machine).bits, right(machine).bits
        if bits is None or a is None or b is None or not is_down:
            return UNKNOWN
        low = {"Simple": b, "IndexedUp": a}.get(kind, a - b + 1) - low_end
        return UNKNOWN if low < 0 else Value(wrap(bits >> low, width, is_signed=False), width)

    return evaluate


def _assignment(expression: Any, compiler: Compiler) -> Evaluate:
    target = compile_target(expression.left, compiler)
    compiler.old_values.append(compile_expression(expression.left, compiler))
    right = compile_expression(expression.right, compiler)
    compiler.old_values.pop()
    return lambda m: _store(m, target, right(m))


def _store(machine: Machine, target: Assign, value: Value) -> Value:
    target(machine, value)
    return value


def _old_value(_: Any, compiler: Compiler) -> Evaluate:
    """The left side within ``a += b``, which pyslang gives as ``a = LEFT + b``."""
    return compiler.old_values[-1]


def _call(expression: Any, compiler: Compiler) -> Evaluate:
    return compiler.compile_call(expression)


_COMPILERS: dict[str, Callable[[Any, Any], Evaluate]] = {
    "IntegerLiteral": _literal,
    "UnbasedUnsizedIntegerLiteral": _literal,
    "StringLiteral": _string,
    "NamedValue": _named,
    "HierarchicalValue": _named,
    "Conversion": _conversion,
    "BinaryOp": _binary,
    "UnaryOp": _unary,
    "ConditionalOp": _conditional,
    "Concatenation": _concatenation,
    "Replication": _replication,
    "ElementSelect": _element,
    "RangeSelect": _range,
    "Assignment": _assignment,
    "LValueReference": _old_value,
    "Call": _call,
}

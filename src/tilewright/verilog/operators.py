"""Operators of Verilog, by the names that pyslang gives them: on integers, and on digits x and z."""

from __future__ import annotations

import operator
from collections.abc import Callable

from tilewright.verilog.compiler import Evaluate
from tilewright.verilog.machine import Machine
from tilewright.verilog.values import UNKNOWN, Value, all_x, from_pattern, wrap

BINARY: dict[str, Callable[[int, int], int]] = {
    "Add": operator.add,
    "Subtract": operator.sub,
    "Multiply": operator.mul,
    "BinaryAnd": operator.and_,
    "BinaryOr": operator.or_,
    "BinaryXor": operator.xor,
    "BinaryXnor": lambda a, b: ~(a ^ b),
    "Equality": operator.eq,
    "Inequality": operator.ne,
    "CaseEquality": operator.eq,
    "WildcardEquality": operator.eq,
    "WildcardInequality": operator.ne,
    "CaseInequality": operator.ne,
    "GreaterThan": operator.gt,
    "GreaterThanEqual": operator.ge,
    "LessThan": operator.lt,
    "LessThanEqual": operator.le,
    "Divide": lambda a, b: abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1),
    "Mod": lambda a, b: abs(a) % abs(b) * (-1 if a < 0 else 1),
    "LogicalShiftLeft": lambda a, b: a << b if b < 4096 else 0,
    "ArithmeticShiftLeft": lambda a, b: a << b if b < 4096 else 0,
    "ArithmeticShiftRight": lambda a, b: a >> b,
    "Power": lambda a, b: a**b if 0 <= b < 256 and abs(a) < 1 << 64 else 0,
}
UNARY: dict[str, Callable[[int], int]] = {
    "Plus": lambda a: a,
    "Minus": operator.neg,
    "BitwiseNot": operator.invert,
    "LogicalNot": lambda a: a == 0,
    "BitwiseOr": lambda a: a != 0,
    "BitwiseNor": lambda a: a == 0,
}
EQUALITIES = {"Equality": True, "Inequality": False}
WILDCARDS = {"WildcardEquality": True, "WildcardInequality": False}
CASE_EQUALITIES = {"CaseEquality": True, "CaseInequality": False}
_ONE_BIT = {
    *("Equality", "Inequality", "GreaterThan", "GreaterThanEqual", "LessThan", "LessThanEqual"),
    *(
        "LogicalNot",
        "BitwiseOr",
        "BitwiseNor",
        "BitwiseAnd",
        "BitwiseNand",
        "BitwiseXor",
        "BitwiseXnor",
    ),
}


def binary_with_x(name: str, left: Value, right: Value, width: int) -> Value:
    """A binary operator where a digit of an operand is x or z, or an operand is not known."""
    a, b = left.pattern, right.pattern
    if a is None or b is None:
        return UNKNOWN
    if name in CASE_EQUALITIES:
        return Value(int((a == b) == CASE_EQUALITIES[name]), 1)
    if name in WILDCARDS:
        if (a[0] ^ b[0]) & ~a[1] & ~b[1]:
            return Value(int(not WILDCARDS[name]), 1)
        return all_x(1) if a[1] & ~b[1] else Value(int(WILDCARDS[name]), 1)
    unclear = a[1] | b[1]
    if name in EQUALITIES and (a[0] ^ b[0]) & ~unclear:
        return Value(int(not EQUALITIES[name]), 1)
    if name in ("BinaryAnd", "BinaryOr", "BinaryXor", "BinaryXnor"):
        return _bitwise(name, a, b, width)
    if name in _SHIFTS and right.bits is not None:
        return _SHIFTS[name](a, right.bits, width)
    return all_x(1 if name in _ONE_BIT else width)


def _bitwise(name: str, a: tuple[int, int], b: tuple[int, int], width: int) -> Value:
    unclear = a[1] | b[1]
    if name == "BinaryAnd":
        zeros = ~(a[0] | a[1]) | ~(b[0] | b[1])
        return from_pattern(a[0] & b[0] & ~unclear, unclear & ~zeros, width)
    if name == "BinaryOr":
        ones = (a[0] & ~a[1]) | (b[0] & ~b[1])
        return from_pattern(ones, unclear & ~ones, width)
    bits = a[0] ^ b[0] ^ (-1 if name == "BinaryXnor" else 0)
    return from_pattern(bits & ~unclear, unclear, width)


def _left(a: tuple[int, int], by: int, width: int) -> Value:
    return from_pattern(a[0] << min(by, width), a[1] << min(by, width), width)


def _right(a: tuple[int, int], by: int, width: int) -> Value:
    return from_pattern(a[0] >> by, a[1] >> by, width)


_SHIFTS = {
    "LogicalShiftLeft": _left,
    "ArithmeticShiftLeft": _left,
    "LogicalShiftRight": _right,
    "ArithmeticShiftRight": _right,
}


def unary(name: str, operand: Value, width: int, *, is_signed: bool) -> Value:
    """A unary operator."""
    if operand.bits is not None and name in UNARY:
        return Value(
            wrap(int(UNARY[name](operand.bits)), width, is_signed=is_signed), width, is_signed
        )
    pattern = operand.pattern
    if pattern is None:
        return UNKNOWN
    ones, mask = pattern
    full = (1 << operand.width) - 1
    if name == "BitwiseNot":
        return from_pattern(~ones & ~mask, mask, width)
    if name in ("BitwiseAnd", "BitwiseNand"):
        has_zero = bool(full & ~ones & ~mask)
        return _reduced(None if mask and not has_zero else not has_zero, name == "BitwiseNand")
    if name in ("BitwiseOr", "BitwiseNor", "LogicalNot"):
        has_one = bool(ones & ~mask)
        return _reduced(None if mask and not has_one else has_one, name != "BitwiseOr")
    if name in ("BitwiseXor", "BitwiseXnor"):
        return _reduced(None if mask else bool(ones.bit_count() & 1), name == "BitwiseXnor")
    return all_x(width)


def _reduced(bit: bool | None, is_inverted: bool) -> Value:
    return all_x(1) if bit is None else Value(int(bit != is_inverted), 1)


def logical(left: Evaluate, right: Evaluate, *, stops_at: bool) -> Evaluate:
    """`&&` and `||`: the right side is computed where the left one does not decide."""

    def evaluate(machine: Machine) -> Value:
        one = left(machine)
        if one.truth is not None and one.truth == stops_at and one.bits is not None:
            return Value(int(stops_at), 1)
        other = right(machine)
        if other.bits is not None and bool(other.bits) == stops_at:
            return Value(int(stops_at), 1)
        if one.bits is not None and other.bits is not None:
            return Value(int(not stops_at), 1)
        if one.truth is None or other.truth is None:
            return UNKNOWN
        return Value(1, 1) if stops_at and (one.truth or other.truth) else all_x(1)

    return evaluate

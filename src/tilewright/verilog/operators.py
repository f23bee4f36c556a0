"""Operators of Verilog on known integers, by the names that pyslang gives them."""

from __future__ import annotations

import operator
from collections.abc import Callable

BINARY: dict[str, Callable[[int, int], int]] = {
    "Add": operator.add,
    "Subtract": operator.sub,
    "Multiply": operator.mul,
    "BinaryAnd": operator.and_,
    "BinaryOr": operator.or_,
    "BinaryXor": operator.xor,
    "Equality": operator.eq,
    "Inequality": operator.ne,
    "CaseEquality": operator.eq,
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
    "BitwiseXor": lambda a: a.bit_count() & 1,
}

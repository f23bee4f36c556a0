"""Operands in which a digit x or z stands for any digit: it is no fault of the word that has one."""

from __future__ import annotations

from typing import Any

from tilewright.verilog.compiler import Compiler, Evaluate
from tilewright.verilog.machine import Machine
from tilewright.verilog.values import Value

_DOERS = frozenset(("Call", "Assignment", "UnaryOp"))
"""Kinds of expressions that may do something, and are evaluated once."""


def compile_pattern(expression: Any, compiler: Compiler, *, only_z: bool = False) -> Evaluate:
    """A side of `==?`, or a label or subject of `casez` (`only_z`) or `casex`.

    A word with open digits is looked at, but not used: what is computed from it is not x. Where no read
    left one, the old value is used.
    """
    evaluate = compiler.expression(expression)
    kinds: set[str] = set()
    expression.visit(lambda node: kinds.add(node.kind.name))
    if kinds & _DOERS:
        return evaluate

    def look(machine: Machine) -> Value:
        with machine.unused():
            value = evaluate(machine)
        machine.is_matching = _is_open(value, only_z=only_z)
        try:
            return evaluate(machine)
        finally:
            machine.is_matching = False

    return look


def _is_open(value: Value, *, only_z: bool) -> bool:
    if value.masked is None:
        return False
    ones, mask = value.masked
    return bool(ones & mask if only_z else mask)

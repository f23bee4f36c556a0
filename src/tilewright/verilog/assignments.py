"""Assignments, and the copies among them."""

from __future__ import annotations

from typing import Any

from tilewright.verilog.arrays import assign_array
from tilewright.verilog.compiler import Assign, Compiler, Evaluate
from tilewright.verilog.cuts import copied, find_cut
from tilewright.verilog.machine import Machine
from tilewright.verilog.places import compile_key, compile_target, does_something
from tilewright.verilog.queues import new_array
from tilewright.verilog.values import UNKNOWN, Value


def compile_assignment(expression: Any, compiler: Compiler) -> Evaluate:
    """An assignment; what it copies as it is keeps the mark of the read that it came from."""
    array = new_array(expression, compiler) or assign_array(expression, compiler)
    if array is not None:
        return array
    if does_something(expression.left) and _is_compound(expression):
        return _undecided(expression, compiler)
    target = compile_target(expression.left, compiler)
    compiler.old_values.append(compiler.expression(expression.left))
    right = compiler.expression(expression.right)
    compiler.old_values.pop()
    source = copied(expression.right)
    if _is_outside(expression.left) or does_something(expression.left):
        source = None
    if source is None and _is_call(expression):
        return _keep_result(expression, target, right, compiler)
    if source is None:
        return lambda m: _store(m, target, right(m))
    find_source = compile_key(source, compiler)
    find_copy, is_cut = (
        compile_key(expression.left, compiler),
        find_cut(source, expression.left, compiler),
    )

    def copy(machine: Machine) -> Value:
        key = find_source(machine)
        event = machine.event_of(key)
        if event is None:
            return _store(machine, target, right(machine))
        was_used = event.is_used, event.is_whole_used, event.is_cut_used
        value = _store(machine, target, right(machine))
        event.is_used, event.is_whole_used, event.is_cut_used = was_used  # a copy is no use
        if (to := find_copy(machine)) is not None:
            if is_cut(machine) or key in event.cuts:
                event.cut(to, width=value.width)
            event.is_copied = True
            machine.mark(to, event)
        return value

    return copy


def _is_call(assignment: Any) -> bool:
    """Whether a whole variable gets what a function of the testbench returns, all bits of it."""
    call = assignment.right
    while call.kind.name == "Conversion":
        call = call.operand
    is_own = call.kind.name == "Call" and not call.isSystemCall and call.type.isIntegral
    left = assignment.left
    is_whole = copied(left) is not None and not does_something(left) and left.type.isIntegral
    return bool(is_own and is_whole and left.type.bitWidth >= call.type.bitWidth)


def _keep_result(assignment: Any, target: Assign, right: Evaluate, compiler: Compiler) -> Evaluate:
    """A copy of the result of a function is no use of it."""
    find = compile_key(assignment.left, compiler)

    def keep(machine: Machine) -> Value:
        machine.heap.keep()
        value = right(machine)
        event = machine.heap.take()
        _store(machine, target, value)
        if event is not None and (key := find(machine)) is not None:
            machine.mark(key, event)
        return value

    return keep


def _is_compound(assignment: Any) -> bool:
    """Whether a left side is computed to be read as well, as that of ``a += b``."""
    found: list[bool] = []
    assignment.right.visit(lambda node: found.append(node.kind.name == "LValueReference"))
    return any(found)


def _undecided(assignment: Any, compiler: Compiler) -> Evaluate:
    """Verilator computes the left side of ``f().x += 1`` twice."""
    forget, line = compiler.forget(assignment), compiler.line(assignment)

    def evaluate(machine: Machine) -> Value:
        forget(machine)
        machine.undecided(
            line, "this assignment computes its left side, and changes something by that"
        )
        return UNKNOWN

    return evaluate


def _is_outside(target: Any) -> bool:
    """Whether a target lies in an interface that a handle stands for: the design may see it."""
    while target.kind.name in ("MemberAccess", "ElementSelect", "RangeSelect"):
        target = target.value
        if target.type.isVirtualInterface:
            return True
    return False


def _store(machine: Machine, target: Assign, value: Value) -> Value:
    target(machine, value)
    return value


def compile_old_value(_: Any, compiler: Compiler) -> Evaluate:
    """The left side within ``a += b``, which pyslang gives as ``a = LEFT + b``."""
    return compiler.old_values[-1]

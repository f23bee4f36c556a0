"""Assignments, and the copies among them."""

from __future__ import annotations

from typing import Any

from tilewright.verilog.compiler import Assign, Compiler, Evaluate
from tilewright.verilog.cuts import copied, find_cut
from tilewright.verilog.machine import Machine
from tilewright.verilog.places import compile_key, compile_target
from tilewright.verilog.queues import new_array
from tilewright.verilog.values import Value


def compile_assignment(expression: Any, compiler: Compiler) -> Evaluate:
    """An assignment; what it copies as it is keeps the mark of the read that it came from."""
    if (array := new_array(expression, compiler)) is not None:
        return array
    target = compile_target(expression.left, compiler)
    compiler.old_values.append(compiler.expression(expression.left))
    right = compiler.expression(expression.right)
    compiler.old_values.pop()
    source = copied(expression.right)
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


def _store(machine: Machine, target: Assign, value: Value) -> Value:
    target(machine, value)
    return value


def compile_old_value(_: Any, compiler: Compiler) -> Evaluate:
    """The left side within ``a += b``, which pyslang gives as ``a = LEFT + b``."""
    return compiler.old_values[-1]

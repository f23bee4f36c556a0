"""`return`: what a function leaves, and the read that it came from."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from tilewright.verilog.arrays import can_return, compile_array, put_array
from tilewright.verilog.characters import is_fgetc
from tilewright.verilog.compiler import Compiler, Run
from tilewright.verilog.cuts import copied, cuts_off
from tilewright.verilog.leaves import has_parts
from tilewright.verilog.machine import Machine
from tilewright.verilog.paths import path_of
from tilewright.verilog.places import compile_key
from tilewright.verilog.result_flow import RESULT, sources_of
from tilewright.verilog.signals import ReturnCallSignal
from tilewright.verilog.slots import compile_parts, slot_of
from tilewright.verilog.tellers import compile_teller
from tilewright.verilog.values import UNKNOWN


def compile_return(statement: Any, compiler: Compiler) -> Run:
    """``return``, with or without a value."""
    if not statement.expr:
        return _return_nothing
    if has_parts(statement.expr.type):
        return _return_parts(statement, compiler)
    value, source = compiler.expression(statement.expr), copied(statement.expr)
    find_key = compile_key(source, compiler) if source is not None else None
    result = compiler.results[-1]
    is_cut = cuts_off(source, result.type, compiler) if source is not None else lambda _: False
    tell, is_char = compile_teller(statement.expr), is_fgetc(statement.expr)
    sources, names = sources_of(statement.expr) - {RESULT}, (path_of(result),)

    def run(machine: Machine) -> None:
        event = machine.event_of(find_key(machine)) if find_key else None
        if is_char:
            machine.heap.keep()
        with machine.unused() if event is not None else nullcontext():
            given = value(machine)
        if event is not None and is_cut(machine):
            event.cut(path_of(result), width=given.width)
        event = machine.heap.take() if is_char else event
        machine.news.returned = {**tell(machine), **machine.news.here}
        taken = machine.news.taken
        found = next((taken[one] for one in (*sources, *names) if one in taken), None)
        machine.news.take(names, found)
        raise ReturnCallSignal(given, event, machine.news.here)

    return run


def _return_parts(statement: Any, compiler: Compiler) -> Run:
    """``return`` of a structure or an array."""
    result, tell = compiler.results[-1], compile_teller(statement.expr)
    store = _returned_array if can_return(result.type) else _returned_parts
    put = store(statement.expr, result, compiler)

    def run(machine: Machine) -> None:
        put(machine)
        machine.news.returned = {**tell(machine), **machine.news.here}
        raise ReturnCallSignal(UNKNOWN, None, machine.news.here)

    return run


def _returned_array(expression: Any, result: Any, compiler: Compiler) -> Run:
    take, path = compile_array(expression, result.type, compiler), path_of(result)
    return lambda machine: put_array(machine, path, take(machine))


def _returned_parts(expression: Any, result: Any, compiler: Compiler) -> Run:
    take, slot = compile_parts(expression, compiler), slot_of(result)
    return lambda machine: slot.put(machine, take(machine))


def _return_nothing(machine: Machine) -> None:
    raise ReturnCallSignal(UNKNOWN, None, machine.news.here)

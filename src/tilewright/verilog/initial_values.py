"""Initial values of variables, arrays and properties of objects."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tilewright.verilog.arrays import compile_array, put_array
from tilewright.verilog.compiler import Compiler, Run
from tilewright.verilog.leaves import has_parts, holds_structures, is_deep
from tilewright.verilog.machine import Machine
from tilewright.verilog.objects import FindName
from tilewright.verilog.paths import path_of
from tilewright.verilog.places import fitter
from tilewright.verilog.slots import compile_parts, slot_of
from tilewright.verilog.tellers import passing_on
from tilewright.verilog.variables import drop, forget, forget_property


def compile_initial_value(
    symbol: Any, compiler: Compiler, find: FindName | None = None
) -> Run | None:
    """What gives a variable its initial value; None if it has none.

    find: the name under which the machine keeps it, where that is not its path.
    """
    path = path_of(symbol)
    name = find or (lambda _: path)
    if symbol.initializer is None:
        return None
    if is_deep(symbol.type):
        if symbol.initializer.kind.name == "EmptyQueue":
            return None
        return lambda machine: forget_property(machine, name(machine), is_array=True)
    if holds_structures(symbol.type):
        slot, parts = slot_of(symbol), compile_parts(symbol.initializer, compiler)
        slot = slot if find is None else replace(slot, find=find)
        return lambda machine: slot.put(machine, parts(machine))
    if symbol.type.isUnpackedArray:
        take = compile_array(symbol.initializer, symbol.type, compiler)
        return lambda machine: put_array(machine, name(machine), take(machine))
    if not (symbol.type.isIntegral or symbol.type.isString or symbol.type.isClass):
        return None
    value, fit = compiler.expression(symbol.initializer), fitter(symbol.type)
    pass_on = passing_on(symbol.initializer, (path,))

    def run(machine: Machine) -> None:
        machine.set(name(machine), fit(value(machine)))
        pass_on(machine)

    return run


def compile_declaration(symbol: Any, compiler: Compiler) -> Run | None:
    """What a declaration within a block or a subroutine does; None if nothing.

    A static variable gets its initial value once, before the simulation starts: one that depends on other
    variables is not followed.
    """
    run = compile_initial_value(symbol, compiler)
    if run is None:
        return _fresh(symbol)
    if symbol.lifetime.name == "Automatic":
        return run
    path, lose = path_of(symbol), compiler.forget(symbol.initializer)
    is_plain = not _looks_at_variables(symbol.initializer)

    def begin(machine: Machine) -> None:
        if path in machine.heap.begun:
            return
        machine.heap.begun.add(path)
        if is_plain:
            run(machine)
        else:
            lose(machine)
            forget(machine, path)

    return begin


def _looks_at_variables(expression: Any) -> bool:
    found: list[Any] = []

    def visit(node: Any) -> None:
        if node.kind.name in ("NamedValue", "HierarchicalValue", "MemberAccess"):
            symbol = node.getSymbolReference()
            if symbol is None or symbol.kind.name not in ("Parameter", "EnumValue"):
                found.append(node)

    expression.visit(visit)
    return bool(found)


def _fresh(symbol: Any) -> Run | None:
    """What a declaration without initial value does: each call of a subroutine has a variable of its own."""
    if symbol.lifetime.name != "Automatic":
        return None
    path, is_array = path_of(symbol), has_parts(symbol.type)

    def run(machine: Machine) -> None:
        drop(machine, path, is_array=is_array)

    return run

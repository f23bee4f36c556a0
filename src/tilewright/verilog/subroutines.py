"""Calls of the testbench's own tasks and functions: arguments in, body, arguments out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tilewright.verilog.compiler import Assign, Compiler, Evaluate
from tilewright.verilog.cuts import copied, find_cut
from tilewright.verilog.events import ReadEvent
from tilewright.verilog.machine import Machine
from tilewright.verilog.paths import path_of
from tilewright.verilog.places import FindKey, compile_key, compile_target, fitter
from tilewright.verilog.signals import (
    DisableBlockSignal,
    ReturnCallSignal,
)
from tilewright.verilog.values import UNKNOWN, Value

Input = tuple[str, Callable[[Machine], tuple[Value, ReadEvent | None]]]
"""The name of an argument, and what it is given; where that loses first bits, the read that it came from."""
Output = tuple[str, Assign, FindKey]


def compile_subroutine(call: Any, compiler: Compiler) -> Evaluate:
    """A call; the body is compiled at the first one. A recursive call does nothing."""
    subroutine = call.subroutine
    inputs, outputs = _arguments(call, compiler)
    result = subroutine.returnValVar
    result_path = path_of(result) if result is not None else ""

    def evaluate(machine: Machine) -> Value:
        given = [(name, *value(machine)) for name, value in inputs]
        for name, value, cut in given:
            machine.set(name, value)
            if cut is not None:
                cut.cut(name, width=value.width)
                machine.mark(name, cut)
        _run_body(subroutine, result_path, compiler, machine)
        for name, target, find_key in outputs:
            event = machine.marks.get(name)
            with machine.unused():
                target(machine, machine.get(name) or UNKNOWN)
            if event is not None and (key := find_key(machine)) is not None:
                machine.mark(key, event)
        return (machine.get(result_path) or UNKNOWN) if result_path else UNKNOWN

    return evaluate


def _arguments(call: Any, compiler: Compiler) -> tuple[list[Input], list[Output]]:
    inputs: list[Input] = []
    outputs: list[Output] = []
    for formal, actual in zip(call.subroutine.arguments, call.arguments, strict=True):
        name, direction = path_of(formal), formal.direction.name
        source = actual.left if actual.kind.name == "Assignment" else actual
        if direction != "Out":
            inputs.append((name, _input(formal, source, compiler)))
        if direction != "In":
            outputs.append((name, compile_target(source, compiler), compile_key(source, compiler)))
    return inputs, outputs


def _input(
    formal: Any, actual: Any, compiler: Compiler
) -> Callable[[Machine], tuple[Value, ReadEvent | None]]:
    value, fit, source = compiler.expression(actual), fitter(formal.type), copied(actual)
    if source is None:
        return lambda m: (fit(value(m)), None)
    is_cut, find_key = find_cut(source, formal, compiler), compile_key(source, compiler)

    def give(machine: Machine) -> tuple[Value, ReadEvent | None]:
        event = machine.event_of(find_key(machine)) if is_cut(machine) else None
        if event is None:
            return fit(value(machine)), None
        with machine.unused():
            return fit(value(machine)), event

    return give


def _run_body(subroutine: Any, result_path: str, compiler: Compiler, machine: Machine) -> None:
    path = path_of(subroutine)
    if path not in compiler.bodies:
        compiler.bodies[path] = lambda _: None
        compiler.bodies[path] = compiler.compile(subroutine.body)
    try:
        compiler.bodies[path](machine)
    except ReturnCallSignal as returned:
        if result_path and returned.args[0] is not UNKNOWN:
            machine.set(result_path, returned.args[0])
    except DisableBlockSignal as disabled:
        if disabled.args[0] != subroutine.name:
            raise

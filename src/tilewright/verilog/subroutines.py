"""Calls of the testbench's own tasks and functions: arguments in, body, arguments out."""

from __future__ import annotations

from typing import Any

from tilewright.verilog.compiler import Assign, Compiler, Evaluate
from tilewright.verilog.expressions import compile_expression, compile_target
from tilewright.verilog.machine import DisableBlockSignal, Machine, ReturnCallSignal
from tilewright.verilog.values import UNKNOWN, Value

Input = tuple[str, Evaluate, int, bool]
Output = tuple[str, Assign]


def compile_subroutine(call: Any, compiler: Compiler) -> Evaluate:
    """A call; the body is compiled at the first one. A recursive call does nothing."""
    subroutine = call.subroutine
    inputs, outputs = _arguments(call, compiler)
    result = subroutine.returnValVar
    result_path = result.hierarchicalPath if result is not None else ""

    def evaluate(machine: Machine) -> Value:
        for name, value, width, is_signed in inputs:
            machine.set(name, value(machine).resize(width, is_signed=is_signed))
        _run_body(subroutine, result_path, compiler, machine)
        for name, target in outputs:
            target(machine, machine.get(name))
        return machine.get(result_path) if result_path else UNKNOWN

    return evaluate


def _arguments(call: Any, compiler: Compiler) -> tuple[list[Input], list[Output]]:
    inputs: list[Input] = []
    outputs: list[Output] = []
    for formal, actual in zip(call.subroutine.arguments, call.arguments, strict=True):
        name, direction = formal.hierarchicalPath, formal.direction.name
        width, is_signed = int(formal.type.bitWidth) or 32, bool(formal.type.isSigned)
        source = actual.left if actual.kind.name == "Assignment" else actual
        if direction != "Out":
            inputs.append((name, compile_expression(source, compiler), width, is_signed))
        if direction != "In":
            outputs.append((name, compile_target(source, compiler)))
    return inputs, outputs


def _run_body(subroutine: Any, result_path: str, compiler: Compiler, machine: Machine) -> None:
    path = subroutine.hierarchicalPath
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

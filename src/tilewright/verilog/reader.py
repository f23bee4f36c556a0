"""Following a testbench through its initial blocks, and the record of what it read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tilewright.verilog.compiler import Compiler
from tilewright.verilog.expressions import compile_expression
from tilewright.verilog.facts import Facts, facts_of
from tilewright.verilog.machine import (
    MAX_STEPS,
    BreakLoopSignal,
    ContinueLoopSignal,
    DisableBlockSignal,
    FinishSimulationSignal,
    Machine,
    ReturnCallSignal,
    StopProcessSignal,
)
from tilewright.verilog.statements import StatementCompiler
from tilewright.verilog.testbench import Testbench

_READS = ("$fscanf", "$fgets")


def follow(
    testbench: Testbench,
    folder: Path,
    *,
    contents: Mapping[Path, bytes] | None = None,
    ignores_case: bool = False,
    max_steps: int = MAX_STEPS,
) -> Machine:
    """Run the initial blocks of `testbench` over the files in `folder`, without time.

    The machine holds every file opened, every read and load, and what was left undecided. With
    `ignores_case`, files are found as on a system that does not know letter case; `contents` stand
    in for what files hold.
    """
    bodies = [body for top in testbench.tops for body in _bodies(top)]
    blocks = [m for body in bodies for m in body if m.kind.name == "ProceduralBlock"]
    compiler = StatementCompiler(testbench, frozenset(_unchecked_reads(blocks)))
    facts = [(block, facts_of(block.body)) for block in blocks]
    machine = Machine(
        folder, frozenset(_volatile(facts)), ignores_case=ignores_case, max_steps=max_steps
    )
    machine.contents.update(contents or {})
    for body in bodies:
        _initialize(body, compiler, machine)
    for block, fact in facts:
        line = compiler.line(block.body)
        if block.procedureKind.name == "Initial":
            _run(machine, compiler, block, fact)
        elif fact.has_file_calls:
            machine.undecided(line, "files read in an always block cannot be followed")
            machine.lose_streams([])
        if machine.is_finished:
            break
    return machine


def unchecked_lines(testbench: Testbench) -> list[int]:
    """Lines of the file reads whose result nothing looks at."""
    blocks = [
        member
        for top in testbench.tops
        for body in _bodies(top)
        for member in body
        if member.kind.name in ("ProceduralBlock", "Subroutine")
    ]
    offsets = _unchecked_reads(blocks)
    lines: set[int] = set()

    def visit(node: Any) -> None:
        if node.kind.name == "Call" and node.sourceRange.start.offset in offsets:
            lines.add(testbench.line(node))

    for block in blocks:
        block.body.visit(visit)
    return sorted(lines)


def _bodies(body: Any) -> Iterator[Any]:
    """An instance and all those below it, generate blocks included."""
    yield body
    for member in body:
        if member.kind.name == "Instance":
            yield from _bodies(member.body)
        elif member.kind.name == "GenerateBlock" and not member.isUninstantiated:
            yield from _bodies(member)
        elif member.kind.name == "GenerateBlockArray":
            for entry in member.entries:
                yield from _bodies(entry)


def _initialize(body: Any, compiler: Compiler, machine: Machine) -> None:
    for member in body:
        if member.kind.name != "Variable" or member.initializer is None:
            continue
        if member.type.isIntegral:
            value = compile_expression(member.initializer, compiler)(machine)
            width, is_signed = int(member.type.bitWidth), bool(member.type.isSigned)
            machine.set(member.hierarchicalPath, value.resize(width, is_signed=is_signed))


def _run(machine: Machine, compiler: Compiler, block: Any, fact: Facts) -> None:
    line = compiler.line(block.body)
    try:
        with suppress(
            StopProcessSignal,
            BreakLoopSignal,
            ContinueLoopSignal,
            ReturnCallSignal,
            DisableBlockSignal,
        ):
            compiler.compile(block.body)(machine)
    except FinishSimulationSignal:
        machine.is_finished = not fact.has_timing  # else the others run beside it, until then
    except RecursionError:
        machine.undecided(line, "the calls of this block nest too deeply to be followed")
        machine.lose_streams([])
    if machine.steps > machine.max_steps and fact.has_file_calls:
        machine.undecided(
            line,
            f"lint follows {machine.max_steps:,} steps, and this block takes more: the rest was not seen",
        )


def _volatile(facts: list[tuple[Any, Any]]) -> set[str]:
    """Variables that change on their own: set in an always block, or in two timed initial ones."""
    always: set[str] = set()
    once: set[str] = set()
    for block, fact in facts:
        if block.procedureKind.name != "Initial":
            always |= fact.assigned
        elif fact.has_timing:
            always |= once & fact.assigned
            once |= fact.assigned
    return always


def _unchecked_reads(blocks: list[Any]) -> set[int]:
    """Offsets of `$fscanf` and `$fgets` calls whose result is dropped, or stored and never read."""
    dropped: set[int] = set()
    stored: dict[int, str] = {}
    written: set[int] = set()
    read: dict[int, str] = {}

    def visit(node: Any) -> None:
        kind = node.kind.name
        if kind == "ExpressionStatement" and (call := _read_call(node.expr)) is not None:
            dropped.add(call.sourceRange.start.offset)
        elif kind == "Assignment" and node.left.kind.name == "NamedValue":
            written.add(node.left.sourceRange.start.offset)
            if (call := _read_call(node.right)) is not None:
                stored[call.sourceRange.start.offset] = node.left.symbol.hierarchicalPath
        elif kind == "NamedValue":
            read[node.sourceRange.start.offset] = node.symbol.hierarchicalPath

    for block in blocks:
        block.body.visit(visit)
    names = {name for offset, name in read.items() if offset not in written}
    return dropped | {offset for offset, name in stored.items() if name not in names}


def _read_call(expression: Any) -> Any:
    """The file read behind an expression, conversions taken off; None if it is none."""
    while expression.kind.name == "Conversion":
        expression = expression.operand
    is_call = expression.kind.name == "Call" and expression.isSystemCall
    return expression if is_call and expression.subroutineName in _READS else None

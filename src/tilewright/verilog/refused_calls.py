"""Calls that a simulator refuses as the simulation starts, whether or not they are ever reached."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tilewright.verilog.classes import methods_of
from tilewright.verilog.members import calling_members
from tilewright.verilog.plusarg_values import split_format
from tilewright.verilog.refused_places import STRING, refused_place
from tilewright.verilog.simulators import ICARUS, Simulator
from tilewright.verilog.testbench import Testbench

_SCANS = {"$fscanf": 2, "$sscanf": 2}
_READS = {"$fgets": 1, "$fread": 1}
_LOADS = ("$readmemb", "$readmemh")
_WRITERS = {"$sformat": 0, "$swrite": 0, "$value$plusargs": 1}
_ERROR_BITS = 640
_NAMES = ("NamedValue", "HierarchicalValue")


def refused_calls(testbench: Testbench, simulator: Simulator) -> Iterator[tuple[int, str, str]]:
    """Line, kind ("bad-format" or "bad-place") and what each call is that `simulator` refuses.

    Branches of a condition that is constant are left out: a simulator may drop them.
    """
    methods = [] if simulator is ICARUS else list(methods_of(testbench.compilation))
    for member in (*calling_members(testbench), *methods):
        for call in _calls(member.body):
            yield from _refused(call, testbench, simulator)


def _calls(statement: Any) -> list[Any]:
    """System calls in a statement, without those that depend on a constant."""
    found: list[Any] = []
    dropped: set[int] = set()

    def visit_dropped(node: Any) -> None:
        if node.kind.name == "Call":
            dropped.add(node.sourceRange.start.offset)

    def visit(node: Any) -> None:
        if node.kind.name == "Call" and node.isSystemCall:
            found.append(node)
        elif node.kind.name == "Conditional" and node.conditions[0].expr.constant is not None:
            node.ifTrue.visit(visit_dropped)
            if node.ifFalse is not None:
                node.ifFalse.visit(visit_dropped)

    statement.visit(visit)
    return [call for call in found if call.sourceRange.start.offset not in dropped]


def _refused(
    call: Any, testbench: Testbench, simulator: Simulator
) -> Iterator[tuple[int, str, str]]:
    name, arguments = call.subroutineName, list(call.arguments)
    line = testbench.line(call)
    if name in _SCANS and len(arguments) == _SCANS[name] and simulator.needs_target:
        yield line, "bad-format", f"a {name} without a variable"
    if name in _SCANS and (what := _template(arguments[1], name, simulator)):
        yield line, "bad-format", what
    if name == "$value$plusargs" and (what := _plusarg_format(arguments[0], simulator)):
        yield line, "bad-format", what
    for place in _places(name, arguments):
        what = refused_place(place, name, simulator)
        if what and what != STRING:
            yield line, "bad-place", what
    if simulator is ICARUS and name == "$ferror" and len(arguments) > 1:
        target = _written(arguments[1])
        if not target.type.isString and int(target.type.bitWidth) < _ERROR_BITS:
            yield line, "bad-place", f"a register of less than {_ERROR_BITS} bits by $ferror"


def _template(template: Any, name: str, simulator: Simulator) -> str:
    while template.kind.name == "Conversion":
        template = template.operand
    if simulator is ICARUS and template.type.isString and template.kind.name in _NAMES:
        return f"a format of {name} in a string"
    is_other = simulator.wants_literals and template.kind.name != "StringLiteral"
    return f"a format of {name} that is no string literal" if is_other else ""


def _plusarg_format(template: Any, simulator: Simulator) -> str:
    while template.kind.name == "Conversion":
        template = template.operand
    if simulator is not ICARUS or template.kind.name != "StringLiteral":
        return ""
    text = str(template.value)
    _, code = split_format(text.encode("latin-1", "replace"), simulator)
    return "" if code else f"the format {text!r} of $value$plusargs"


def _places(name: str, arguments: list[Any]) -> list[Any]:
    if name in _SCANS:
        return [_written(argument) for argument in arguments[_SCANS[name] :]]
    if name in _READS:
        return [_written(arguments[0])] if arguments else []
    if name in _LOADS:
        return [_written(arguments[1])]
    if name in _WRITERS and len(arguments) > _WRITERS[name]:
        return [_written(arguments[_WRITERS[name]])]
    return []


def _written(argument: Any) -> Any:
    return argument.left if argument.kind.name == "Assignment" else argument

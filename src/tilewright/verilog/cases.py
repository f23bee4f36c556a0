"""`case` statements and their kin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tilewright.verilog.characters import weighed
from tilewright.verilog.compiler import Compiler, Evaluate, Run
from tilewright.verilog.machine import Machine
from tilewright.verilog.patterns import compile_pattern
from tilewright.verilog.tellers import compile_causes, compile_teller
from tilewright.verilog.unknown_branches import compile_unknown


def compile_case(statement: Any, compiler: Compiler) -> Run:
    """`case`, `casez` or `casex`."""
    condition = statement.condition.name
    look = _looker(condition, compiler)
    subject = weighed(look(statement.expr))
    items = [
        ([look(e) for e in item.expressions], compiler.compile(item.stmt))
        for item in statement.items
    ]
    default = compiler.compile(statement.defaultCase) if statement.defaultCase else None
    branches = [(one.stmt, run) for one, (_, run) in zip(statement.items, items, strict=True)]
    if default is not None:
        branches.append((statement.defaultCase, default))
    tell, causes = compile_teller(statement.expr), compile_causes(statement.expr)
    on_unknown, is_matched = compile_unknown(branches, compiler), _MATCHES.get(condition)

    def run(machine: Machine) -> None:
        machine.step()
        machine.begin_condition()
        machine.is_condition = True
        wanted = subject(machine).pattern
        machine.is_condition = False
        for labels, body in items:
            for label in labels:
                pattern = label(machine).pattern
                if wanted is None or pattern is None or is_matched is None:
                    return on_unknown(machine)
                if is_matched(pattern, wanted):
                    with machine.branch(tell(machine), causes(machine)):
                        return body(machine)
        if default is not None:
            with machine.branch(tell(machine), causes(machine)):
                default(machine)
        return None

    return run


def _looker(condition: str, compiler: Compiler) -> Callable[[Any], Evaluate]:
    if condition not in ("WildcardJustZ", "WildcardXOrZ"):
        return compiler.expression
    return lambda e: compile_pattern(e, compiler, only_z=condition == "WildcardJustZ")


Pattern = tuple[int, int]


def _by_z(label: Pattern, wanted: Pattern) -> bool:
    """`casez`: a digit z on either side is any digit."""
    open_bits = (label[0] & label[1]) | (wanted[0] & wanted[1])
    return not ((label[0] ^ wanted[0]) | (label[1] ^ wanted[1])) & ~open_bits


def _by_x(label: Pattern, wanted: Pattern) -> bool:
    """`casex`: a digit x or z on either side is any digit."""
    return not (label[0] ^ wanted[0]) & ~(label[1] | wanted[1])


_MATCHES: dict[str, Callable[[Pattern, Pattern], bool]] = {
    "Normal": lambda label, wanted: label == wanted,
    "WildcardJustZ": _by_z,
    "WildcardXOrZ": _by_x,
}

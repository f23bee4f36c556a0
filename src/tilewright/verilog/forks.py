"""`fork`: its branches, one after the other, where none reads what another one reads."""

from __future__ import annotations

from typing import Any

from tilewright.verilog.classes import is_property
from tilewright.verilog.compiler import Compiler, Run
from tilewright.verilog.facts import facts_of
from tilewright.verilog.file_reads import holder_name
from tilewright.verilog.machine import Machine
from tilewright.verilog.mailboxes import giving_first
from tilewright.verilog.nonblocking import catch_up
from tilewright.verilog.signals import WaitForeverSignal


def compile_fork(statement: Any, compiler: Compiler) -> Run:
    """The branches as processes of their own; one that is not followed if they share a file."""
    parts = list(statement.body.list) if statement.body.kind.name == "List" else [statement.body]
    if _share_files(parts):
        return compiler.forget(statement)
    parts.sort(key=lambda part: giving_first(facts_of(part)))
    runs = [compiler.compile(part) for part in parts]
    is_joined = statement.blockKind.name == "JoinAll"

    def run(machine: Machine) -> None:
        heap, outer = machine.heap, machine.heap.process
        branches, is_waiting = [], False
        try:
            for one in runs:
                heap.process = heap.branch(outer)
                branches.append(heap.process)
                try:
                    one(machine)
                except WaitForeverSignal:
                    is_waiting = True
                catch_up(machine)
        finally:
            heap.process = outer
        if is_joined:
            heap.join(branches, outer)
        if is_joined and is_waiting:
            raise WaitForeverSignal

    return run


def _share_files(parts: list[Any]) -> bool:
    """Whether several branches of a `fork` read the same file, in an order that time decides."""
    seen: set[str] = set()
    for part in parts:
        facts = facts_of(part)
        holders = {holder_name(handle) for handle in facts.handles if not _is_own(handle)}
        if holders & seen or ("" in holders and seen):
            return True
        seen |= holders
    return False


def _is_own(handle: Any) -> bool:
    """Whether each call has a handle of its own, which it opens itself, or each object has one."""
    while handle.kind.name == "Conversion":
        handle = handle.operand
    symbol = handle.getSymbolReference()
    is_variable = symbol is not None and symbol.kind.name == "Variable"
    return is_property(handle) or (is_variable and symbol.lifetime.name == "Automatic")

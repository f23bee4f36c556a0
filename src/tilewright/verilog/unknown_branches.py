"""Branches of which nobody knows which one is taken: where one of them reads files, the design is ready."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tilewright.verilog.compiler import Compiler, Run
from tilewright.verilog.facts import facts_of
from tilewright.verilog.machine import Machine


def compile_unknown(branches: Sequence[tuple[Any, Run]], compiler: Compiler) -> Run:
    """Take the only branch that reads files for granted, and forget what the others set; else forget all.

    branches: statements, and what they were compiled to.
    """
    facts = [facts_of(node) for node, _ in branches]
    readers = [index for index, one in enumerate(facts) if one.has_file_calls]
    chosen = readers[0] if len(readers) == 1 and facts[readers[0]].handles else None
    others = [compiler.forget(node) for index, (node, _) in enumerate(branches) if index != chosen]
    reading = None if chosen is None else branches[chosen][1]

    def run(machine: Machine) -> None:
        for forget in others:
            forget(machine)
        if reading is not None:
            calls = machine.calls
            with machine.assumed(), machine.branch():
                reading(machine)
            for stream in machine.streams:
                stream.is_gated |= bool(stream.events) and stream.events[-1].call > calls

    return run

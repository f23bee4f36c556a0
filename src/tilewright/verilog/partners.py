"""Memories whose elements a testbench compares with one another, where one of them has fewer words."""

from __future__ import annotations

from typing import Any

from tilewright.verilog.characters import EQUALITIES
from tilewright.verilog.compiler import Evaluate
from tilewright.verilog.guards import bare_of, paths_of
from tilewright.verilog.literals import constant_of
from tilewright.verilog.machine import Machine
from tilewright.verilog.values import Value


def comparing(expression: Any, evaluate: Evaluate) -> Evaluate:
    """A comparison: if no side is a constant, the words at which it looks are compared with others."""
    sides = (expression.left, expression.right)
    if expression.op.name not in EQUALITIES or any(constant_of(one) is not None for one in sides):
        return evaluate
    pair = _pair_of(*sides)

    def compare(machine: Machine) -> Value:
        looks = len(machine.looked)
        value = evaluate(machine)
        for event in machine.looked[looks:]:
            event.is_compared = True
        if pair is not None:
            machine.pairs.add(pair)
        return value

    return compare


def _pair_of(left: Any, right: Any) -> tuple[str, str] | None:
    """The two memories of which elements are compared; None where these are no elements of two memories."""
    names = [_memory_of(side) for side in (left, right)]
    return (names[0], names[1]) if all(names) and names[0] != names[1] else None


def _memory_of(side: Any) -> str:
    side = bare_of(side)
    is_element = side.kind.name == "ElementSelect" and side.value.type.isUnpackedArray
    return next(iter(paths_of(side.value)), "") if is_element else ""


def settle_pairs(machine: Machine) -> None:
    """At the end: files at whose ends the testbench leaves off comparing, as it finds digits x there, though
    the files beside them have more words."""
    for left, right in machine.pairs:
        _settle(machine, left, right)
        _settle(machine, right, left)


def _settle(machine: Machine, name: str, other: str) -> None:
    memory, partner = (machine.memories.get(one) for one in (name, other))
    if memory is None or partner is None or len(memory.loads) != 1 or len(partner.loads) != 1:
        return
    load, beside = memory.loads[0], partner.loads[0]
    count = len(load.given)
    is_end = memory.end is not None and memory.end == load.first + count
    is_left = len(beside.given) > count and max(beside.used, default=-1) < beside.first + count
    if is_end and is_left and beside.is_followed:
        load.partner = beside

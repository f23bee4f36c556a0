"""Processes that do not wait for all that they read: simulators keep an old value, and a netlist has none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_SIGNALS = ("Variable", "Net")


def incomplete(compilation: Any) -> Iterator[tuple[Any, str]]:
    """Each ``always @(a, b)`` without edges, with a name that it reads and does not wait for.

    What a process assigns itself is not looked at.
    """
    found: list[tuple[Any, str]] = []

    def visit(node: Any) -> None:
        if node.kind.name != "ProceduralBlock" or node.body.kind.name != "Timed":
            return
        timing = node.body.timing
        events = list(timing.events) if timing.kind.name == "EventList" else [timing]
        if any(one.kind.name != "SignalEvent" or one.edge.name != "None_" for one in events):
            return
        waits = {name for one in events for name in _names(one.expr)}
        reads, written = _names(node.body.stmt), _written(node.body.stmt)
        found.extend((node, name) for name in reads if name not in waits | written)

    compilation.getRoot().visit(visit)
    return iter(found)


def _names(tree: Any) -> list[str]:
    """Signals that an expression or a statement names, in order."""
    found: dict[str, None] = {}

    def visit(node: Any) -> None:
        if node.kind.name == "NamedValue" and node.symbol.kind.name in _SIGNALS:
            found[node.symbol.name] = None

    tree.visit(visit)
    return list(found)


def _written(statement: Any) -> set[str]:
    found: set[str] = set()

    def visit(node: Any) -> None:
        if node.kind.name == "Assignment":
            found.update(_names(node.left)[:1])

    statement.visit(visit)
    return found

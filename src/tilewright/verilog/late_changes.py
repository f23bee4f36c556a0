"""Variables that a block changes again and again while time goes on, so that no one value is theirs."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tilewright.verilog.paths import path_of

_LOOPS = frozenset(
    ("ForLoop", "WhileLoop", "DoWhileLoop", "ForeverLoop", "RepeatLoop", "ForeachLoop")
)
ENDS = ("$finish", "$stop", "$fatal")
_AGAIN = 2


def changed_again(statement: Any) -> set[str]:
    """Variables that a block assigns more than once after time has gone on, as a pulse or a mode."""
    return {name for name, count in _late(statement).items() if count >= _AGAIN}


def changed_late(statement: Any) -> set[str]:
    """Variables that a block assigns after time has gone on."""
    return set(_late(statement))


def _late(statement: Any) -> Counter[str]:
    changes = _Changes()
    changes.collect(statement, weight=1)
    return changes.counts


def ends_by_time(statement: Any) -> bool:
    """Whether a block waits and then ends the simulation."""
    kinds: set[str] = set()

    def visit(node: Any) -> None:
        if node.kind.name in ("Timed", "Wait"):
            kinds.add("time")
        elif node.kind.name == "Call" and node.isSystemCall and node.subroutineName in ENDS:
            kinds.add("end")

    statement.visit(visit)
    return len(kinds) == _AGAIN


class _Changes:
    """Assignments in the order of the text, those of the tasks that are called included."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.is_late = False
        self.under_way: list[str] = []

    def collect(self, node: Any, *, weight: int) -> None:
        """Count what `node` assigns late; `weight` times, as a loop does."""
        inner: set[int] = set()

        def visit(one: Any) -> None:
            kind = one.kind.name
            if kind in ("Timed", "Wait"):
                self.is_late = True
            elif kind in _LOOPS and one.sourceRange.start.offset not in inner:
                inner.add(one.sourceRange.start.offset)
                self._loop(one)
            elif kind == "Assignment" and self.is_late:
                symbol = one.left.getSymbolReference()
                if symbol is not None:
                    self.counts[path_of(symbol)] += weight
            elif kind == "Call" and not one.isSystemCall:
                self._call(one.subroutine, weight)

        node.visit(visit)

    def _loop(self, loop: Any) -> None:
        """What a loop with time in it assigns, it assigns again."""
        kinds: set[str] = set()
        loop.body.visit(lambda one: kinds.add(one.kind.name))
        if kinds & {"Timed", "Wait"}:
            self.is_late = True
            self.collect(loop.body, weight=_AGAIN)

    def _call(self, subroutine: Any, weight: int) -> None:
        path = path_of(subroutine)
        if path not in self.under_way:
            self.under_way.append(path)
            self.collect(subroutine.body, weight=weight)
            self.under_way.pop()

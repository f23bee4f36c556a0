"""Which variables tell how far a file goes: results of reads, and what is computed from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tilewright.verilog.classes import is_member, overriders
from tilewright.verilog.facts import facts_of, whole_of
from tilewright.verilog.paths import path_of

RESULT_CALLS = frozenset(("$fscanf", "$fgets", "$fgetc", "$feof", "$sscanf", "$fread", "$ftell"))
"""Calls whose result tells how far a file goes."""
Flow = tuple[frozenset[str], frozenset[str]]
"""Variables that are written, and those that decide what is written, or whether it is."""
RESULT = "$"
"""Stands for the result of a read."""


def tells_of_file(condition: Any, body: Any) -> bool:
    """Whether the condition of a loop hangs on how far a file goes, by what the body does.

    A variable that counts, as ``i = i + 1`` does, tells of nothing but itself.
    """
    flows = _Flows()
    flows.collect(body)
    flows.collect(condition)
    known = {RESULT}
    while True:
        more = {one for to, sources in flows.found if sources & known for one in to}
        more -= flows.counters | known
        if not more:
            return bool(sources_of(condition) & known)
        known |= more


@dataclass(slots=True)
class _Flows:
    """What goes where in a piece of the tree, the subroutines that it calls included."""

    found: list[Flow] = field(default_factory=list)
    counters: set[str] = field(default_factory=set)
    calls: set[str] = field(default_factory=set)

    def collect(self, node: Any) -> None:
        """Add what `node` does."""
        node.visit(self._visit)

    def _visit(self, node: Any) -> None:
        kind = node.kind.name
        if kind == "Assignment":
            targets, sources = _targets(node.left), sources_of(node.right)
            self.counters |= targets & sources
            self.found.append((targets, sources))
        elif kind == "UnaryOp" and "crement" in node.op.name:
            self.counters |= _targets(node.operand)
        elif kind == "Conditional":
            self._guard([one.expr for one in node.conditions], [node.ifTrue, node.ifFalse])
        elif kind == "Case":
            self._guard([node.expr], [node.defaultCase, *(item.stmt for item in node.items)])
        elif kind == "Call" and not node.isSystemCall:
            self._call(node)

    def _guard(self, conditions: list[Any], branches: list[Any]) -> None:
        sources = frozenset[str]().union(*map(sources_of, conditions))
        for branch in branches:
            if branch is not None:
                self.found.append((frozenset(facts_of(branch).assigned), sources))

    def _call(self, call: Any) -> None:
        for subroutine in _called(call):
            for formal, actual in zip(subroutine.arguments, call.arguments, strict=False):
                inside = frozenset((path_of(formal),))
                if formal.direction.name != "Out":
                    self.found.append((inside, sources_of(actual)))
                if formal.direction.name != "In":
                    place = actual.left if actual.kind.name == "Assignment" else actual
                    self.found.append((_targets(place), inside))
            self._enter(subroutine)

    def _enter(self, subroutine: Any) -> None:
        path, result = path_of(subroutine), _result(subroutine)
        if path not in self.calls:
            self.calls.add(path)
            subroutine.body.visit(lambda node: self._return(node, result))
            self.collect(subroutine.body)

    def _return(self, node: Any, result: str) -> None:
        if node.kind.name == "Return" and node.expr:
            self.found.append((frozenset((result,)), sources_of(node.expr)))


def _called(call: Any) -> list[Any]:
    """What a call may call: a method, and those that stand in for it in derived classes."""
    return [call.subroutine, *overriders(call.subroutine)]


def _result(subroutine: Any) -> str:
    """The variable that holds what a function returns; "" for a task."""
    result = subroutine.returnValVar
    return "" if result is None else path_of(result)


def _targets(place: Any) -> frozenset[str]:
    """The variables that are written to; those of an index are not."""
    parts = place.operands if place.kind.name == "Concatenation" else [place]
    return frozenset(name for part in parts for name in facts_of(whole_of(part)).read)


def sources_of(node: Any) -> frozenset[str]:
    """Variables in an expression, results of functions and of reads; not those into which these read."""
    found: set[str] = set()
    outputs: set[str] = set()

    def visit(one: Any) -> None:
        if one.kind.name == "Assignment" and one.right.kind.name == "EmptyArgument":
            outputs.update({path_of(one.left.symbol)} if one.left.kind.name == "NamedValue" else ())
        elif one.kind.name in ("NamedValue", "HierarchicalValue"):
            found.add(path_of(one.symbol))
        elif is_member(one):
            found.add(path_of(one.member))
        elif one.kind.name == "Call" and not one.isSystemCall:
            found.update(map(_result, _called(one)))
        elif one.kind.name == "Call" and one.subroutineName in RESULT_CALLS:
            found.add(RESULT)

    node.visit(visit)
    return frozenset(found - outputs - {""})

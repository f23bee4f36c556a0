"""Conditions on which it hangs whether a part of a block runs, and what they say of counters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tilewright.verilog.block_order import plain_number
from tilewright.verilog.paths import path_of

NAMES = ("NamedValue", "HierarchicalValue")
_HIGHEST = {
    ("LessThan", True): 1,
    ("LessThanEqual", True): 0,
    ("Equality", True): 0,
    ("CaseEquality", True): 0,
    ("Inequality", True): 1,
    ("CaseInequality", True): 1,
    ("GreaterThan", False): 0,
    ("GreaterThanEqual", False): 1,
    ("Equality", False): 1,
    ("CaseEquality", False): 1,
}
"""How far below the constant a counter stays where a comparison with it holds, or does not."""
MIRRORED = {
    "LessThan": "GreaterThan",
    "GreaterThan": "LessThan",
    "LessThanEqual": "GreaterThanEqual",
    "GreaterThanEqual": "LessThanEqual",
}
"""Comparisons by order with their sides exchanged."""


@dataclass(frozen=True, slots=True)
class Guard:
    """A part of the text that runs where a condition holds, or where it does not.

    limits: the highest values that counters have there. names: what the condition looks at besides.
    """

    start: int
    end: int
    limits: dict[str, int]
    names: set[str]


def guard_of(node: Any, conditions: list[Any], *, is_true: bool) -> Guard:
    """What is known in a part of the text where these conditions hold; where not, of the only one."""
    limits: dict[str, int] = {}
    names: set[str] = set()
    for condition in conditions:
        names |= names_in(condition)
        for part in _conjuncts(condition) if is_true else [bare_of(condition)]:
            for counter, limit in _limits(part, is_true=is_true):
                limits[counter] = min(limit, limits.get(counter, limit))
    span = node.sourceRange
    return Guard(span.start.offset, span.end.offset, limits, names)


def _conjuncts(node: Any) -> Iterator[Any]:
    node = bare_of(node)
    if node.kind.name == "BinaryOp" and node.op.name == "LogicalAnd":
        yield from _conjuncts(node.left)
        yield from _conjuncts(node.right)
    else:
        yield node


def _limits(node: Any, *, is_true: bool) -> Iterator[tuple[str, int]]:
    """The highest value of a counter where a comparison holds, or where it does not."""
    if node.kind.name != "BinaryOp":
        return
    name = node.op.name
    for side, other, operator in (
        (node.left, node.right, name),
        (node.right, node.left, MIRRORED.get(name, name)),
    ):
        value, below = plain_number(other), _HIGHEST.get((operator, is_true))
        if value is not None and below is not None:
            yield from ((counter, int(value) - below) for counter in paths_of(bare_of(side)))


def names_in(node: Any) -> set[str]:
    """All names in an expression."""
    names: set[str] = set()
    node.visit(lambda one: names.update(paths_of(one)))
    return names


def paths_of(node: Any) -> set[str]:
    """The variable that an expression is; nothing for any other."""
    return {path_of(node.symbol)} if node.kind.name in NAMES else set()


def bare_of(node: Any) -> Any:
    """An expression without the conversions around it."""
    while node.kind.name == "Conversion":
        node = node.operand
    return node

"""How far the address registers reach by which blocks that are not followed fill memories."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tilewright.verilog.block_order import Block
from tilewright.verilog.paths import path_of


def reaches_of(blocks: Iterable[Block]) -> dict[str, int]:
    """The highest address that blocks with a clock can write to, for memories that they fill by addresses
    without a sign; a memory that they change otherwise has none."""
    found: dict[str, int] = {}
    others: set[str] = set()
    for block in blocks:
        if block.is_clocked:
            block.node.body.visit(lambda node: _note(node, found, others))
    return {path: last for path, last in found.items() if path not in others}


def _note(node: Any, found: dict[str, int], others: set[str]) -> None:
    if node.kind.name == "Call":
        for argument in node.arguments:
            others.update(_arrays(argument))
    if node.kind.name != "Assignment":
        return
    for target in node.left.operands if node.left.kind.name == "Concatenation" else [node.left]:
        element, paths = target, _arrays(target)
        while element.kind.name in ("RangeSelect", "ElementSelect", "MemberAccess"):
            if element.kind.name == "ElementSelect" and element.value.type.isUnpackedArray:
                break
            element = element.value
        last = _last(element) if element.kind.name == "ElementSelect" else None
        if last is None:
            others.update(paths)
            continue
        for path in paths:
            found[path] = max(found.get(path, 0), last)


def _last(element: Any) -> int | None:
    """The highest address of an element of an array of one dimension; None if that is not known."""
    index = element.selector
    while index.kind.name == "Conversion":
        index = index.operand
    is_plain = element.value.kind.name in ("NamedValue", "HierarchicalValue")
    if not is_plain or not index.type.isIntegral or index.type.isSigned:
        return None
    return (1 << int(index.type.bitWidth)) - 1


def _arrays(node: Any) -> set[str]:
    """The arrays that stand in a piece of the tree."""
    paths: set[str] = set()

    def visit(one: Any) -> None:
        if one.kind.name in ("NamedValue", "HierarchicalValue") and one.type.isUnpackedArray:
            paths.add(path_of(one.symbol))

    node.visit(visit)
    return paths

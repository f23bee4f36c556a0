"""What a testbench does with signs, as far as its text says it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tilewright.verilog.cuts import bare
from tilewright.verilog.literals import constant_of
from tilewright.verilog.paths import path_of

_COMPARISONS = (
    "Equality", "Inequality", "CaseEquality", "CaseInequality",
    "LessThan", "LessThanEqual", "GreaterThan", "GreaterThanEqual",
)  # fmt: skip


def signs_in(blocks: list[Any]) -> tuple[frozenset[str], frozenset[int]]:
    """What the bodies of blocks, tasks and functions do with signs.

    First, the paths of variables whose first bit they look at themselves, as in ``x[7]``, ``x > 127``,
    ``x - 256`` and ``$signed(x)``; then the offsets of the conversions that stand beside something with a
    sign, or become a part of it.
    """
    by_hand: set[str] = set()
    beside: set[int] = set()

    def visit(node: Any) -> None:
        for one in _taken_by_hand(node):
            symbol = one.getSymbolReference()
            if symbol is not None:
                by_hand.add(path_of(symbol))
        if node.kind.name == "Assignment" and (
            _is_signed(node.left.type) or _has_signed(node.right)
        ):
            beside.update(_conversions(node.right))
        elif node.kind.name == "Call":
            beside.update(at for one in _signed_arguments(node) for at in _conversions(one))
        elif node.kind.name == "BinaryOp" and node.op.name in _COMPARISONS:
            sides = (node.left, node.right)
            if any(_is_negative(side) or _has_signed(side) for side in sides):
                beside.update(at for side in sides for at in _conversions(side))

    for block in blocks:
        block.body.visit(visit)
    return frozenset(by_hand), frozenset(beside)


def _taken_by_hand(node: Any) -> Iterator[Any]:
    """Variables whose first bit decides here, or that are taken as they would be with a sign."""
    kind = node.kind.name
    if kind in ("ElementSelect", "RangeSelect") and node.value.type.isIntegral:
        place = node.selector if kind == "ElementSelect" else node.left
        type_ = node.value.type
        if type_.hasFixedRange and constant_of(place) == int(type_.fixedRange.left):
            yield node.value
    elif kind == "BinaryOp":
        for side, other in ((node.left, node.right), (node.right, node.left)):
            one = bare(side)
            half = 1 << (int(one.type.bitWidth) - 1) if one.type.isIntegral else 0
            is_mask = node.op.name == "BinaryAnd" and constant_of(other) is not None
            if half and (is_mask or constant_of(other) in (half - 1, half, 2 * half)):
                yield one
    elif kind == "Call" and node.isSystemCall and node.subroutineName == "$signed":
        yield bare(node.arguments[0])
    elif kind == "Conversion" and not node.isImplicit:
        yield bare(node.operand)


def _is_signed(type_: Any) -> bool:
    """Whether numbers of a type can be negative."""
    return bool(type_.isFloating or (type_.isIntegral and type_.isSigned))


def _signed_arguments(call: Any) -> Iterator[Any]:
    """Arguments of a task or function of the testbench that have a sign there, and none before."""
    if not call.isSystemCall:
        for argument in call.arguments:
            if argument.kind.name == "Conversion" and _is_signed(argument.type):
                yield argument


def _has_signed(expression: Any) -> bool:
    """Whether a variable with a sign stands in an expression."""
    found: list[bool] = []

    def visit(node: Any) -> None:
        if node.kind.name in ("NamedValue", "HierarchicalValue", "MemberAccess"):
            element = node.type
            while element.isUnpackedArray:
                element = element.canonicalType.elementType
            found.append(_is_signed(element))

    expression.visit(visit)
    return any(found)


def _is_negative(expression: Any) -> bool:
    """Whether it is a constant to which a number without a sign never comes: less than 0, or 0 itself."""
    number = constant_of(expression)
    return number is not None and number <= 0 and bool(bare(expression).type.isSigned)


def _conversions(expression: Any) -> list[int]:
    """Where the conversions of variables and elements stand in an expression."""
    found: list[int] = []

    def visit(node: Any) -> None:
        if node.kind.name == "Conversion":
            found.append(node.sourceRange.start.offset)

    expression.visit(visit)
    return found

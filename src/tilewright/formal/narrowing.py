"""Operators on casts to fewer bits, whose results yosys 0.70 gives the bits from before the cast.

``(4'(a) + 4'(b)) == 0`` of two bytes compares four bits in a simulator, and eight, carry included, in yosys.
A result that is cut to its bits at once, as an assignment does, is right in both.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_SHIFTS_LEFT = frozenset(("LogicalShiftLeft", "ArithmeticShiftLeft"))
_KEEP_ZEROS = frozenset(("BinaryAnd", "BinaryOr", "BinaryXor"))
"""Operators that leave the bits above those of both operands zero."""

_CUT_LATER = frozenset(
    (
        *("Add", "Subtract", "Multiply", "BinaryXnor", "Plus", "Minus", "BitwiseNot"),
        *_SHIFTS_LEFT,
        *_KEEP_ZEROS,
    )
)
"""Operators whose low bits follow from those of their operands."""

_LEFT_ALONE = frozenset(("LogicalShiftRight", "ArithmeticShiftRight", "Power", *_SHIFTS_LEFT))
"""Operators whose bits are those of the left operand."""

_OTHERS = frozenset(("Divide", "Mod"))

_EXACT = frozenset(("Concatenation", "Replication"))
"""Where the number of bits matters, not the value alone."""

Place = tuple[Any, int, int]


def widened(compilation: Any) -> Iterator[tuple[Any, int, int]]:
    """Expressions, as pyslang has them, with their bits and those that yosys gives them."""
    cut: set[Place] = set()
    exact: set[Place] = set()
    found: list[tuple[Any, int, int]] = []

    def visit(node: Any) -> None:
        cut.update(map(_place, _cut_by(node)))
        if node.kind.name in _EXACT or _is_system_call(node):
            exact.update(map(_place, _operands_of(node)))
        kind = _operator(node)
        if kind is None:
            return
        place, bits = _place(node), int(node.type.bitWidth)
        if place in cut:
            if kind in _CUT_LATER or kind == "Conditional":
                cut.update(map(_place, _inherited(node)))
            return
        yosys_bits = _bits_before(node)
        is_value_kept = kind in _KEEP_ZEROS or kind == "Conditional" or kind not in _CUT_LATER
        if yosys_bits > bits and (place in exact or not is_value_kept):
            found.append((node, bits, yosys_bits))

    compilation.getRoot().visit(visit)
    return iter(found)


def _place(node: Any) -> Place:
    span = node.sourceRange
    return span.start.buffer, span.start.offset, span.end.offset


def _cut_by(node: Any) -> list[Any]:
    """Expressions of which `node` takes no more bits than they have."""
    kind = node.kind.name
    if kind == "Assignment":
        return [node.right]
    if kind == "Conversion":
        is_cut = node.type.bitWidth <= node.operand.type.bitWidth
        return [node.operand] if is_cut else []
    if kind == "Return":
        return [node.expr] if node.expr is not None else []
    if kind == "Instance":
        connected = (port.expression for port in node.portConnections)
        return [expression for expression in connected if expression is not None]
    if kind == "Call" and not _is_system_call(node):
        return list(node.arguments)
    if kind in ("Variable", "Net", "Parameter"):
        initializer = getattr(node, "initializer", None)
        return [initializer] if initializer is not None else []
    return []


def _is_system_call(node: Any) -> bool:
    return node.kind.name == "Call" and bool(node.isSystemCall)


def _operands_of(node: Any) -> list[Any]:
    if node.kind.name == "Concatenation":
        return list(node.operands)
    return [node.concat] if node.kind.name == "Replication" else list(node.arguments)


def _operator(node: Any) -> str | None:
    """The name of an operator whose bits its context and operands say; None for all else."""
    kind = node.kind.name
    if kind == "ConditionalOp":
        return "Conditional"
    if kind not in ("BinaryOp", "UnaryOp"):
        return None
    name = str(node.op.name)
    return name if name in _CUT_LATER | _LEFT_ALONE | _OTHERS else None


def _inherited(node: Any) -> list[Any]:
    """The operands whose bits are those of the operator."""
    kind = node.kind.name
    if kind == "ConditionalOp":
        return [node.left, node.right]
    if kind == "UnaryOp":
        return [node.operand]
    return [node.left] if node.op.name in _LEFT_ALONE else [node.left, node.right]


def _bits_before(node: Any) -> int:
    """The most bits that a cast below `node`, through such operators alone, has cut; 0 for none."""
    if node.kind.name == "Conversion":
        inner = _bits_before(node.operand)
        if node.isImplicit:
            return inner
        before = int(node.operand.type.bitWidth)
        is_narrower = node.type.bitWidth < before and not _is_constant(node.operand)
        return max(inner, before) if is_narrower else 0
    if _operator(node) is None:
        return 0
    return max(map(_bits_before, _inherited(node)))


def _is_constant(node: Any) -> bool:
    """Whether an expression is of literals and parameters alone: yosys then gives a cast its own bits."""
    kind = node.kind.name
    if kind == "NamedValue":
        return node.symbol.kind.name in ("Parameter", "EnumValue", "Genvar")
    if kind.endswith("Literal"):
        return True
    parts = _constant_parts(node)
    return bool(parts) and all(map(_is_constant, parts))


def _constant_parts(node: Any) -> list[Any]:
    """The operands of an expression that is constant where they are; empty for others."""
    kind = node.kind.name
    if kind in ("Conversion", "UnaryOp"):
        return [node.operand]
    if kind == "BinaryOp":
        return [node.left, node.right]
    return list(node.arguments) if kind == "Call" else []

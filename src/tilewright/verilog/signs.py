"""What a testbench does with signs, as far as its text says it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tilewright.verilog.cuts import bare, copied
from tilewright.verilog.literals import constant_of
from tilewright.verilog.paths import path_of

_EQUALITIES = frozenset(("Equality", "Inequality", "CaseEquality", "CaseInequality"))
_ORDERS = frozenset(("LessThan", "LessThanEqual", "GreaterThan", "GreaterThanEqual"))
_SUMS = frozenset(("Add", "Subtract", "Multiply", "Divide", "Mod"))
_SHIFTS = frozenset(
    (
        "LogicalShiftLeft",
        "ArithmeticShiftLeft",
        "LogicalShiftRight",
        "ArithmeticShiftRight",
        "Power",
    )
)
_SIGNS = ("Plus", "Minus", "BitwiseNot")
_LEAVES = ("NamedValue", "HierarchicalValue", "MemberAccess", "ElementSelect")


def signs_in(blocks: list[Any]) -> tuple[frozenset[str], frozenset[int]]:
    """What the bodies of blocks, tasks and functions do with signs.

    First, the paths of variables whose first bit they look at themselves, as in ``x[7]``, ``x > 127``,
    ``x - 256`` and ``$signed(x)``; then the offsets of the conversions that stand beside something with a
    sign, or become a part of it. Numbers that are put together bit by bit, as by ``p | w << 8``, have none.
    """
    taken: set[tuple[str, int]] = set()
    by_hand: set[str] = set()
    nodes: list[Any] = []

    def visit(node: Any) -> None:
        if node.kind.name in ("Assignment", "Call", "BinaryOp"):
            nodes.append(node)
        for one, bits in _taken_by_hand(node):
            symbol = one.getSymbolReference()
            if symbol is not None:
                taken.add((path_of(symbol), bits))
                if bits == int(one.type.bitWidth):
                    by_hand.add(path_of(symbol))

    for block in blocks:
        block.body.visit(visit)
    beside = {at for node in nodes for at in _beside(node, taken)}
    return frozenset(by_hand), frozenset(beside)


def _beside(node: Any, taken: set[tuple[str, int]]) -> Iterator[int]:
    """Where the conversions stand that an assignment, call or comparison takes for numbers with a sign."""
    if node.kind.name == "Call":
        for argument in _signed_arguments(node, taken):
            yield from _conversions(argument)
    elif node.kind.name == "Assignment":
        is_signed = _is_signed(node.left.type) or _has_signed(node.right)
        if is_signed and not _is_taken(node.right, node.left.getSymbolReference(), taken):
            yield from _conversions(node.right)
    elif node.op.name in _ORDERS or (node.op.name in _EQUALITIES and not _is_pattern(node)):
        sides = (node.left, node.right)
        if any(_is_negative(side) or _has_signed(side) for side in sides):
            for side in sides:
                yield from _conversions(side)


def _is_pattern(comparison: Any) -> bool:
    """Whether a variable is compared with a constant that has no more bits than it, as in ``w == 'hff``."""
    for side, other in (
        (comparison.left, comparison.right),
        (comparison.right, comparison.left),
    ):
        number, one = constant_of(other), copied(side)
        if number is not None and one is not None and one.type.isIntegral:
            return bool(0 <= number < 1 << int(one.type.bitWidth))
    return False


def _is_taken(source: Any, copy: Any, taken: set[tuple[str, int]]) -> bool:
    """Whether somebody looks at the first bit of a number in its `copy` in a wider variable."""
    number = copied(source)
    is_copy = number is not None and copy is not None and number.type.isIntegral
    return is_copy and (path_of(copy), int(number.type.bitWidth)) in taken


def _taken_by_hand(node: Any) -> Iterator[tuple[Any, int]]:
    """Variables that are taken as numbers with a sign would be, or whose first bit decides here; and how
    many bits such a number has."""
    kind = node.kind.name
    if kind in ("ElementSelect", "RangeSelect") and node.value.type.isIntegral:
        place = constant_of(node.selector if kind == "ElementSelect" else node.left)
        type_ = node.value.type
        if type_.hasFixedRange and place is not None:
            yield node.value, abs(place - int(type_.fixedRange.right)) + 1
    elif kind == "BinaryOp":
        yield from _taken_by_operator(node)
    elif gives_sign(node):
        yield _whole(bare(node.arguments[0]))
    elif kind == "Conversion" and not node.isImplicit:
        yield _whole(bare(node.operand))


def _taken_by_operator(operation: Any) -> Iterator[tuple[Any, int]]:
    """Operands beside a constant by which the sign is computed, masked or shifted to the top."""
    left, right = operation.left, operation.right
    for side, other in ((left, right), (right, left)):
        one, number = bare(side), constant_of(other)
        if not one.type.isIntegral or number is None:
            continue
        if operation.op.name == "BinaryAnd" or (side is left and _is_on_top(operation, one)):
            yield _whole(one)
        for bits in range(number.bit_length() - 1, number.bit_length() + 2):
            half = 1 << max(bits - 1, 0)
            if number in (half - 1, half, 2 * half):
                yield one, bits


def _whole(number: Any) -> tuple[Any, int]:
    """A variable, and all bits that it has."""
    return number, int(number.type.bitWidth)


def _is_signed(type_: Any) -> bool:
    """Whether numbers of a type can be negative."""
    return bool(type_.isFloating or (type_.isIntegral and type_.isSigned))


def _is_on_top(shift: Any, number: Any) -> bool:
    """Whether a shift puts the first bit of a number where that of the result is, as ``x << 24``."""
    is_left = shift.op.name in ("LogicalShiftLeft", "ArithmeticShiftLeft")
    places = constant_of(shift.right) if is_left else None
    return places is not None and places + int(number.type.bitWidth) == int(shift.type.bitWidth)


def _signed_arguments(call: Any, taken: set[tuple[str, int]]) -> Iterator[Any]:
    """Arguments of a task or function of the testbench that have a sign there, and none before; but for
    those whose first bit it looks at itself."""
    if call.isSystemCall:
        return
    for argument, formal in zip(call.arguments, call.subroutine.arguments, strict=False):
        is_signed = argument.kind.name == "Conversion" and _is_signed(argument.type)
        if is_signed and not _is_taken(argument, formal, taken):
            yield argument


def gives_sign(node: Any) -> bool:
    """Whether a node is a call of `$signed`."""
    return bool(node.kind.name == "Call" and node.isSystemCall and node.subroutineName == "$signed")


def _has_signed(expression: Any) -> bool:
    """Whether a variable with a sign stands in an expression as a number of it."""
    return any(
        gives_sign(node) or (node.kind.name in _LEAVES and _is_signed(node.type))
        for node in _numbers_in(expression)
    )


def _is_negative(expression: Any) -> bool:
    """Whether it is a constant to which a number without a sign never comes: less than 0, or 0 itself."""
    number = constant_of(expression)
    return number is not None and number <= 0 and bool(bare(expression).type.isSigned)


def _conversions(expression: Any) -> Iterator[int]:
    """Where the conversions of the numbers of an expression stand."""
    for node in _numbers_in(expression):
        if node.kind.name == "Conversion":
            yield int(node.sourceRange.start.offset)


def _numbers_in(expression: Any) -> Iterator[Any]:
    """An expression and those of its operands that it takes for numbers: no bits, places or arguments."""
    yield expression
    kind = expression.kind.name
    operands: list[Any] = []
    if kind == "BinaryOp":
        if expression.op.name in _SUMS:
            operands = [
                one for one in (expression.left, expression.right) if not _is_below(one, expression)
            ]
        elif expression.op.name in _SHIFTS:
            operands = [expression.left]
    elif kind == "ConditionalOp":
        operands = [expression.left, expression.right]
    elif kind == "Conversion" or (kind == "UnaryOp" and expression.op.name in _SIGNS):
        operands = [expression.operand]
    for operand in operands:
        yield from _numbers_in(operand)


def _is_below(number: Any, total: Any) -> bool:
    """Whether a number is added below one that was shifted by as many bits as it has: ``(p << 8) + w``."""
    low, high = bare(number), bare(total.left if number is total.right else total.right)
    is_shift = high.kind.name == "BinaryOp" and high.op.name == "LogicalShiftLeft"
    places = constant_of(high.right) if is_shift and total.op.name == "Add" else None
    return places is not None and places >= int(low.type.bitWidth)

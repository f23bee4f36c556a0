"""File reads of a testbench whose result nothing looks at."""

from __future__ import annotations

from typing import Any

from tilewright.verilog.classes import methods_of
from tilewright.verilog.members import calling_members
from tilewright.verilog.paths import path_of
from tilewright.verilog.testbench import Testbench

_READS = ("$fscanf", "$fgets", "$sscanf")


def unchecked_lines(testbench: Testbench) -> list[int]:
    """Lines of the file reads whose result nothing looks at."""
    blocks = [*calling_members(testbench), *methods_of(testbench.compilation)]
    offsets = unchecked_reads(blocks)
    lines: set[int] = set()

    def visit(node: Any) -> None:
        is_call = node.kind.name == "Call" and node.subroutineName != "$sscanf"
        if is_call and node.sourceRange.start.offset in offsets:
            lines.add(testbench.line(node))

    for block in blocks:
        block.body.visit(visit)
    return sorted(lines)


def unchecked_reads(blocks: list[Any]) -> set[int]:
    """Offsets of `$fscanf`, `$fgets` and `$sscanf` calls whose result nothing looks at."""
    dropped: set[int] = set()
    stored: dict[int, str] = {}
    written: set[int] = set()
    read: dict[int, str] = {}

    def visit(node: Any) -> None:
        kind = node.kind.name
        if kind == "ExpressionStatement" and (call := _read_call(node.expr)) is not None:
            dropped.add(call.sourceRange.start.offset)
        elif kind == "ExpressionStatement" and _is_plain(node.expr):
            if (call := _read_call(node.expr.right)) is not None:
                stored[call.sourceRange.start.offset] = path_of(node.expr.left.symbol)
        elif _is_plain(node):
            written.add(node.left.sourceRange.start.offset)
        elif kind == "NamedValue":
            read[node.sourceRange.start.offset] = path_of(node.symbol)

    for block in blocks:
        block.body.visit(visit)
    names = {name for offset, name in read.items() if offset not in written}
    return dropped | {offset for offset, name in stored.items() if name not in names}


def _is_plain(expression: Any) -> bool:
    """Whether an expression assigns a whole variable; within another one, that looks at what it is given."""
    return bool(expression.kind.name == "Assignment" and expression.left.kind.name == "NamedValue")


def _read_call(expression: Any) -> Any:
    """The file read behind an expression, conversions taken off; None if it is none."""
    while expression.kind.name == "Conversion":
        expression = expression.operand
    is_call = expression.kind.name == "Call" and expression.isSystemCall
    return expression if is_call and expression.subroutineName in _READS else None

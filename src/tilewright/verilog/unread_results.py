"""Reads of lines whose result nothing looks at: Verilator 5.48 leaves the whole read out."""

from __future__ import annotations

from typing import Any

from tilewright.verilog.paths import path_of


def left_out_reads(blocks: list[Any], methods: list[Any]) -> set[int]:
    """Offsets of the `$fgets` calls that are stored in a variable which nothing reads or sets otherwise.

    Those in methods of classes are done.
    """
    stored: dict[int, str] = {}
    kept: set[str] = set()
    targets: set[int] = set()
    statements: set[int] = set()

    def visit(node: Any) -> None:
        if node.kind.name == "ExpressionStatement" and node.expr.kind.name == "Assignment":
            statements.add(node.expr.sourceRange.start.offset)
        if node.kind.name == "Assignment" and node.left.kind.name == "NamedValue":
            call = node.right
            while call.kind.name == "Conversion":
                call = call.operand
            targets.add(node.left.sourceRange.start.offset)
            is_plain = node.sourceRange.start.offset in statements
            if is_plain and call.kind.name == "Call" and call.subroutineName == "$fgets":
                stored[call.sourceRange.start.offset] = path_of(node.left.symbol)
            else:
                kept.add(path_of(node.left.symbol))
        elif node.kind.name == "NamedValue" and node.sourceRange.start.offset not in targets:
            kept.add(path_of(node.symbol))

    for method in methods:
        method.body.visit(visit)
    stored.clear()
    for block in blocks:
        block.body.visit(visit)
    return {offset for offset, name in stored.items() if name not in kept}

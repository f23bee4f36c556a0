"""Constructs of SystemVerilog that Icarus Verilog 11 does not compile, as it was seen to say.

Later versions and Verilator take most of them, so that a testbench with one is no fault of its files; but
whoever runs Icarus 11 gets no simulation at all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_STRING_METHODS = frozenset(
    (
        *("atoi", "atohex", "atooct", "atobin", "atoreal", "itoa", "hextoa", "octtoa", "bintoa"),
        *("getc", "putc", "toupper", "tolower", "compare", "icompare"),
    )
)


def refused_syntax(tree: Any) -> list[tuple[str, Any]]:
    """Each construct that Icarus 11 refuses, once, with the node of the syntax tree where it stands first."""
    found: dict[str, Any] = {}

    def visit(node: Any) -> None:
        kind = node.kind.name
        if kind == "TaskDeclaration":
            node.visit(lambda inner: note(inner, _in_task(inner)))
        note(node, _CHECKS[kind](node) if kind in _CHECKS else "")

    def note(node: Any, what: str) -> None:
        if what:
            found.setdefault(what, node)

    tree.root.visit(visit)
    return list(found.items())


def _in_task(node: Any) -> str:
    return "return from a task" if node.kind.name == "ReturnStatement" else ""


def _jump(node: Any) -> str:
    return str(node.breakOrContinue.valueText)


def _loop(node: Any) -> str:
    declared = [one for one in node.initializers if one.kind.name == "ForVariableDeclaration"]
    return "a for loop that declares several variables" if len(declared) > 1 else ""


def _parenthesis(node: Any) -> str:
    is_assigned = node.expression.kind.name == "AssignmentExpression"
    return "an assignment within an expression" if is_assigned else ""


def _method(node: Any) -> str:
    identifier = getattr(node.right, "identifier", None)
    name = str(identifier.valueText) if identifier is not None else ""
    return f"the string method {name}" if name in _STRING_METHODS else ""


def _parameter(node: Any) -> str:
    return "a parameter of type string" if node.type.kind.name == "StringType" else ""


_CHECKS: dict[str, Callable[[Any], str]] = {
    "JumpStatement": _jump,
    "VoidCastedCallStatement": lambda _: "void'(...)",
    "InsideExpression": lambda _: "inside",
    "StreamingConcatenationExpression": lambda _: "a streaming concatenation",
    "ForLoopStatement": _loop,
    "ParenthesizedExpression": _parenthesis,
    "ScopedName": _method,
    "ParameterDeclaration": _parameter,
}

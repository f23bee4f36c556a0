"""Constructs of SystemVerilog that Icarus Verilog 11 does not compile, as it was seen to say.

Later versions and Verilator take most of them, so that a testbench with one is no fault of its files; but
whoever runs Icarus 11 gets no simulation at all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tilewright.verilog.testbench import Testbench

_STRING_METHODS = frozenset(
    (
        *("atoi", "atohex", "atooct", "atobin", "atoreal", "itoa", "hextoa", "octtoa", "bintoa"),
        *("getc", "putc", "toupper", "tolower", "compare", "icompare"),
    )
)


def refused_syntax(testbench: Testbench) -> list[tuple[str, Any]]:
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

    testbench.tree.root.visit(visit)
    return list(found.items())


def _in_task(node: Any) -> str:
    return "return from a task" if node.kind.name == "ReturnStatement" else ""


def _jump(node: Any) -> str:
    return str(node.breakOrContinue.valueText)


def _loop(node: Any) -> str:
    declared = [one for one in node.initializers if one.kind.name == "ForVariableDeclaration"]
    if len(declared) > 1:
        return "a for loop that declares several variables"
    several = [part for part in (node.initializers, node.steps) if len(_nodes(part)) > 1]
    return "a for loop with several variables" if several else ""


def _nodes(separated: Any) -> list[Any]:
    return [one for one in separated if hasattr(one, "visit")]


def _parenthesis(node: Any) -> str:
    is_assigned = node.expression.kind.name == "AssignmentExpression"
    return "an assignment within an expression" if is_assigned else ""


def _method(node: Any) -> str:
    if str(node.left).strip() == "std":
        return "std::"
    identifier = getattr(node.right, "identifier", None)
    name = str(identifier.valueText) if identifier is not None else ""
    return f"the string method {name}" if name in _STRING_METHODS else ""


def _parameter(node: Any) -> str:
    return "a parameter of type string" if node.type.kind.name == "StringType" else ""


def _data(node: Any) -> str:
    words = [str(one.valueText) for one in node.modifiers]
    if "automatic" in words:
        return (
            "" if _is_in_automatic(node) else "an automatic variable outside of an automatic task"
        )
    if "static" in words and _is_in_automatic(node):
        return "a static variable of an automatic task"
    return next((f"{one} in front of a variable" for one in words if one in ("const", "var")), "")


def _is_in_automatic(node: Any) -> bool:
    """Whether the variables around a declaration have the lifetime of a call anyway."""
    while (node := node.parent) is not None:
        if node.kind.name == "ClassDeclaration":
            return True
        if node.kind.name in ("TaskDeclaration", "FunctionDeclaration"):
            return str(node.prototype.lifetime.valueText) == "automatic"
    return False


def _declarator(node: Any) -> str:
    dimensions = [one.specifier.kind.name for one in node.dimensions if one.specifier is not None]
    if node.initializer is None or not dimensions:
        return ""
    if "QueueDimensionSpecifier" in dimensions:
        is_empty = node.initializer.expr.kind.name == "EmptyQueueExpression"
        return "" if is_empty else "a queue with initial values"
    if "RangeDimensionSpecifier" not in dimensions:
        return ""
    is_parameter = node.parent.kind.name == "ParameterDeclaration"
    return "a parameter that is an array" if is_parameter else "an array with initial values"


def _dimension(node: Any) -> str:
    specifier = node.specifier
    if specifier is None:
        return ""
    index: Any = getattr(getattr(specifier, "selector", None), "expr", None)
    is_type = index is not None and index.kind.name.endswith("Type")
    is_open = specifier.kind.name == "WildcardDimensionSpecifier"
    return "an associative array" if is_type or is_open else ""


def _structure(node: Any) -> str:
    if not node.packed.valueText:
        return "a structure that is not packed"
    return f"a structure that is {node.signing.valueText}" if node.signing.valueText else ""


def _assertion(node: Any) -> str:
    return "" if node.delay is None else "a deferred assertion"


def _net(node: Any) -> str:
    return "trireg" if node.netType.valueText == "trireg" else ""


def _event(node: Any) -> str:
    return "edge" if node.edge.valueText == "edge" else ""


def _argument(node: Any) -> str:
    if node.direction.valueText == "ref":
        return "an argument by reference"
    return "an argument that is an array" if len(node.declarator.dimensions) else ""


def _case(node: Any) -> str:
    return "case ... inside" if node.matchesOrInside.valueText == "inside" else ""


def _if(node: Any) -> str:
    word = str(node.uniqueOrPriority.valueText)
    return f"{word} if" if word else ""


def _call(node: Any) -> str:
    name: Any = getattr(getattr(node.left, "right", None), "identifier", None)
    method = "" if name is None else str(name.valueText)
    return f"the array method {method}" if method in _ARRAY_METHODS else ""


_ARRAY_METHODS = frozenset(("sum", "product", "min", "max", "unique", "find", "find_index"))
_CHECKS: dict[str, Callable[[Any], str]] = {
    "JumpStatement": _jump,
    "VoidCastedCallStatement": lambda _: "void'(...)",
    "InsideExpression": lambda _: "inside",
    "StreamingConcatenationExpression": lambda _: "a streaming concatenation",
    "ForLoopStatement": _loop,
    "ParenthesizedExpression": _parenthesis,
    "ScopedName": _method,
    "ParameterDeclaration": _parameter,
    "DataDeclaration": _data,
    "Declarator": _declarator,
    "VariableDimension": _dimension,
    **dict.fromkeys(("StructType", "UnionType"), _structure),
    "ImmediateAssertStatement": _assertion,
    "NetDeclaration": _net,
    "SignalEventExpression": _event,
    "NetAlias": lambda _: "alias",
    "BindDirective": lambda _: "bind",
    "NamedLabel": lambda _: "a label in front of a statement",
    "NonblockingEventTriggerStatement": lambda _: "->>",
    "RandCaseStatement": lambda _: "randcase",
    "ReplicatedAssignmentPattern": lambda _: "an assignment pattern with a count",
    "RootScope": lambda _: "$root",
    "WaitOrderStatement": lambda _: "wait_order",
    "FunctionPort": _argument,
    "CaseStatement": _case,
    "ConditionalStatement": _if,
    "InvocationExpression": _call,
    "ClockingDeclaration": lambda _: "a clocking block",
    "CovergroupDeclaration": lambda _: "a covergroup",
    "IffEventClause": lambda _: "iff in an event",
    "InterfacePortHeader": lambda _: "a port that is an interface",
    "LetDeclaration": lambda _: "let",
    "NamedArgument": lambda _: "arguments by name",
    "SignedCastExpression": lambda _: "signed'(...)",
    "StructuredAssignmentPattern": lambda _: "an assignment pattern with names or default",
    "TypeParameterDeclaration": lambda _: "a parameter that is a type",
    **dict.fromkeys(
        ("ConcurrentAssertionMember", "PropertyDeclaration", "SequenceDeclaration"),
        lambda _: "a concurrent assertion",
    ),
}

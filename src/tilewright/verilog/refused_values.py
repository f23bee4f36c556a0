"""What Icarus Verilog 11 does not compile of arrays, structures, enumerations and strings, as it says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tilewright.verilog.classes import is_member
from tilewright.verilog.members import calling_members, scopes_of
from tilewright.verilog.testbench import Testbench

_EQUALITIES = frozenset(("Equality", "Inequality", "CaseEquality", "CaseInequality"))
_ORDERS = frozenset(("sort", "rsort", "reverse", "shuffle"))
_GROWING = frozenset(("push_back", "push_front", "insert"))
_SELECTS = frozenset(("ElementSelect", "RangeSelect"))


def refused_values(testbench: Testbench) -> Iterator[tuple[str, Any]]:
    """What is refused, with a node where it stands; a construct may come several times."""
    for member in calling_members(testbench):
        yield from _within(member.body)
        if member.kind.name == "Subroutine" and _returns_and_calls_itself(member):
            yield "return in a function that calls itself", member.body
    for scope in scopes_of(testbench):
        for symbol in scope:
            if symbol.kind.name in ("Variable", "Parameter") and symbol.syntax is not None:
                yield from _declared(symbol)
            elif symbol.kind.name == "Instance" and _has_interface(symbol):
                yield "a port that is an interface", symbol.syntax


def _within(node: Any) -> list[tuple[str, Any]]:
    """What is refused in a statement or an expression."""
    found: list[tuple[str, Any]] = []

    def visit(inner: Any) -> None:
        check = _CHECKS.get(inner.kind.name)
        if check is not None and (what := check(inner)):
            found.append((what, inner))

    node.visit(visit)
    return found


def _declared(symbol: Any) -> Iterator[tuple[str, Any]]:
    if what := _in_declaration(symbol):
        yield what, symbol.syntax
    if symbol.initializer is not None:
        yield from _within(symbol.initializer)


def _returns_and_calls_itself(subroutine: Any) -> bool:
    kinds: set[str] = set()

    def visit(node: Any) -> None:
        is_own = node.kind.name == "Call" and not node.isSystemCall
        if node.kind.name == "Return" or (is_own and node.subroutine is subroutine):
            kinds.add(node.kind.name)

    subroutine.body.visit(visit)
    return kinds == {"Return", "Call"}


def _has_interface(instance: Any) -> bool:
    return any(port.kind.name == "InterfacePort" for port in instance.body.portList)


def _in_declaration(symbol: Any) -> str:
    type_ = symbol.type.canonicalType
    if symbol.kind.name == "Parameter":
        return _in_parameter(symbol, type_)
    if type_.isVirtualInterface:
        return "a virtual interface"
    if type_.isCHandle:
        return "chandle"
    if type_.isClass and str(type_.hierarchicalPath).startswith("std::"):
        return f"the class {str(type_.name).partition('#')[0]}"
    if getattr(type_, "isAssociativeArray", False):
        return "an associative array"
    if type_.isUnpackedArray and type_.arrayElementType.isUnpackedArray:
        inner = type_.arrayElementType
        is_growing = inner.isUnpackedArray and not (type_.hasFixedRange and inner.hasFixedRange)
        return "an array of queues or dynamic arrays" if is_growing else ""
    is_number = symbol.initializer is not None and _is_number_in_enum(symbol.initializer)
    return "a number in a variable of an enumeration" if is_number else ""


def _in_parameter(symbol: Any, type_: Any) -> str:
    declared: Any = getattr(symbol.syntax.parent, "type", None)
    if type_.isUnpackedArray or declared is None:
        return ""
    if declared.kind.name == "NamedType" and (type_.isStruct or type_.isEnum):
        return "a parameter whose type is a structure or enumeration"
    is_group = type_.isPackedArray and type_.arrayElementType.isPackedArray
    return "a parameter of several dimensions" if is_group else ""


def _assignment(node: Any) -> str:
    left, right = node.left, node.right
    if node.isLValueArg:
        return ""
    if left.type.isUnpackedArray:
        if left.type.hasFixedRange:
            return "an assignment to a whole array"
        operands = list(right.operands) if right.kind.name == "Concatenation" else []
        is_joined = any(one.type.isUnpackedArray for one in operands)
        return "a queue in a concatenation" if is_joined else ""
    if _is_number_in_enum(right):
        return "a number in a variable of an enumeration"
    if right.kind.name == "Conversion" and right.operand.type.isString and left.type.isIntegral:
        return "a string in a variable that is none"
    if left.kind.name == "MemberAccess" and _has_variable_index(left.value):
        return "an assignment to a member at a variable index"
    return ""


def _is_number_in_enum(value: Any) -> bool:
    is_implicit = value.kind.name == "Conversion" and value.isImplicit
    return bool(is_implicit and value.type.isEnum and not value.operand.type.isEnum)


def _binary(node: Any) -> str:
    types = (node.left.type, node.right.type)
    if node.op.name in _EQUALITIES and all(one.isUnpackedArray for one in types):
        return "a comparison of whole arrays"
    is_case = node.op.name.startswith("Case")
    return "a comparison of strings by ===" if is_case and any(t.isString for t in types) else ""


def _pattern(node: Any) -> str:
    return "an assignment pattern of a packed value" if node.type.isIntegral else ""


def _conversion(node: Any) -> str:
    if node.isImplicit:
        return ""
    if node.type.isEnum:
        return "a cast to an enumeration"
    return "a cast to a structure" if node.type.isStruct else ""


def _member(node: Any) -> str:
    outer = node.value
    is_element = outer.kind.name == "ElementSelect" and outer.value.type.isUnpackedArray
    return "a member of a structure in an array" if is_element and not is_member(node) else ""


def _select(node: Any) -> str:
    """A part of a part: what Icarus must compute itself stands last."""
    inner = node.value
    if inner.kind.name == "MemberAccess" and not is_member(inner) and inner.type.isIntegral:
        return "a variable index in a member of a structure" if _is_variable(node) else ""
    return "a part of a part at a variable index" if _has_variable_index(inner) else ""


def _has_variable_index(node: Any) -> bool:
    """Whether a node is a packed element at an index that is no constant."""
    is_element = node.kind.name == "ElementSelect" and node.value.type.isIntegral
    return is_element and _is_variable(node)


def _is_variable(select: Any) -> bool:
    index = select.selector if select.kind.name == "ElementSelect" else select.left
    return index.constant is None


def _call(node: Any) -> str:
    name = node.subroutineName
    if not (node.isSystemCall and len(node.arguments)) or name.startswith("$"):
        return ""
    type_ = node.arguments[0].type
    if name == "name" and type_.isEnum:
        return "the enumeration method name"
    if name == "triggered":
        return "triggered of an event"
    if name in _ORDERS and type_.isUnpackedArray:
        return f"the array method {name}"
    is_queue = name in _GROWING and type_.isUnpackedArray
    element = type_.arrayElementType if is_queue else None
    is_group = element is not None and (element.isEnum or element.isStruct)
    return "a queue of structures or enumerations" if is_group else ""


def _case(node: Any) -> str:
    return "a case over a string" if node.expr.type.isString else ""


_CHECKS = {
    "Assignment": _assignment,
    "BinaryOp": _binary,
    "SimpleAssignmentPattern": _pattern,
    "Conversion": _conversion,
    "MemberAccess": _member,
    **dict.fromkeys(_SELECTS, _select),
    "Call": _call,
    "Case": _case,
}

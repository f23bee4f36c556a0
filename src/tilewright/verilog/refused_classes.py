"""What Icarus Verilog 11 does not compile of classes and of functions, as it was seen to say.

It compiles simple classes, but computes parts of them otherwise than the standard says: ``this.x = x``,
static properties, parts of properties and local variables were seen to come out wrong. Those are not
followed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tilewright.verilog.classes import classes_of, is_member, is_own, methods_of
from tilewright.verilog.members import calling_members
from tilewright.verilog.testbench import Testbench

_COMPARISONS = frozenset(("Equality", "Inequality", "CaseEquality", "CaseInequality"))


def refused_classes(testbench: Testbench) -> list[tuple[str, Any]]:
    """Each construct that Icarus 11 refuses, once, with a node where it stands."""
    found: dict[str, Any] = {}
    members = [*calling_members(testbench), *methods_of(testbench.compilation)]

    def visit(node: Any) -> None:
        if what := _refused(node):
            found.setdefault(what, node)

    for member in members:
        if member.kind.name == "Subroutine" and (what := _in_head(member)):
            found.setdefault(what, member.body)
        member.body.visit(visit)
    for class_ in classes_of(testbench.compilation):
        if what := _in_class(class_):
            found.setdefault(what, next(_statements(class_), None))
    return [(what, node) for what, node in found.items() if node is not None]


def _statements(class_: Any) -> Iterator[Any]:
    return (one.body for one in class_ if one.kind.name == "Subroutine")


def has_classes(testbench: Testbench) -> bool:
    """Whether the testbench makes objects of classes, or calls their methods."""
    return any(True for class_ in classes_of(testbench.compilation) if not _is_standard(class_))


def _is_standard(class_: Any) -> bool:
    return str(class_.hierarchicalPath).startswith("std::")


def _in_head(subroutine: Any) -> str:
    is_function = subroutine.subroutineKind.name == "Function"
    others = [one for one in subroutine.arguments if one.direction.name != "In"]
    return "a function with an argument that is no input" if is_function and others else ""


def _in_class(class_: Any) -> str:
    if _is_standard(class_):
        return ""
    if class_.genericClass is not None:
        return "a class with parameters"
    for member in class_:
        is_array = is_own(member) and member.type.isUnpackedArray
        if is_array and (member.type.isQueue or member.type.hasFixedRange):
            return "an array or queue in a class"
    return ""


def _refused(node: Any) -> str:
    kind = node.kind.name
    check = _CHECKS.get(kind)
    return check(node) if check else ""


def _name(node: Any) -> str:
    if node.symbol.kind.name == "ClassProperty" and "::" in str(node.syntax or ""):
        return "a property by the name of its class"
    type_ = node.type
    return "a typedef of a class" if type_.isAlias and type_.isClass else ""


def _conversion(node: Any) -> str:
    given, wanted = node.operand.type, node.type
    is_other = (
        given.isClass and wanted.isClass and str(given.canonicalType) != str(wanted.canonicalType)
    )
    return "an object in a handle of its base class" if is_other else ""


def _new(node: Any) -> str:
    class_ = node.type.canonicalType
    is_standard = class_.kind.name == "ClassType" and _is_standard(class_)
    return f"the class {str(class_.name).partition('#')[0]}" if is_standard else ""


def _member(node: Any) -> str:
    return _through(node.value) if is_member(node) else ""


def _through(handle: Any) -> str:
    """A handle that is no plain variable."""
    if handle.kind.name == "ElementSelect":
        return "a member of an object in an array"
    is_property = is_member(handle) or (
        handle.kind.name == "NamedValue" and handle.symbol.kind.name == "ClassProperty"
    )
    return "a member of an object in an object" if is_property else ""


def _call(node: Any) -> str:
    if node.isSystemCall:
        return _system_call(node)
    is_scoped = "::" in str(node.syntax or "").partition("(")[0]
    if is_scoped and node.subroutine.parentScope is not None and _is_method(node.subroutine):
        return "a method by the name of its class"
    given = [one.left if one.kind.name == "Assignment" else one for one in node.arguments]
    if any(one.type.isClass for one in given):
        return "a handle as an argument"
    if node.subroutine.returnType.isClass:
        return "a function that returns a handle"
    return "" if node.thisClass is None else _through(node.thisClass)


def _is_method(subroutine: Any) -> bool:
    return any(
        one.kind.name == "Subroutine" and one.thisVar is not None for one in subroutine.parentScope
    )


def _system_call(node: Any) -> str:
    if node.subroutineName == "$cast":
        return "$cast"
    if node.subroutineName.startswith("$") or not len(node.arguments):
        return ""
    type_ = node.arguments[0].type
    is_of_objects = type_.isUnpackedArray and type_.arrayElementType.isClass
    return "methods of an array of objects" if is_of_objects else ""


def _comparison(node: Any) -> str:
    sides = (node.left, node.right)
    is_of_objects = node.op.name in _COMPARISONS and all(one.type.isClass for one in sides)
    return "a comparison of two handles" if is_of_objects else ""


def _declaration(node: Any) -> str:
    symbol = node.symbol
    is_made = symbol.type.isClass and symbol.initializer is not None
    return "a handle that is declared with an object" if is_made else ""


_CHECKS = {
    "NamedValue": _name,
    "Conversion": _conversion,
    "NewClass": _new,
    "MemberAccess": _member,
    "Call": _call,
    "BinaryOp": _comparison,
    "VariableDeclaration": _declaration,
}

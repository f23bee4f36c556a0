"""Elements of arrays, and members of structures that are not packed: which variable they belong to.

Each member is kept as a variable or an array of its own, under the name of the whole and its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tilewright.verilog.classes import is_member
from tilewright.verilog.heap import LEAF


@dataclass(frozen=True, slots=True)
class Branch:
    """A part of a variable. root: the variable, as an expression. suffix: the members on the way to the part,
    as the names of leaves end. selects: the indices on the way, as expressions."""

    root: Any
    suffix: str
    selects: tuple[Any, ...]


def is_structure(type_: Any) -> bool:
    """Whether a type is a structure that is not packed."""
    return bool(type_.canonicalType.kind.name == "UnpackedStructType")


def holds_structures(type_: Any) -> bool:
    """Whether a type is such a structure, or an array of them."""
    while type_.isUnpackedArray:
        type_ = type_.canonicalType.elementType
    return is_structure(type_)


def has_parts(type_: Any) -> bool:
    """Whether a variable of this type is an array or such a structure."""
    return bool(type_.isUnpackedArray or is_structure(type_))


def is_field(expression: Any) -> bool:
    """Whether an expression is a member of such a structure."""
    return expression.kind.name == "MemberAccess" and is_structure(expression.value.type)


def branch_of(expression: Any) -> Branch | None:
    """The part of a variable that an expression is; None for a whole variable, and for anything else.

    A row that can grow is a variable of its own. Structures in associative arrays are not followed.
    """
    suffix, selects = "", list[Any]()
    while True:
        if is_field(expression):
            suffix = f"{LEAF}{expression.member.name}{suffix}"
        elif _is_select(expression) and not (is_row(expression) and (suffix or selects)):
            selects.insert(0, expression)
        else:
            break
        expression = expression.value
    is_name = expression.kind.name in ("NamedValue", "HierarchicalValue") or is_member(expression)
    if not (is_name or is_row(expression)) or not (suffix or selects):
        return None
    if suffix and any(_has_keys(one.value.type) for one in selects):
        return None
    return Branch(expression, suffix, tuple(selects))


def _is_select(expression: Any) -> bool:
    return bool(expression.kind.name == "ElementSelect" and expression.value.type.isUnpackedArray)


def _has_keys(type_: Any) -> bool:
    return bool(getattr(type_.canonicalType, "isAssociativeArray", False))


def is_row(expression: Any) -> bool:
    """Whether an expression is an element that can grow itself, as one of an array of queues."""
    type_ = expression.type
    can_grow = type_.isUnpackedArray and not type_.hasFixedRange and not _has_keys(type_)
    return bool(_is_select(expression) and can_grow and not _has_keys(expression.value.type))


def is_deep(type_: Any) -> bool:
    """Whether a type is an array that can grow and whose elements have parts, or one of arrays that can."""
    can_grow = outer = False
    while type_.isUnpackedArray:
        can_grow |= not type_.hasFixedRange
        if outer and not type_.hasFixedRange:
            return True
        outer, type_ = True, type_.canonicalType.elementType
    return can_grow and is_structure(type_)


def root_of(expression: Any) -> Any:
    """The variable of which an expression is an element, as an expression; None if it is none."""
    branch = branch_of(expression)
    return branch.root if branch is not None and branch.selects else None


def fields_of(type_: Any) -> list[Any]:
    """The members of such a structure."""
    return [one for one in type_.canonicalType if one.kind.name == "Field"]


def leaves_of(type_: Any) -> list[tuple[str, int, Any]] | None:
    """Suffix, dimensions and type of each leaf; None where one of them is an array that can grow."""
    dimensions = 0
    while type_.isUnpackedArray:
        if not type_.hasFixedRange:
            return None
        dimensions, type_ = dimensions + 1, type_.canonicalType.elementType
    if not is_structure(type_):
        return [("", dimensions, type_)]
    found = []
    for field in fields_of(type_):
        inner = leaves_of(field.type)
        if inner is None:
            return None
        found += [(f"{LEAF}{field.name}{end}", dimensions + more, one) for end, more, one in inner]
    return found

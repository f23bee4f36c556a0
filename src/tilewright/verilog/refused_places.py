"""Places that a simulator does not let a read or `$sformat` write to, though they are Verilog.

Icarus Verilog 11 says "is not assignable" or "must be a reg" as the simulation starts, and ends it; Verilator
5.48 takes no concatenation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tilewright.verilog.leaves import root_of
from tilewright.verilog.simulators import ICARUS, Simulator

CONCATENATION = "a concatenation"
STRING = "a string"
"""Of `$fgets`: later versions of Icarus take it."""

_MADE_BY_THE_PARSER = 2
"""Of pyslang's flags: a variable that no line declares."""
_SELECTS = ("ElementSelect", "RangeSelect")
_NAMES = ("NamedValue", "HierarchicalValue")


def refused_place(place: Any, call: str, simulator: Simulator) -> str:
    """What `simulator` does not take as a place for the system call `call`; "" if it takes `place`."""
    if place.kind.name == "Concatenation":
        return CONCATENATION
    if call.startswith("$readmem"):
        return "" if root_of(place) is None else "a row of an array by $readmem"
    if simulator is not ICARUS:
        return ""
    if _is_result(place):
        return "the result of a function"
    return _RULES.get(call, _by_fscanf)(place)


def _is_result(place: Any) -> bool:
    """Whether a place is the variable, called like its function, that holds what it returns."""
    symbol = place.getSymbolReference() if place.kind.name in _NAMES else None
    if symbol is None or symbol.kind.name != "Variable":
        return False
    return bool(int(symbol.flags) & _MADE_BY_THE_PARSER)


def _by_fgets(place: Any) -> str:
    if place.kind.name in _SELECTS:
        return "a part of a variable"
    return STRING if place.type.isString else ""


def _by_fread(place: Any) -> str:
    """A whole memory, or a whole variable of four states that is no `integer`."""
    if place.kind.name in _SELECTS:
        return "a word of a memory or a part of a variable by $fread"
    type_ = place.type.canonicalType
    if type_.isUnpackedArray or (type_.isFourState and type_.name != "integer"):
        return ""
    return "a variable by $fread that is no reg or logic"


def _by_sformat(place: Any) -> str:
    return "a part of a variable or a word of a memory" if place.kind.name in _SELECTS else ""


def _by_fscanf(place: Any) -> str:
    """Constant indices are taken wherever they stand; of variables one, where it needs no arithmetic.

    Icarus turns a place into a whole variable, a word of an array or a run of bits before the simulation
    starts. An index that it must compute (by an operator, by the start of a range, by several
    dimensions, by widening a narrow variable) is an expression to it, and is not assignable.
    """
    if place.type.isUnpackedArray:
        return "a whole memory"
    selects = list(_chain(place))
    if not selects:
        return ""
    if any(one.value.type.isDynamicallySizedArray for one in selects):
        return "an element of a queue or dynamic array"
    words = [one for one in selects if one.value.type.isUnpackedArray]
    if words and len(words) < len(selects):
        return "a part of an array's word"
    if all(map(_is_constant, map(_index, selects))):
        return ""
    select, *outer = selects
    if not all(map(_is_first, outer)) or not _is_variable(place):
        return "a place with several indices, one of them a variable"
    return _by_range(select) if _is_name(_index(select)) else "a place whose index is an expression"


def _by_range(select: Any) -> str:
    """What stands in the way of an index that is a plain variable."""
    type_ = select.value.type
    left, right = int(type_.fixedRange.left), int(type_.fixedRange.right)
    if type_.isUnpackedArray:
        if min(left, right):
            return "an array that does not start at 0, with a variable index"
        size = abs(left - right) + 1
        needed = (size + 1).bit_length() + 1
        bits = int(_index(select).type.bitWidth)
        if bits < needed:
            return f"an array of {size} words with an index of {bits} bits, for which it wants {needed}"
        return ""
    if right or left < right:
        return "a part of a variable that does not end at bit 0, with a variable index"
    is_bit = select.kind.name == "RangeSelect" or select.type.bitWidth == 1
    return "" if is_bit else "a part of a variable with a variable index"


def _is_variable(place: Any) -> bool:
    """Whether what is indexed is a variable, not a member of one."""
    while place.kind.name in _SELECTS:
        place = place.value
    return place.kind.name in _NAMES


def _is_first(select: Any) -> bool:
    """Whether an index is a constant that adds nothing: the lowest word, or the lowest bits."""
    if select.kind.name != "ElementSelect" or not _is_constant(_index(select)):
        return False
    type_ = select.value.type
    left, right = int(type_.fixedRange.left), int(type_.fixedRange.right)
    return bool(select.selector.constant == (min(left, right) if type_.isUnpackedArray else right))


def _chain(place: Any) -> list[Any]:
    """The selects of a place, the last one first."""
    found = []
    while place.kind.name in (*_SELECTS, "MemberAccess"):
        if place.kind.name in _SELECTS:
            found.append(place)
        place = place.value
    return found


def _index(select: Any) -> Any:
    index = select.selector if select.kind.name == "ElementSelect" else select.left
    while index.kind.name == "Conversion":
        index = index.operand
    return index


def _is_name(expression: Any) -> bool:
    """Whether an expression is a variable, a member of one, or a word of an array of variables."""
    while expression.kind.name == "MemberAccess":
        expression = expression.value
    if expression.kind.name == "ElementSelect" and expression.value.type.isUnpackedArray:
        return _is_name(expression.value) and not _by_fscanf(expression)
    return expression.kind.name in _NAMES


def _is_constant(index: Any) -> bool:
    """Whether an index is made of numbers, parameters and the like."""
    leaves: list[Any] = []
    index.visit(leaves.append)
    return all(_is_constant_leaf(leaf) for leaf in leaves)


def _is_constant_leaf(leaf: Any) -> bool:
    if leaf.kind.name == "Call":
        return bool(leaf.isSystemCall)
    symbol = leaf.getSymbolReference() if leaf.kind.name in _NAMES else None
    return symbol is None or symbol.kind.name in ("Parameter", "Genvar", "EnumValue")


_RULES: dict[str, Callable[[Any], str]] = {
    "$fgets": _by_fgets,
    "$fread": _by_fread,
    **dict.fromkeys(("$sformat", "$swrite", "$value$plusargs"), _by_sformat),
}

"""Places that a simulator does not let `$fscanf` or `$fgets` write to, though they are Verilog.

Icarus Verilog 11 says "is not assignable" or "must be a reg" as the simulation starts, and ends it; Verilator
5.48 takes no concatenation.
"""

from __future__ import annotations

from typing import Any

from tilewright.verilog.simulators import ICARUS, Simulator

CONCATENATION = "a concatenation"
STRING = "a string"
"""Of `$fgets`: later versions of Icarus take it."""

_SELECTS = ("ElementSelect", "RangeSelect")


def refused_place(place: Any, call: str, simulator: Simulator) -> str:
    """What `simulator` does not take as a place for the system call `call`; "" if it takes `place`."""
    if place.kind.name == "Concatenation":
        return CONCATENATION
    if simulator is not ICARUS:
        return ""
    return _by_fgets(place) if call == "$fgets" else _by_fscanf(place)


def _by_fgets(place: Any) -> str:
    if place.kind.name in _SELECTS:
        return "a part of a variable"
    return STRING if place.type.isString else ""


def _by_fscanf(place: Any) -> str:
    """Of several indices all but that of an array's word, or of a bit, must be constants."""
    selects = list(_chain(place))
    if not selects:
        return ""
    *outer, last = selects[::-1]  # from the variable on
    words = [one for one in selects if one.value.type.isUnpackedArray]
    if words and len(words) < len(selects):
        return "a part of an array's word"
    if not all(_is_fixed(one) for one in outer) or (words and any(map(_is_named, outer))):
        return "a place with an index before the last one that is no literal number"
    if last.kind.name == "ElementSelect" and not _is_fixed(last) and not _is_word_or_bit(last):
        return "a part of a variable with a variable index"
    return ""


def _chain(place: Any) -> list[Any]:
    """The selects of a place, the last one first."""
    found = []
    while place.kind.name in _SELECTS:
        found.append(place)
        place = place.value
    return found


def _is_word_or_bit(select: Any) -> bool:
    return bool(select.value.type.isUnpackedArray or select.type.bitWidth == 1)


def _index(select: Any) -> Any:
    index = select.selector if select.kind.name == "ElementSelect" else select.left
    while index.kind.name == "Conversion":
        index = index.operand
    return index


def _is_named(select: Any) -> bool:
    """A parameter is a constant, but not to Icarus where an array has several indices."""
    return _index(select).getSymbolReference() is not None


def _is_fixed(select: Any) -> bool:
    index = _index(select)
    symbol = index.getSymbolReference()
    if symbol is not None:
        return symbol.kind.name in ("Parameter", "Genvar", "EnumValue")
    return index.kind.name in ("IntegerLiteral", "UnbasedUnsizedIntegerLiteral")

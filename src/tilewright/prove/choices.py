"""Cells that choose, and those that move bits."""

from __future__ import annotations

from collections.abc import Sequence

from tilewright.prove.everywhere import either
from tilewright.prove.logic import both, truth
from tilewright.prove.operation import Operation
from tilewright.prove.words import Unknown, Value, Word, Words

_SHIFT_BITS = 6
"""Bits of a shift's amount that may depend on data."""


def choose(words: Words, select: Value, yes: Value, no: Value, width: int) -> Value:
    """`yes` where the bit `select` is 1, else `no`."""
    if isinstance(select, int):
        return yes if select else no
    if select.unknown is not None:
        return no if yes == no and _is_known(no) else words.unknown(select.unknown, width)
    yes, no = words.freed(yes), words.freed(no)
    for value in (yes, no):
        if not _is_known(value):
            return words.unknown(value.unknown, width)  # type: ignore[union-attr, arg-type]
    guard = words.number(select, 1, is_signed=False)
    return words.of(
        either(words.algebra, guard, words.nearest(yes, width), words.nearest(no, width)), width
    )


def _is_known(value: Value) -> bool:
    return isinstance(value, int) or value.unknown is None


def mux(words: Words, cell: Operation, values: Sequence[Value]) -> Value:
    """B where S, else A."""
    a, b, select = values
    return choose(words, select, b, a, cell.width)


def parallel_mux(words: Words, cell: Operation, values: Sequence[Value]) -> Value:
    """The part of B whose bit in S is 1, else A; two bits at a time are not allowed."""
    chosen, b, selects = values
    width = cell.width
    if isinstance(selects, int) and selects & (selects - 1) == 0:
        at = (selects.bit_length() - 1) * width
        return words.slice(b, at, width) if selects else chosen
    bits = words.bits(selects, cell.widths[2])
    for at, one in enumerate(bits):
        for other in bits[at + 1 :]:
            at_once = both(words, truth(words, one, 1), truth(words, other, 1))
            if isinstance(at_once, Unknown):
                return words.unknown(at_once, width)
            if at_once is not words.algebra.zero:
                why = f"{cell.name} may choose two at a time"
                return words.unknown(Unknown(why, is_x=False), width)
    for at, select in enumerate(bits):
        chosen = choose(words, select, words.slice(b, at * width, width), chosen, width)
    return chosen


def shift(words: Words, cell: Operation, values: Sequence[Value]) -> Value:
    """A moved by B bits, to the left or to the right."""
    a, amount = values
    width = max(cell.widths[0], cell.width)
    if cell.kind in ("$shl", "$sshl"):
        width = cell.width
    is_signed = cell.is_a_signed
    a = words.extend(a, cell.widths[0], width, is_signed=is_signed)
    if isinstance(amount, int):
        return words.slice(_moved(words, cell, a, width, amount), 0, cell.width)
    if cell.widths[1] > _SHIFT_BITS or (cell.kind in ("$shift", "$shiftx")):
        why = f"the amount of shift {cell.name} depends on data"
        return words.unknown(Unknown(why, is_x=False), cell.width)
    for at, bit in enumerate(words.bits(amount, cell.widths[1])):
        a = choose(words, bit, _moved(words, cell, a, width, 1 << at), a, width)
    return words.slice(a, 0, cell.width)


def _moved(words: Words, cell: Operation, a: Value, width: int, amount: int) -> Value:
    if cell.kind in ("$shift", "$shiftx"):
        bits = cell.widths[1]
        by = amount - (1 << bits) if cell.is_b_signed and amount >> (bits - 1) else amount
        return _window(words, cell, a, width, by)
    if cell.kind in ("$shl", "$sshl"):
        by = min(amount, width)
        if isinstance(a, Word) and a.unknown is None and amount < width:
            return words.of(words.algebra.scale(words.representative(a), 1 << by), width)
        return words.concatenate([(0, by), (words.slice(a, 0, width - by), width - by)])
    by = min(amount, width)
    rest = words.slice(a, by, width - by)
    if cell.kind == "$sshr" and cell.is_a_signed:
        if by == width:
            rest, by = words.slice(a, width - 1, 1), width - 1
        return words.extend(rest, width - by, width, is_signed=True)
    return words.extend(rest, width - by, width, is_signed=False)


def _window(words: Words, cell: Operation, a: Value, width: int, by: int) -> Value:
    """Bits by, by + 1, ... of A; those outside it are 0, or unknown ($shiftx)."""
    outside: Value = 0
    if cell.kind == "$shiftx":
        outside = words.unknown(Unknown(f"{cell.name} reads outside its word", is_x=True), 1)
    inside = cell.widths[0] if cell.kind == "$shiftx" else width
    bits = [
        (words.slice(a, at, 1) if 0 <= at < inside else outside, 1)
        for at in range(by, by + cell.width)
    ]
    return words.extend(words.concatenate(bits), cell.width, width, is_signed=False)

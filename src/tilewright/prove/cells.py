"""What each cell of a netlist makes of its inputs: one rule a kind of cell, exact on unknown words.

A rule gets no input with unknown bits unless its kind is in `TOLERANT`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence

from tilewright.prove.choices import mux, parallel_mux, shift
from tilewright.prove.logic import bitwise, logic, reduce
from tilewright.prove.operation import Operation
from tilewright.prove.polynomials import Poly, TooManyCasesError
from tilewright.prove.words import Unknown, Value, Word, Words

Rule = Callable[[Words, Operation, Sequence[Value]], Value]


def _operands(words: Words, cell: Operation, values: Sequence[Value]) -> list[Poly]:
    """Inputs as numbers; only their lowest bits count where the output is no wider."""
    found = []
    for value, width in zip(values, cell.widths, strict=True):
        if cell.width <= width:
            found.append(words.representative(value))
        else:
            found.append(words.number(value, width, is_signed=cell.is_signed))
    return found


def add(words: Words, cell: Operation, values: Sequence[Value]) -> Value:
    """A + B."""
    a, b = _operands(words, cell, values)
    return words.of(words.algebra.add(a, b), cell.width)


def subtract(words: Words, cell: Operation, values: Sequence[Value]) -> Value:
    """A - B."""
    a, b = _operands(words, cell, values)
    return words.of(words.algebra.subtract(a, b), cell.width)


def multiply(words: Words, cell: Operation, values: Sequence[Value]) -> Value:
    """A * B."""
    a, b = _operands(words, cell, values)
    return words.of(words.algebra.multiply(a, b), cell.width)


def negate(words: Words, cell: Operation, values: Sequence[Value]) -> Value:
    """- A."""
    (a,) = _operands(words, cell, values)
    return words.of(words.algebra.scale(a, -1), cell.width)


def same(words: Words, cell: Operation, values: Sequence[Value]) -> Value:
    """A, cut or extended."""
    return words.extend(values[0], cell.widths[0], cell.width, is_signed=cell.is_signed)


_CUTS: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "$lt": ((0,), (1, 0)),
    "$le": ((1,), (1, 0)),
    "$gt": ((1,), (0, 1)),
    "$ge": ((0,), (0, 1)),
    "$eq": ((0, 1), (0, 1, 0)),
    "$eqx": ((0, 1), (0, 1, 0)),
    "$ne": ((0, 1), (1, 0, 1)),
    "$nex": ((0, 1), (1, 0, 1)),
}
"""Where A - B changes what a comparison says, and what it says between."""


def compare(words: Words, cell: Operation, values: Sequence[Value]) -> Value:
    """A against B, by the sign of their difference."""
    if values[0] == values[1] and cell.widths[0] == cell.widths[1]:
        cuts, says = _CUTS[cell.kind]
        return says[sum(cut <= 0 for cut in cuts)]
    a, b = (
        words.number(value, width, is_signed=cell.is_signed)
        for value, width in zip(values, cell.widths, strict=True)
    )
    cuts, says = _CUTS[cell.kind]
    return words.of(words.algebra.compare(words.algebra.subtract(a, b), cuts, says), cell.width)


def _truncated(a: int, b: int) -> int:
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


_QUOTIENTS: dict[str, Callable[[int, int], int]] = {
    "$div": _truncated,
    "$mod": lambda a, b: a - b * _truncated(a, b),
    "$divfloor": operator.floordiv,
    "$modfloor": operator.mod,
}


def divide(words: Words, cell: Operation, values: Sequence[Value]) -> Value:
    """A divided by B, or what is left, of known numbers."""
    a, b = (
        words.number(value, width, is_signed=cell.is_signed).value
        for value, width in zip(values, cell.widths, strict=True)
    )
    if a is None or not b:
        why = f"{cell.kind} {cell.name} of numbers that depend on data, or by 0"
        return words.unknown(Unknown(why, is_x=False), cell.width)
    return _QUOTIENTS[cell.kind](a, b) & ((1 << cell.width) - 1)


def power(words: Words, cell: Operation, values: Sequence[Value]) -> Value:
    """A to the power of B, of known numbers, each with a sign of its own."""
    signs = (cell.is_a_signed, cell.is_b_signed)
    a, b = (
        words.number(value, width, is_signed=sign).value
        for value, width, sign in zip(values, cell.widths, signs, strict=True)
    )
    if a is None or b is None or (a == 0 and b < 0):
        why = f"{cell.kind} {cell.name} of numbers that depend on data, or of 0 and less than 0"
        return words.unknown(Unknown(why, is_x=False), cell.width)
    if b < 0:  # a fraction of 1, rounded towards 0, unless A is 1 or -1
        a, b = (a, -b) if abs(a) == 1 else (0, 1)
    return pow(a, b, 1 << cell.width)


RULES: dict[str, Rule] = {
    "$add": add,
    "$sub": subtract,
    "$mul": multiply,
    "$neg": negate,
    "$pos": same,
    "$buf": same,
    "$mux": mux,
    "$pmux": parallel_mux,
    **dict.fromkeys(_CUTS, compare),
    **dict.fromkeys(("$logic_not", "$logic_and", "$logic_or"), logic),
    **dict.fromkeys(("$reduce_or", "$reduce_bool", "$reduce_and"), reduce),
    **dict.fromkeys(("$reduce_xor", "$reduce_xnor"), reduce),
    **dict.fromkeys(("$not", "$and", "$or", "$xor", "$xnor"), bitwise),
    **dict.fromkeys(("$shl", "$sshl", "$shr", "$sshr", "$shift", "$shiftx"), shift),
    **dict.fromkeys(_QUOTIENTS, divide),
    "$pow": power,
}
"""By yosys's name of the cell."""
_CASES = 10
"""More that may be made for each cell that is applied, now or later."""
TOLERANT = frozenset(
    {
        *("$mux", "$pmux", "$logic_not", "$logic_and", "$logic_or", "$not", "$and", "$or", "$xor"),
        *("$xnor", "$reduce_or", "$reduce_bool", "$reduce_and", "$reduce_xor", "$reduce_xnor"),
        *("$pos", "$buf"),
    }
)
"""Kinds whose rules look at unknown bits themselves."""


def apply(words: Words, cell: Operation, values: Sequence[Value]) -> Value:
    """The output of a cell."""
    algebra, before = words.algebra, words.algebra.spent
    words.left += _CASES
    algebra.most = before + words.left
    try:
        return _applied(words, cell, values)
    except TooManyCasesError:
        why = f"{cell.name or cell.kind} hangs on data in too many cases"
        return words.unknown(Unknown(why, is_x=False), cell.width)
    finally:
        algebra.most = None
        words.left -= algebra.spent - before


def _applied(words: Words, cell: Operation, values: Sequence[Value]) -> Value:
    if cell.kind not in TOLERANT:
        for value in values:
            if isinstance(value, Word) and value.unknown is not None:
                return words.unknown(value.unknown, cell.width)
    return RULES[cell.kind](words, cell, values)

"""What yosys's cells do with known numbers, from their description alone: nothing here knows the prover."""

from __future__ import annotations

from fractions import Fraction
from math import floor, trunc


def signed(pattern, width):
    return pattern - (1 << width) if width and pattern >> (width - 1) else pattern


def extended(pattern, width, to, is_signed):
    return (signed(pattern, width) if is_signed else pattern) & ((1 << to) - 1)


def output(cell, *patterns):
    """The output pattern of a cell, for input patterns."""
    mask = (1 << cell.width) - 1
    numbers = [
        signed(p, w) if cell.is_signed else p for p, w in zip(patterns, cell.widths, strict=True)
    ]
    wide = [
        extended(p, w, cell.width, cell.is_signed)
        for p, w in zip(patterns, cell.widths, strict=True)
    ]
    a, b = patterns[0], patterns[1] if len(patterns) > 1 else 0
    table = {
        "$add": lambda: numbers[0] + numbers[1],
        "$sub": lambda: numbers[0] - numbers[1],
        "$mul": lambda: numbers[0] * numbers[1],
        "$neg": lambda: -numbers[0],
        "$pos": lambda: numbers[0],
        "$lt": lambda: numbers[0] < numbers[1],
        "$le": lambda: numbers[0] <= numbers[1],
        "$gt": lambda: numbers[0] > numbers[1],
        "$ge": lambda: numbers[0] >= numbers[1],
        "$eq": lambda: numbers[0] == numbers[1],
        "$ne": lambda: numbers[0] != numbers[1],
        "$not": lambda: ~wide[0],
        "$and": lambda: wide[0] & wide[1],
        "$or": lambda: wide[0] | wide[1],
        "$xor": lambda: wide[0] ^ wide[1],
        "$xnor": lambda: ~(wide[0] ^ wide[1]),
        "$logic_not": lambda: not a,
        "$logic_and": lambda: a and b,
        "$logic_or": lambda: a or b,
        "$reduce_or": lambda: bool(a),
        "$reduce_bool": lambda: bool(a),
        "$reduce_and": lambda: a == (1 << cell.widths[0]) - 1,
        "$reduce_xor": lambda: a.bit_count() & 1,
        "$reduce_xnor": lambda: ~a.bit_count() & 1,
        "$mux": lambda: b if patterns[2] else a,
        "$pmux": lambda: _parallel(cell, *patterns),
        **dict.fromkeys(
            ("$shl", "$sshl"), lambda: extended(a, cell.widths[0], 99, cell.is_a_signed) << b
        ),
        "$shr": lambda: (
            extended(a, cell.widths[0], max(cell.widths[0], cell.width), cell.is_a_signed) >> b
        ),
        "$sshr": lambda: (signed(a, cell.widths[0]) if cell.is_a_signed else a) >> b,
    }
    result = table[cell.kind]()
    if cell.kind.startswith(("$logic", "$reduce")) or cell.kind in (
        "$lt",
        "$le",
        "$gt",
        "$ge",
        "$eq",
        "$ne",
    ):
        return int(bool(result))
    return int(result) & mask


def of_numbers(cell, a, b):
    """The output pattern of a division or a power; None where there is no number."""
    if cell.kind == "$pow":
        a = signed(a, 3) if cell.is_a_signed else a
        b = signed(b, 3) if cell.is_b_signed else b
        if a == 0 and b < 0:
            return None
        exact = Fraction(a) ** b
        result = trunc(exact)
    else:
        a, b = (signed(n, 3) if cell.is_signed else n for n in (a, b))
        if b == 0:
            return None
        rounded = floor if cell.kind.endswith("floor") else trunc
        quotient = rounded(Fraction(a, b))
        result = quotient if cell.kind.startswith("$div") else a - b * quotient
    return result & ((1 << cell.width) - 1)


def _parallel(cell, a, b, selects):
    for at in range(cell.widths[2]):
        if selects >> at & 1:
            return b >> (at * cell.width) & ((1 << cell.width) - 1)
    return a

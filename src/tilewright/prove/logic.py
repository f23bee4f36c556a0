"""Cells of single bits: is it 0, not, and, or, and a word bit by bit."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tilewright.prove.everywhere import either
from tilewright.prove.operation import Operation
from tilewright.prove.polynomials import Poly
from tilewright.prove.words import Part, Unknown, Value, Word, Words


def truth(words: Words, value: Value, width: int) -> Poly | Unknown:
    """1 if any bit is 1, else 0; unknown if that hangs on unknown bits."""
    if isinstance(value, int):
        return words.algebra.number(int(value != 0))
    if value.unknown is not None:
        if any(isinstance(source, int) and source for source, _, _ in value.parts):
            return words.algebra.one
        return value.unknown
    number = words.number(value, width, is_signed=False)
    if number.high <= 1:
        return number
    return words.algebra.compare(number, (1,), (0, 1))


def _of_bit(words: Words, bit: Poly | Unknown, width: int) -> Value:
    if isinstance(bit, Unknown):
        return words.extend(words.unknown(bit, 1), 1, width, is_signed=False)
    return words.of(bit, width)


def both(words: Words, a: Poly | Unknown, b: Poly | Unknown) -> Poly | Unknown:
    """1 where both bits are 1."""
    zero = words.algebra.zero
    if a is zero or b is zero:
        return zero
    if isinstance(a, Unknown) or isinstance(b, Unknown):
        return a if isinstance(a, Unknown) else b
    return either(words.algebra, a, b, zero)


def _not(words: Words, a: Poly | Unknown) -> Poly | Unknown:
    return a if isinstance(a, Unknown) else words.algebra.subtract(words.algebra.one, a)


def _xor(words: Words, a: Poly | Unknown, b: Poly | Unknown) -> Poly | Unknown:
    if isinstance(a, Unknown) or isinstance(b, Unknown):
        return a if isinstance(a, Unknown) else b
    return either(words.algebra, a, words.algebra.subtract(words.algebra.one, b), b)


def logic(words: Words, cell: Operation, values: Sequence[Value]) -> Value:
    """Not, and, or of "is not 0"."""
    if cell.kind == "$logic_and" and any(value == 0 for value in values):
        return 0  # whatever the other one is
    bits = [truth(words, value, width) for value, width in zip(values, cell.widths, strict=True)]
    if cell.kind == "$logic_not":
        return _of_bit(words, _not(words, bits[0]), cell.width)
    if cell.kind == "$logic_and":
        return _of_bit(words, both(words, *bits), cell.width)
    neither = both(words, *(_not(words, bit) for bit in bits))
    return _of_bit(words, _not(words, neither), cell.width)


def reduce(words: Words, cell: Operation, values: Sequence[Value]) -> Value:
    """All bits of A in one."""
    width = cell.widths[0]
    if cell.kind in ("$reduce_or", "$reduce_bool"):
        return _of_bit(words, truth(words, values[0], width), cell.width)
    bits = [truth(words, bit, 1) for bit in words.bits(values[0], width)]
    total: Poly | Unknown = words.algebra.number(int(cell.kind in ("$reduce_and", "$reduce_xnor")))
    join = both if cell.kind == "$reduce_and" else _xor
    for bit in bits:
        total = join(words, total, bit)
    return _of_bit(words, total, cell.width)


def invert(words: Words, value: Value, width: int) -> Value:
    """Every bit the other way: the bits of p become those of -p - 1."""
    if isinstance(value, int):
        return ~value & ((1 << width) - 1)
    parts: list[Part] = []
    for source, low, bits in value.parts:
        if isinstance(source, Poly):
            algebra = words.algebra
            parts.append((algebra.subtract(algebra.scale(source, -1), algebra.one), low, bits))
        elif isinstance(source, int):
            parts.append((~source & ((1 << bits) - 1), 0, bits))
        else:
            parts.append((source, 0, bits))
    return words.join(parts)


def bitwise(words: Words, cell: Operation, values: Sequence[Value]) -> Value:
    """Bit by bit; a word and a bit that is repeated, as one choice."""
    a, *others = (
        words.extend(value, width, cell.width, is_signed=cell.is_signed)
        for value, width in zip(values, cell.widths, strict=True)
    )
    if cell.kind == "$not":
        return invert(words, a, cell.width)
    b = others[0]
    if cell.kind == "$or":  # not (not a and not b)
        inverse = _and_words(
            words, invert(words, a, cell.width), invert(words, b, cell.width), cell.width
        )
        return invert(words, inverse, cell.width)
    if cell.kind == "$and":
        return _and_words(words, a, b, cell.width)
    flipped = _xor_words(words, a, b, cell.width)
    return invert(words, flipped, cell.width) if cell.kind == "$xnor" else flipped


def _repeated(words: Words, value: Value) -> Poly | None:
    """The bit that all bits of a word are, if they are one that depends on data."""
    if isinstance(value, int) or value.unknown is not None:
        return None
    bit = words.slice(value, 0, 1)
    if isinstance(bit, int) or any(one is not bit for one in words.bits(value, value.width)):
        return None
    return words.number(bit, 1, is_signed=False)


def _and_words(words: Words, a: Value, b: Value, width: int) -> Value:
    for one, other in ((a, b), (b, a)):
        bit = _repeated(words, one)
        if bit is not None and isinstance(other, Word) and other.unknown is None:
            chosen = either(words.algebra, bit, words.representative(other), words.algebra.zero)
            return words.of(chosen, width)
    return _bit_by_bit(words, a, b, width, both)


def _xor_words(words: Words, a: Value, b: Value, width: int) -> Value:
    for one, other in ((a, b), (b, a)):
        bit = _repeated(words, one)
        if bit is not None and isinstance(other, Word) and other.unknown is None:
            flipped = words.representative(invert(words, other, width))
            return words.of(either(words.algebra, bit, flipped, words.representative(other)), width)
    return _bit_by_bit(words, a, b, width, _xor)


def _bit_by_bit(
    words: Words,
    a: Value,
    b: Value,
    width: int,
    join: Callable[[Words, Poly | Unknown, Poly | Unknown], Poly | Unknown],
) -> Value:
    """A bit at a time; bits beside known ones stay what they are, so that a word stays whole."""
    is_and = join is both
    out: list[tuple[Value, int]] = []
    for one, two in zip(words.bits(a, width), words.bits(b, width), strict=True):
        if isinstance(two, int):
            one, two = two, one
        if isinstance(one, int):
            kept = (two if one else 0) if is_and else (invert(words, two, 1) if one else two)
            out.append((kept, 1))
            continue
        bit = join(words, truth(words, one, 1), truth(words, two, 1))
        out.append((_of_bit(words, bit, 1), 1))
    return words.concatenate(out)

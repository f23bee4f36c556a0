"""Words of a circuit: bits that are known, bits of polynomials, bits of which nothing is known.

A word of known bits is an int, the pattern. Any other word is a `Word`: parts from the lowest bit up, each
some bits of the two's complement of a polynomial, known bits, or unknown ones. Words are interned too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tilewright.prove.algebra import Algebra
from tilewright.prove.everywhere import plainest
from tilewright.prove.polynomials import Poly


@dataclass(frozen=True, slots=True, eq=False)
class Unknown:
    """Why bits are not known.

    is_x: they are the simulator's x (never written); else a limit of this prover. is_free: the source says
    x, so they may be anything. Two bits of the same reason are not the same bit.
    """

    reason: str
    is_x: bool
    is_free: bool = False


Part = tuple[Poly | int | Unknown, int, int]
"""A source, the first bit of it (0 unless it is a polynomial), and how many bits."""


class Word:
    """Bits that are not all known; made by `Words`.

    simple: a polynomial whose lowest bits they are, if it was asked for or is plain to see.
    """

    __slots__ = ("parts", "simple", "unknown", "width")

    def __init__(self, parts: tuple[Part, ...]) -> None:
        self.parts = parts
        self.unknown: Unknown | None = None
        self.simple: Poly | None = None
        self.width = 0
        if len(parts) == 1:
            ((source, low, self.width),) = parts
            if isinstance(source, Unknown):
                self.unknown = source
            elif low == 0 and isinstance(source, Poly):
                self.simple = source
            return
        for source, _, width in parts:
            self.width += width
            if self.unknown is None and isinstance(source, Unknown):
                self.unknown = source


Value = int | Word


class Words:
    """All words of one proof."""

    def __init__(self, algebra: Algebra, *, most_cases: int = 1000) -> None:
        self.algebra = algebra
        self._words: dict[tuple[int, ...], Word] = {}
        self._slices: dict[tuple[Word, int, int], Value] = {}
        self._numbers: dict[tuple[Word, bool], Poly] = {}
        self._polys: dict[tuple[int, int], Value] = {}
        self.left = most_cases
        """Cases that cells may make before what they make is given up."""
        self.free: set[int] = set()
        self.standing: set[int] = set()
        """Variables that stand for an x of the source, and those that stand for a sum (`CutPoints`)."""

    # -- making them ------------------------------------------------------------------------------

    def named(self, value: Value) -> Value:
        """The same bits, of a named sum where it is a long one (`Algebra.named`)."""
        if isinstance(value, int) or value.simple is None:
            return value
        named = self.algebra.named(value.simple)
        return value if named is value.simple else self.of(named, value.width)

    def unknown(self, why: Unknown, width: int) -> Word:
        """A word of unknown bits."""
        return self._intern(((why, 0, width),))

    def freed(self, value: Value) -> Value:
        """The same with new variables where the source says x: what holds for all of them holds."""
        if isinstance(value, int) or value.unknown is None or not value.unknown.is_free:
            return value
        parts: list[tuple[Value, int]] = []
        for source, low, width in value.parts:
            if isinstance(source, Unknown) and source.is_free:
                self.free.add(len(self.algebra.variables))
                name = f"x of the source ({len(self.free)})"
                fresh = self.algebra.word(name, width, is_signed=False)
                parts.append((self.of(fresh, width), width))
            else:
                parts.append((self.join([(source, low, width)]), width))
        return self.concatenate(parts)

    def of(self, p: Poly, width: int) -> Value:
        """The lowest bits of a polynomial."""
        key = (p.serial, width)
        found = self._polys.get(key)
        if found is None:
            plain = plainest(self.algebra, p, width)
            found = self._polys[key] = self._of_part(self._part(plain, 0, width))
        return found

    def _of_part(self, part: Part) -> Value:
        return part[0] if isinstance(part[0], int) else self._intern((part,))

    def _part(self, p: Poly, low: int, width: int) -> Part:
        """Bits of p in the simplest form: only p modulo ``2**(low + width)`` counts."""
        if p.sign_bit > low + width:
            p = self._reduced(p, low + width)
        if 0 < low < p.sign_bit:
            p, low = self._shifted(p, low)
        if p.value is not None:
            return ((p.value >> low) & ((1 << width) - 1), 0, width)
        if low >= p.sign_bit and p.low >= 0:
            return (0, 0, width)
        if low >= p.sign_bit and p.high < 0:
            return ((1 << width) - 1, 0, width)
        return (p, min(low, p.sign_bit), width)

    def _reduced(self, p: Poly, bits: int) -> Poly:
        terms = self.algebra.modulo(p, bits)
        return p if len(terms) == len(p.terms) and terms == p.terms else self.algebra.make(terms)

    def _shifted(self, p: Poly, low: int) -> tuple[Poly, int]:
        """The same bits nearer to bit 0, if that asks for no new variable."""
        floor = self.algebra.floor(p, low)
        known = {index for monomial in p.terms for index in monomial}
        is_simple = all(index in known for index, _ in self.algebra.meanings(floor))
        return (floor, 0) if is_simple else (p, low)

    def _intern(self, parts: tuple[Part, ...]) -> Word:
        if len(parts) == 1:
            source, low, width = parts[0]
            key: tuple[int, ...] = (_identity(source), low, width)
        else:
            key = tuple(
                number for source, low, width in parts for number in (_identity(source), low, width)
            )
        word = self._words.get(key)
        if word is None:
            word = self._words[key] = Word(parts)
        return word

    def join(self, parts: Iterable[Part]) -> Value:
        """One part after the other, the lowest first; parts that go on from the one before grow it."""
        joined: list[Part] = []
        has_grown = False
        for part in parts:
            if part[2] <= 0:
                continue
            longer = _continued(joined[-1], part) if joined else None
            if longer is None:
                if has_grown:
                    joined[-1] = self._whole(joined[-1])
                joined.append(part)
                has_grown = False
            else:
                joined[-1] = longer
                has_grown = True
        if not joined:
            return 0
        if has_grown:
            joined[-1] = self._whole(joined[-1])
        if len(joined) == 1 and isinstance(joined[0][0], int):
            return joined[0][0]
        return self._intern(tuple(joined))

    def _whole(self, part: Part) -> Part:
        source, low, width = part
        return self._part(source, low, width) if isinstance(source, Poly) else part

    def concatenate(self, values: Sequence[tuple[Value, int]]) -> Value:
        """Values with their widths, the lowest first."""
        parts: list[Part] = []
        for value, width in values:
            if isinstance(value, int):
                parts.append((value, 0, width))
            else:
                parts.extend(value.parts)
        return self.join(parts)

    def slice(self, value: Value, low: int, width: int) -> Value:
        """Bits low, low + 1, ... of a value."""
        if isinstance(value, int):
            return (value >> low) & ((1 << width) - 1)
        if low == 0 and width == value.width:
            return value
        key = (value, low, width)
        found = self._slices.get(key)
        if found is None:
            ((source, first, _), *more) = value.parts
            if not more and isinstance(source, Poly):
                found = self._of_part(self._part(source, first + low, width))
            else:
                found = self.join(self._cut(value, low, width))
            self._slices[key] = found
        return found

    def _cut(self, word: Word, low: int, width: int) -> Iterable[Part]:
        at = 0
        for source, first, bits in word.parts:
            start, end = max(low, at), min(low + width, at + bits)
            if start < end:
                if isinstance(source, Poly):
                    yield self._part(source, first + start - at, end - start)
                elif isinstance(source, int):
                    yield ((source >> (start - at)) & ((1 << (end - start)) - 1), 0, end - start)
                else:
                    yield (source, 0, end - start)
            at += bits

    def extend(self, value: Value, width: int, to: int, *, is_signed: bool) -> Value:
        """A value of `width` bits as one of `to` bits: cut, or with zeros or its highest bit above."""
        if to <= width:
            return self.slice(value, 0, to)
        if isinstance(value, int):
            is_negative = is_signed and width > 0 and value >> (width - 1)
            return value | (((1 << (to - width)) - 1) << width) if is_negative else value
        if not is_signed:
            return self.join([*value.parts, (0, 0, to - width)])
        source, low, bits = value.parts[0]
        if bits == width and isinstance(source, Poly) and low == 0 and source.sign_bit < width:
            return self.of(source, to)  # it fits: the bits above are its sign already
        sign = self.slice(value, width - 1, 1)
        return self.concatenate([(value, width), *[(sign, 1)] * (to - width)])

    # -- reading them -------------------------------------------------------------------------------

    def number(self, value: Value, width: int, *, is_signed: bool) -> Poly:
        """The number that a value without unknown bits is, exactly."""
        if isinstance(value, int):
            is_negative = is_signed and width > 0 and value >> (width - 1)
            return self.algebra.number(value - (1 << width) if is_negative else value)
        key = (value, is_signed)
        found = self._numbers.get(key)
        if found is None:
            found = self._numbers[key] = self._number(value, is_signed=is_signed)
        return found

    def _number(self, word: Word, *, is_signed: bool) -> Poly:
        algebra, total, at = self.algebra, self.algebra.zero, 0
        if is_signed and word.parts[-1][2] == 1 and word.width > 1:
            below = self.slice(word, 0, word.width - 1)
            if self.slice(word, word.width - 2, 1) == self.slice(word, word.width - 1, 1):
                return self.number(below, word.width - 1, is_signed=True)  # a repeated sign
        for index, (source, low, width) in enumerate(word.parts):
            is_top = is_signed and index == len(word.parts) - 1
            part = self._part_number(source, low, width, is_signed=is_top)
            total = algebra.add(total, part, 1 << at)
            at += width
        ends = (-(1 << (at - 1)), (1 << (at - 1)) - 1) if is_signed else (0, (1 << at) - 1)
        return algebra.make(total.terms, *ends)

    def _part_number(self, source: object, low: int, width: int, *, is_signed: bool) -> Poly:
        algebra = self.algebra
        if isinstance(source, int):
            return self.number(source, width, is_signed=is_signed)
        if not isinstance(source, Poly):
            raise AssertionError("unknown bits are no number")
        floor, block = algebra.floor(source, low), 1 << width
        if is_signed:
            half = block >> 1
            above = algebra.floor(algebra.add(floor, algebra.number(half)), width)
            value = algebra.add(floor, above, -block)
            return algebra.make(value.terms, -half, half - 1)
        value = algebra.add(floor, algebra.floor(source, low + width), -block)
        return algebra.make(value.terms, 0, block - 1)

    def representative(self, value: Value) -> Poly:
        """A polynomial whose lowest bits are the value's, as simple as can be."""
        if isinstance(value, int):
            return self.algebra.number(value)
        if value.simple is None:
            value.simple = self._simplest(value)
        return value.simple

    def _simplest(self, value: Word) -> Poly:
        algebra, total, at = self.algebra, self.algebra.zero, 0
        if len(value.parts) == 1 and isinstance(value.parts[0][0], Poly):
            return algebra.floor(value.parts[0][0], value.parts[0][1])
        for index, (source, low, width) in enumerate(value.parts):
            if isinstance(source, Poly) and index == len(value.parts) - 1:
                part = algebra.floor(source, low)
            else:
                part = self._part_number(source, low, width, is_signed=False)
            total = algebra.add(total, part, 1 << at)
            at += width
        return total

    def nearest(self, value: Value, width: int) -> Poly:
        """A polynomial whose lowest bits are the value's, signed if that is as simple."""
        simple, half = self.representative(value), 1 << (width - 1)
        if -half <= simple.low and simple.high < half:
            return simple
        signed = self.number(value, width, is_signed=True)
        known = {index for monomial in simple.terms for index in monomial}
        is_simple = all(index in known for index, _ in self.algebra.meanings(signed))
        is_unsigned = simple.low >= 0 and simple.high < 2 * half
        return simple if is_unsigned and not is_simple else signed

    def bits(self, value: Value, width: int) -> list[Value]:
        """The bits of a value, the lowest first."""
        return [self.slice(value, at, 1) for at in range(width)]

    def evaluate(self, value: Value, inputs: dict[int, int], known: dict[int, int]) -> int:
        """The pattern for these inputs; an unknown bit is 0."""
        if isinstance(value, int):
            return value
        total = at = 0
        for source, low, width in value.parts:
            if isinstance(source, Poly):
                number = self.algebra.evaluate(source, inputs, known) >> low
            else:
                number = source if isinstance(source, int) else 0
            total |= (number & ((1 << width) - 1)) << at
            at += width
        return total


def _identity(source: Poly | int | Unknown) -> int:
    """A number for interning: known bits by value, polynomials by serial, unknown ones by object."""
    if isinstance(source, Poly):
        return 3 * source.serial
    return 3 * source + 1 if isinstance(source, int) else 3 * id(source) + 2


def _continued(one: Part, two: Part) -> Part | None:
    """Both parts as one, if the second one's bits go on where the first one's end."""
    source, low, width = one
    other, first, more = two
    if isinstance(source, int) and isinstance(other, int):
        return (source | other << width, 0, width + more)
    if source is not other:
        return None
    if isinstance(source, Poly):
        is_sign = first >= source.sign_bit and low + width >= source.sign_bit
        return (source, low, width + more) if first == low + width or is_sign else None
    return (source, 0, width + more) if isinstance(source, Unknown) else None

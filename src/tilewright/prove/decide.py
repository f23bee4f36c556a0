"""Is a polynomial 0 for all inputs, modulo a power of two; and if not, for which input is it not?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise, product

from tilewright.prove.algebra import Algebra
from tilewright.prove.polynomials import Cases, Floor, Poly
from tilewright.prove.search import Path, Point, Search, inputs_of

_MOST_LEAVES = 4096
"""Cases that are looked into before a polynomial is given up."""
_MOST_POINTS = 1 << 16
"""Inputs that are gone through one by one where nothing else decides."""
_MOST_FAILED = 32
"""Cases kept in which it is not 0, to look for an input there."""


@dataclass(slots=True)
class Decision:
    """What was found: equal for all inputs, an input that tells them apart, or neither."""

    is_zero: bool
    point: Point | None = None


@dataclass(slots=True)
class Decider:
    """Decides about the polynomials of one algebra; the same question is not asked twice."""

    algebra: Algebra
    _leaves: int = 0
    _path: Path = field(default_factory=list)
    _failed: list[Path] = field(default_factory=list)
    _known: dict[tuple[int, int], Decision] = field(default_factory=dict)

    def decide(self, p: Poly, bits: int) -> Decision:
        """Whether p is a multiple of ``2**bits`` for all inputs."""
        key = (p.serial, bits)
        if key not in self._known:
            self._known[key] = self._decide(p, bits)
        return self._known[key]

    def _decide(self, p: Poly, bits: int) -> Decision:
        if not self.algebra.modulo(p, bits):
            return Decision(is_zero=True)
        self._leaves = 0
        self._failed = []
        if self._is_zero_in_all_cases(p, bits):
            return Decision(is_zero=True)
        self._leaves = 0
        if self._is_zero_from_inside(p, bits):
            return Decision(is_zero=True)
        support = sorted(inputs_of(self.algebra, p))
        point = Search(self.algebra, p, bits).find(support, self._failed)
        if point is not None:
            return Decision(is_zero=False, point=point)
        return self._tried_everywhere(p, bits, support)

    # -- equal ----------------------------------------------------------------------------------------

    def _is_zero_in_all_cases(self, p: Poly, bits: int) -> bool:
        reduced = self.algebra.modulo(p, bits)
        if not reduced:
            return True
        p = self.algebra.make(reduced)
        if p.value is not None and p.value % (1 << bits) == 0:
            return True
        self._leaves += 1
        if self._leaves > _MOST_LEAVES:
            return False
        bases = {m.base.serial: m.base for _, m in self.algebra.meanings(p) if isinstance(m, Cases)}
        if not bases:
            self._failed.append(list(self._path))
            return False
        base, is_zero = bases[max(bases)], True
        for low, high in self._intervals(p, base):
            self._path.append((base, low, high))
            restricted = self.algebra.restrict(p, base, low, high)
            is_zero &= self._is_zero_on(restricted, base, low, high, bits)
            self._path.pop()
            if len(self._failed) >= _MOST_FAILED:
                return False
        return is_zero

    def _is_zero_from_inside(self, p: Poly, bits: int) -> bool:
        """The same, the innermost cases first: what hangs on them changes with them."""
        reduced = self.algebra.modulo(p, bits)
        if not reduced:
            return True
        p = self.algebra.make(reduced)
        self._leaves += 1
        if self._leaves > _MOST_LEAVES:
            return False
        inner = [one for one in self._meant(p) if isinstance(one, Cases)]
        if not inner:
            return p.value is not None and p.value % (1 << bits) == 0
        base = min((one.base for one in inner), key=lambda one: one.serial)
        every = sorted({cut for one in inner if one.base is base for cut in one.cuts})
        cuts = [cut for cut in every if base.low < cut <= base.high]
        for low, end in pairwise([base.low, *cuts, base.high + 1]):
            within = self._within(p, base, (low, end - 1), {})
            if within is p or not self._is_zero_from_inside(within, bits):
                return False
        return True

    def _meant(self, p: Poly) -> list[Cases | Floor]:
        """What the variables of p mean, and those within them."""
        found: dict[int, Cases | Floor] = {}
        todo = [p]
        while todo:
            for index, meaning in self.algebra.meanings(todo.pop()):
                if index not in found:
                    found[index] = meaning
                    todo.append(meaning.base)
                    todo.extend(meaning.pieces if isinstance(meaning, Cases) else ())
        return list(found.values())

    def _within(self, p: Poly, base: Poly, ends: tuple[int, int], known: dict[int, Poly]) -> Poly:
        """What p is where `base` lies between the ends, wherever cases of it occur."""
        if p.serial in known:
            return known[p.serial]
        algebra = self.algebra
        chosen: dict[int, Poly] = {}
        for index, meaning in algebra.meanings(p):
            if isinstance(meaning, Floor):
                inner = self._within(meaning.base, base, ends, known)
                if inner is not meaning.base:
                    chosen[index] = algebra.floor(inner, meaning.shift)
                continue
            pieces = [self._within(piece, base, ends, known) for piece in meaning.pieces]
            if meaning.base is base:
                low, high = (sum(cut <= end for cut in meaning.cuts) for end in ends)
                if low == high:
                    chosen[index] = pieces[low]
                continue
            inner = self._within(meaning.base, base, ends, known)
            if inner is not meaning.base or pieces != list(meaning.pieces):
                chosen[index] = algebra.cases(inner, meaning.cuts, pieces)
        known[p.serial] = algebra.substitute(p, chosen) if chosen else p
        return known[p.serial]

    def _intervals(self, p: Poly, base: Poly) -> Iterator[tuple[int, int]]:
        cuts = sorted(self.algebra.cuts_within(p, base))
        inside = [cut for cut in cuts if base.low < cut <= base.high]
        for low, end in pairwise([base.low, *inside, base.high + 1]):
            yield low, end - 1

    def _is_zero_on(self, p: Poly, base: Poly, low: int, high: int, bits: int) -> bool:
        """The same where `base` lies in low..high; if that is one number, p may be a multiple of it."""
        if low == high and p.terms:
            first = next(iter(base.terms))
            factor = p.terms.get(first, 0) // base.terms[first]
            rest = self.algebra.add(p, base, -factor)
            p = self.algebra.add(rest, self.algebra.number(factor * low))
        return self._is_zero_in_all_cases(p, bits)

    def _tried_everywhere(self, p: Poly, bits: int, support: list[int]) -> Decision:
        """All inputs, one by one, if they are few enough."""
        ranges = [self.algebra.variables[index] for index in support]
        count = 1
        for one in ranges:
            count *= one.high - one.low + 1
            if count > _MOST_POINTS:
                return Decision(is_zero=False)
        for values in product(*(range(one.low, one.high + 1) for one in ranges)):
            point = dict(zip(support, values, strict=True))
            if self.algebra.evaluate(p, point) % (1 << bits):
                return Decision(is_zero=False, point=point)
        return Decision(is_zero=True)


def in_words(algebra: Algebra, p: Poly, most: int = 4) -> str:
    """A polynomial for people: its terms, the shortest first."""
    names = {
        index: variable.name or f"({meant(algebra, index)})"
        for index, variable in enumerate(algebra.variables)
        if any(index in monomial for monomial in p.terms)
    }
    terms = sorted(p.terms.items(), key=lambda term: (len(term[0]), term[0]))
    shown = [" * ".join([str(number), *(names[i] for i in m)]) for m, number in terms[:most]]
    more = len(terms) - most
    return " + ".join(shown or ["0"]) + (f" + {more} terms more" if more > 0 else "")


def explained(algebra: Algebra, difference: Poly, expected: Poly) -> str:
    """Which products are missing and which should not be there, if that is all; else nothing."""
    missing = [m for m, n in difference.terms.items() if n == -expected.terms.get(m, 0)]
    added = [m for m in difference.terms if m not in expected.terms]
    if len(missing) + len(added) < len(difference.terms) or not missing:
        return ""
    if any(algebra.variables[i].meaning is not None for m in difference.terms for i in m):
        return ""

    def named(monomials: list[tuple[int, ...]]) -> str:
        first = " * ".join(algebra.variables[index].name for index in min(monomials))
        return first if len(monomials) == 1 else f"{first} and {len(monomials) - 1} more"

    others = f"; in place of it comes {named(added)}" if added else ""
    return f"never arrives: {named(missing)}{others}"


def meant(algebra: Algebra, index: int) -> str:
    """What a variable that is no input stands for."""
    meaning = algebra.variables[index].meaning
    if meaning is None:
        return algebra.variables[index].name
    ends = f"a sum in {meaning.base.low}..{meaning.base.high}"
    if isinstance(meaning, Floor):
        return f"{ends} shifted right by {meaning.shift}" if meaning.shift else ends
    return f"cases of {ends}, from {', '.join(map(str, meaning.cuts))} on"


def complete(algebra: Algebra, point: Mapping[int, int]) -> Point:
    """The point with a number for every input: 0, or the nearest to it."""
    return {
        index: point.get(index, min(max(0, one.low), one.high))
        for index, one in enumerate(algebra.variables)
        if one.meaning is None
    }

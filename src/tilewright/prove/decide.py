"""Is a polynomial 0 for all inputs, modulo a power of two; and if not, for which input is it not?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from tilewright.prove.algebra import Algebra
from tilewright.prove.everywhere import INT_BITS, count, everywhere
from tilewright.prove.paths import Paths
from tilewright.prove.polynomials import Cases, Floor, Monomial, Poly
from tilewright.prove.search import Path, Point, Search

_MOST_LEAVES = 4096
"""Cases that are looked into before a polynomial is given up."""
_MOST_POINTS = 1 << 18
"""Inputs that are all gone through."""
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
        reduced = self.algebra.modulo(p, bits)
        if not reduced:
            return Decision(is_zero=True)
        support = sorted(self.algebra.inputs_of(p))
        if count(self.algebra, support) <= _MOST_POINTS:
            decision = self._tried_everywhere(p, bits, support)
        else:
            decision = self._apart(self.algebra.make(reduced), bits)
        if decision is not None:
            return decision
        self._leaves = 0
        self._failed = []
        if self._is_zero_in_all_cases(p, bits):
            return Decision(is_zero=True)
        if Paths(self.algebra, bits).are_zero(p):
            return Decision(is_zero=True)
        point = Search(self.algebra, p, bits).find(support, self._failed)
        return Decision(is_zero=False, point=point)

    # -- parts ----------------------------------------------------------------------------------------

    def _tried_everywhere(self, p: Poly, bits: int, support: list[int]) -> Decision | None:
        """All inputs, which are few."""
        values = everywhere(self.algebra, p, support)
        if values is None or bits >= INT_BITS:
            return None
        wrong = np.argwhere(values & ((1 << bits) - 1))
        if not len(wrong):
            return Decision(is_zero=True)
        lows = (self.algebra.variables[index].low for index in support)
        point = {i: low + int(at) for i, low, at in zip(support, lows, wrong[0], strict=False)}
        return Decision(is_zero=False, point=Search(self.algebra, p, bits).small(point))

    def _apart(self, p: Poly, bits: int) -> Decision | None:
        """The same of the sums that share no input, if there are several: each must be a number."""
        parts = self._parts(p)
        if len(parts) < 2:
            return None
        algebra = self.algebra
        rest = {i: min(max(0, v.low), v.high) for i, v in enumerate(algebra.variables)}
        decisions = [
            self.decide(algebra.subtract(part, algebra.number(algebra.evaluate(part, rest))), bits)
            for part in parts
        ]
        support = algebra.inputs_of(p)
        resting = {index: rest[index] for index in support}
        points = [resting, *(resting | one.point for one in decisions if one.point is not None)]
        for point in points:
            if algebra.evaluate(p, point) % (1 << bits):
                return Decision(is_zero=False, point=point)
        return Decision(is_zero=True) if all(one.is_zero for one in decisions) else None

    def _parts(self, p: Poly) -> list[Poly]:
        """Sums of terms of p, no two of which depend on one input; its constant is in none."""
        algebra = self.algebra
        groups: list[tuple[set[int], list[Monomial]]] = []
        for monomial, number in p.terms.items():
            if not monomial:
                continue
            found = algebra.inputs_of(algebra.make({monomial: number}))
            joined, members = set(found), [monomial]
            apart = []
            for other, others in groups:
                if other & found:
                    joined |= other
                    members += others
                else:
                    apart.append((other, others))
            groups = [*apart, (joined, members)]
        return [algebra.make({m: p.terms[m] for m in members}) for _, members in groups]

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

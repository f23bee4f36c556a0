"""Cases one within another, the innermost first: which can hold together, and what is left in each."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from tilewright.prove.algebra import Algebra
from tilewright.prove.polynomials import Cases, Floor, Monomial, Poly

_MOST_LEAVES = 4096
"""Ways through all cases that are looked into before a polynomial is given up."""
_MOST_TOGETHER = 3
"""What is known of so many sums together bounds another one."""


class Paths:
    """The ways through the cases of a polynomial, modulo ``2**bits``."""

    def __init__(self, algebra: Algebra, bits: int) -> None:
        self.algebra, self.bits = algebra, bits
        self._leaves = 0
        self._known: list[tuple[Poly, int, int]] = []

    def are_zero(self, p: Poly) -> bool:
        """Whether p is 0 on every way that inputs can go, so far as that is seen."""
        reduced = self.algebra.modulo(p, self.bits)
        if not reduced:
            return True
        p = self.algebra.make(reduced)
        self._leaves += 1
        if self._leaves > _MOST_LEAVES:
            return False
        inner = [one for one in self._meant(p) if isinstance(one, Cases)]
        if not inner:
            low, high = self._ends(p)
            return low > high or (low == high and low % (1 << self.bits) == 0)
        base = min((one.base for one in inner), key=lambda one: one.serial)
        lowest, highest = self._ends(base)
        if lowest > highest:  # no input goes here
            return True
        every = sorted({cut for one in inner if one.base is base for cut in one.cuts})
        cuts = [cut for cut in every if lowest < cut <= highest]
        for low, end in pairwise([lowest, *cuts, highest + 1]):
            within = self._within(p, base, (low, end - 1), {})
            if low == end - 1 and (solved := self._solved(base, low)) is not None:
                within = self._put(within, *solved, {})
            self._known.append((base, low, end - 1))
            is_zero = within is not p and self.are_zero(within)
            self._known.pop()
            if not is_zero:
                return False
        return True

    def _ends(self, p: Poly) -> tuple[int, int]:
        """Bounds of p where all that is known holds; the lower one is above the other if it never does."""
        low, high = self._least(p.terms), -self._least({m: -n for m, n in p.terms.items()})
        return max(low, p.low), min(high, p.high)

    def _least(self, terms: Mapping[Monomial, int], turns: int = _MOST_TOGETHER) -> int:
        """A number below which the sum of these terms never is, where all that is known holds."""
        least, _ = self.algebra.range_of(terms)
        for base, low, high in self._known if turns else ():
            first = next((m for m in base.terms if m in terms), None)
            if first is None or terms[first] % base.terms[first]:
                continue
            factor = terms[first] // base.terms[first]
            rest = {
                m: terms.get(m, 0) - factor * base.terms.get(m, 0) for m in {*terms, *base.terms}
            }
            rest = {m: number for m, number in rest.items() if number}
            if len(rest) < len(terms):
                end = low if factor > 0 else high
                least = max(least, factor * end + self._least(rest, turns - 1))
        return least

    def _solved(self, base: Poly, number: int) -> tuple[int, Poly] | None:
        """An input, and what it is where `base` is a number: if it stands in one term of it, and alone."""
        algebra = self.algebra
        for monomial, factor in base.terms.items():
            if len(monomial) != 1 or factor not in (1, -1):
                continue
            (index,) = monomial
            is_alone = sum(index in other for other in base.terms) == 1
            if is_alone and algebra.variables[index].meaning is None:
                rest = algebra.make({m: n for m, n in base.terms.items() if m != monomial})
                if index not in algebra.inputs_of(rest):
                    by = algebra.subtract(algebra.number(number), rest)
                    return index, algebra.scale(by, factor)
        return None

    def _put(self, p: Poly, index: int, by: Poly, known: dict[int, Poly]) -> Poly:
        """p with an input replaced, also within what its variables mean."""
        if p.serial in known:
            return known[p.serial]
        algebra = self.algebra
        chosen = {index: by}
        for inner, meaning in algebra.meanings(p):
            base = self._put(meaning.base, index, by, known)
            if isinstance(meaning, Floor):
                if base is not meaning.base:
                    chosen[inner] = algebra.floor(base, meaning.shift)
                continue
            pieces = [self._put(piece, index, by, known) for piece in meaning.pieces]
            if base is not meaning.base or pieces != list(meaning.pieces):
                chosen[inner] = algebra.cases(base, meaning.cuts, pieces)
        known[p.serial] = algebra.substitute(p, chosen)
        return known[p.serial]

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

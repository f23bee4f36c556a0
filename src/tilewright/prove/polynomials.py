"""Integer polynomials over the inputs of a design, with the exact or a wider range of each.

A polynomial is interned: the same terms are the same object, so that `is` compares two of them. Besides
inputs its variables are *floors* (a polynomial divided by a power of two, rounded down) and *cases* (one
polynomial or another, as a third one lies in one interval or another): with these, every word of a circuit
is a polynomial exactly, whatever bits are cut out of it. What is false of integers is never used; what is
not found to be equal may still be equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import mul

Monomial = tuple[int, ...]
"""Numbers of variables, ascending, each as often as it is a factor; () is 1."""


class Poly:
    """A polynomial of an `Algebra`, which makes it: terms, range, a number of its own, and its digest."""

    __slots__ = ("digest", "high", "low", "serial", "sign_bit", "terms")

    def __init__(
        self, terms: dict[Monomial, int], low: int, high: int, *, serial: int, digest: int
    ) -> None:
        self.terms, self.serial, self.digest = terms, serial, digest
        self.bound(low, high)

    def bound(self, low: int, high: int) -> None:
        """Set the bounds, and the first bit from which on all bits are the sign."""
        self.low, self.high = low, high
        below = (~low if low < 0 else low).bit_length()
        above = (~high if high < 0 else high).bit_length()
        self.sign_bit = below if below > above else above

    @property
    def value(self) -> int | None:
        """The number that it is, if it is one."""
        return self.low if self.low == self.high else None


_LONG = 1024
"""Factors in all terms that are as much work as a case."""
_MANY = 32
"""Products of terms that are."""


@dataclass(frozen=True, slots=True)
class Floor:
    """``base >> shift``, of which nothing more is known."""

    base: Poly
    shift: int


@dataclass(frozen=True, slots=True)
class Cases:
    """``pieces[i]``, where i is how many of the ascending `cuts` are <= `base`."""

    base: Poly
    cuts: tuple[int, ...]
    pieces: tuple[Poly, ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable: an input called `name`, or one with a `meaning`, in low..high."""

    name: str
    low: int
    high: int
    meaning: Floor | Cases | None = None


def digest_of(terms: Mapping[Monomial, int]) -> int:
    """A number that tells most polynomials apart; that of a sum is the sum of theirs."""
    return sum(map(mul, map(hash, terms), terms.values()))


class TooManyCasesError(Exception):
    """What is computed is made of more cases than are gone through."""


class Polynomials:
    """All polynomials and variables of one proof: made, added, multiplied, evaluated."""

    def __init__(self) -> None:
        self.variables: list[Variable] = []
        self.spent = 0
        """Cases that were made or found again, and long polynomials that are as much work."""
        self.most: int | None = None
        self._inputs_behind: list[frozenset[int] | None] = []  # None: those of what it names
        self._polys: dict[int, Poly] = {}
        self._meanings: dict[tuple[object, ...], Poly] = {}
        self._sums: dict[tuple[int, int, int], Poly] = {}
        self._products: dict[tuple[int, int], Poly] = {}
        self.zero, self.one = self.number(0), self.number(1)

    def spend(self, count: int) -> None:
        """Count work; raise `TooManyCasesError` if more than `most` is spent."""
        self.spent += count
        if self.most is not None and self.spent > self.most:
            raise TooManyCasesError

    # -- making them ------------------------------------------------------------------------------

    def number(self, value: int) -> Poly:
        """A constant."""
        return self.make({(): value} if value else {}, value, value)

    def variable(self, name: str, low: int, high: int) -> Poly:
        """A new input in low..high."""
        if not low <= high:
            raise ValueError(f"the range of {name} must not be empty, but is {low}..{high}")
        self._inputs_behind.append(frozenset({len(self.variables)}))
        self.variables.append(Variable(name, low, high))
        return self.make({(len(self.variables) - 1,): 1}, low, high)

    def make(
        self, terms: dict[Monomial, int], low: int | None = None, high: int | None = None
    ) -> Poly:
        """The polynomial of these terms (none with a coefficient of 0), known to lie in low..high."""
        poly = self._interned(terms, digest_of(terms), None)
        return self.within(poly, low, high)

    def _interned(
        self, terms: dict[Monomial, int], digest: int, ends: tuple[int, int] | None
    ) -> Poly:
        """The polynomial of these terms. ends: a new one's bounds, if those of its terms are no tighter."""
        place = self._place(terms, digest)
        poly = self._polys.get(place)
        if poly is None:
            self.spend(sum(map(len, terms)) // _LONG)
            low, high = ends or self.range_of(terms)
            poly = Poly(terms, low, high, serial=len(self._polys), digest=digest)
            self._polys[place] = poly
        return poly

    def _place(self, terms: Mapping[Monomial, int], digest: int) -> int:
        """Where the polynomial of these terms is kept: others may have the same digest."""
        found = self._polys.get(digest)
        while found is not None and found.terms != terms:
            digest += 1
            found = self._polys.get(digest)
        return digest

    def within(self, poly: Poly, low: int | None, high: int | None) -> Poly:
        """The same polynomial, known to lie in low..high for all inputs."""
        if low is not None and low > poly.low:
            poly.bound(low, poly.high)
        if high is not None and high < poly.high:
            poly.bound(poly.low, high)
        terms = poly.terms
        if poly.low >= poly.high and (len(terms) > 1 or (terms and () not in terms)):
            return self._constant(poly)
        return poly

    def _constant(self, poly: Poly) -> Poly:
        if poly.low > poly.high:
            raise AssertionError(f"no number lies in {poly.low}..{poly.high}: a rule is unsound")
        return self.number(poly.low)

    def range_of(self, terms: Mapping[Monomial, int]) -> tuple[int, int]:
        """Bounds from those of the variables: exact where each term has variables of its own."""
        low = high = 0
        variables = self.variables
        for monomial, factor in terms.items():
            a = b = factor
            for index in monomial:
                one = variables[index]
                corners = (a * one.low, a * one.high, b * one.low, b * one.high)
                a, b = min(corners), max(corners)
            low += a
            high += b
        return low, high

    def _meant(self, key: tuple[object, ...], variable: Variable) -> Poly:
        poly = self._meanings.get(key)
        if poly is None:
            if (meaning := variable.meaning) is not None:
                parts = meaning.pieces if isinstance(meaning, Cases) else ()
                is_name = isinstance(meaning, Floor) and not meaning.shift
                behind = map(self.inputs_of, (meaning.base, *parts))
                self._inputs_behind.append(None if is_name else frozenset().union(*behind))
            self.variables.append(variable)
            poly = self.make({(len(self.variables) - 1,): 1}, variable.low, variable.high)
            self._meanings[key] = poly
        return poly

    # -- finding them -----------------------------------------------------------------------------------

    def find(self, terms: Mapping[Monomial, int]) -> Poly | None:
        """The polynomial of these terms, if it was made."""
        return self._polys.get(self._place(terms, digest_of(terms)))

    def find_floor(self, base: Poly, shift: int) -> int | None:
        """The variable that is this floor, if there is one."""
        return self._index_of(("floor", base.serial, shift))

    def find_cases(self, base: Poly, cuts: tuple[int, ...], pieces: Iterable[Poly]) -> int | None:
        """The variable that is these cases, if there is one."""
        return self._index_of(("cases", base.serial, cuts, tuple(one.serial for one in pieces)))

    def _index_of(self, key: tuple[object, ...]) -> int | None:
        poly = self._meanings.get(key)
        return next(iter(poly.terms))[0] if poly is not None and poly.value is None else None

    # -- arithmetic ---------------------------------------------------------------------------------

    def add(self, p: Poly, q: Poly, factor: int = 1) -> Poly:
        """``p + factor * q``."""
        if not q.terms or factor == 0:
            return p
        if factor == 1 and (not p.terms or len(p.terms) < len(q.terms)):
            if not p.terms:
                return q
            p, q = q, p
        key = (p.serial, q.serial, factor)
        found = self._sums.get(key)
        if found is None:
            terms = p.terms.copy()
            for monomial, number in q.terms.items():
                total = terms.get(monomial, 0) + factor * number
                if total:
                    terms[monomial] = total
                else:
                    del terms[monomial]
            a, b = (q.low, q.high) if factor > 0 else (q.high, q.low)
            ends = p.low + factor * a, p.high + factor * b
            is_apart = len(terms) == len(p.terms) + len(q.terms)
            digest = p.digest + factor * q.digest
            sum_ = self._interned(terms, digest, ends if is_apart else None)
            found = self._sums[key] = self.within(sum_, *ends)
        return found

    def subtract(self, p: Poly, q: Poly) -> Poly:
        """``p - q``."""
        return self.add(p, q, -1)

    def scale(self, p: Poly, factor: int) -> Poly:
        """``factor * p``."""
        return p if factor == 1 else self.add(self.zero, p, factor)

    def multiply(self, p: Poly, q: Poly) -> Poly:
        """``p * q``."""
        key = (p.serial, q.serial) if p.serial <= q.serial else (q.serial, p.serial)
        found = self._products.get(key)
        if found is None:
            self.spend(len(p.terms) * len(q.terms) // _MANY)
            terms: dict[Monomial, int] = {}
            for one, a in p.terms.items():
                for two, b in q.terms.items():
                    monomial = self._join(one, two)
                    terms[monomial] = terms.get(monomial, 0) + a * b
            corners = (p.low * q.low, p.low * q.high, p.high * q.low, p.high * q.high)
            ends = min(corners), max(corners)
            is_apart = len(terms) == len(p.terms) * len(q.terms)  # no term is the sum of two
            if not is_apart:
                terms = {monomial: number for monomial, number in terms.items() if number}
            product = self._interned(terms, digest_of(terms), ends if is_apart else None)
            found = self._products[key] = self.within(product, *ends)
        return found

    def _join(self, one: Monomial, two: Monomial) -> Monomial:
        if not one or not two:
            return one or two
        if len(one) == len(two) == 1 and one != two:
            return one + two if one < two else two + one
        joined = sorted(one + two)
        variables = self.variables
        return tuple(
            index
            for at, index in enumerate(joined)
            if not (  # the square of a bit is the bit
                at
                and joined[at - 1] == index
                and variables[index].low >= 0 >= variables[index].high - 1
            )
        )

    @staticmethod
    def modulo(p: Poly, bits: int) -> dict[Monomial, int]:
        """The terms of p with each coefficient replaced by that nearest to 0 with the same lowest bits."""
        whole = 1 << bits
        most = whole // 2
        terms = {m: (number + most - 1) % whole - most + 1 for m, number in p.terms.items()}
        return {m: number for m, number in terms.items() if number}

    def inputs_of(self, p: Poly, most: int | None = None) -> set[int]:
        """The inputs on which p depends, by variable. most: no more are looked for than one above it."""
        found: set[int] = set()
        todo = list(p.terms)
        while todo and (most is None or len(found) <= most):
            for index in todo.pop():
                behind, meaning = self._inputs_behind[index], self.variables[index].meaning
                if behind is None and meaning is not None:
                    todo += meaning.base.terms
                else:
                    found |= behind or set()
        return found

    def meanings(self, p: Poly) -> Iterable[tuple[int, Floor | Cases]]:
        """The variables of p that mean something, each once, by number."""
        for index in sorted({index for monomial in p.terms for index in monomial}):
            meaning = self.variables[index].meaning
            if meaning is not None:
                yield index, meaning

    def substitute(self, p: Poly, chosen: Mapping[int, Poly]) -> Poly:
        """p with variables replaced."""
        kept = {m: number for m, number in p.terms.items() if not any(i in chosen for i in m)}
        total = self.make(kept)
        for monomial, number in p.terms.items():
            if monomial in kept:
                continue
            term = self.make({tuple(i for i in monomial if i not in chosen): number})
            for index in monomial:
                if index in chosen:
                    term = self.multiply(term, chosen[index])
            total = self.add(total, term)
        return total

    # -- value --------------------------------------------------------------------------------------

    def evaluate(
        self, p: Poly, inputs: Mapping[int, int], known: dict[int, int] | None = None
    ) -> int:
        """The number that p is for these inputs, by variable number; `known` keeps what was found."""
        known = {} if known is None else known
        total = 0
        for monomial, number in p.terms.items():
            for index in monomial:
                if index not in known:
                    known[index] = self._value_of(index, inputs, known)
                number *= known[index]
            total += number
        return total

    def _value_of(self, index: int, inputs: Mapping[int, int], known: dict[int, int]) -> int:
        meaning = self.variables[index].meaning
        if meaning is None:
            return inputs[index]
        base = self.evaluate(meaning.base, inputs, known)
        if isinstance(meaning, Floor):
            return base >> meaning.shift
        return self.evaluate(
            meaning.pieces[sum(cut <= base for cut in meaning.cuts)], inputs, known
        )

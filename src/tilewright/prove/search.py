"""Looks for an input at which a polynomial is not 0 modulo a power of two."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import product
from math import prod

from tilewright.prove.algebra import Algebra
from tilewright.prove.polynomials import Cases, Poly

_TRIES = 60
_MOST_BASES = 24
_MOST_TOGETHER = 3
_MOST_VALUES = 256
"""Of inputs that are changed together, one after the other."""

Point = dict[int, int]
"""A number for each input, by variable."""
Path = list[tuple[Poly, int, int]]
"""Bases, and between which ends each one lies."""


class Search:
    """A search for one polynomial; the same one finds the same."""

    def __init__(self, algebra: Algebra, p: Poly, bits: int) -> None:
        self.algebra, self.p, self.bits = algebra, p, bits
        self.rng = random.Random(0)  # noqa: S311  # a search, not a secret

    def find(self, support: list[int], failed: list[Path]) -> Point | None:
        """An input for which p is no multiple of ``2**bits``, if one is found."""
        p, bits = self.p, self.bits
        for point in self._candidates(support, failed):
            if self.algebra.evaluate(p, point) % (1 << bits):
                return self.small(point)
        return None

    def small(self, point: Point) -> Point:
        """Such an input with as many numbers at rest as can be, one after the other."""
        for index in sorted(point):
            one = self.algebra.variables[index]
            rested = point | {index: min(max(0, one.low), one.high)}
            if self.algebra.evaluate(self.p, rested) % (1 << self.bits):
                point = rested
        return point

    def _ends(self, index: int) -> tuple[int, int]:
        return self.algebra.variables[index].low, self.algebra.variables[index].high

    def _rest(self, index: int) -> int:
        low, high = self._ends(index)
        return min(max(0, low), high)

    def _corner(self, support: list[int]) -> Point:
        return {index: self.rng.choice(self._ends(index)) for index in support}

    def _candidates(self, support: list[int], failed: list[Path]) -> Iterator[Point]:
        """Inputs that are likely to show what p is: few that are not 0, corners, ends of cases, any."""
        yield from self._few(support)
        for _ in range(_TRIES):
            yield self._corner(support)
        for path in failed:
            for base, _, _ in path:
                for start in self._starts(base, support):
                    yield self._along(path, start)
            for _ in range(3):
                yield self._along(path, self._corner(support))
        for base, cuts in list(self._bases(self.p))[:_MOST_BASES]:
            for start in self._starts(base, support):
                yield start
                for cut in cuts:
                    yield self._towards(base, start, cut)
                    yield self._towards(base, start, cut - 1)
        for _ in range(_TRIES):
            yield {index: self.rng.randint(*self._ends(index)) for index in support}

    def _few(self, support: list[int]) -> Iterator[Point]:
        """All at rest, then the inputs of one term at their ends."""
        rest = {index: self._rest(index) for index in support}
        yield dict(rest)
        for monomial in sorted(self.p.terms, key=len)[:_TRIES]:
            chosen = [i for i in monomial if self.algebra.variables[i].meaning is None]
            for at in (1, 0):
                yield rest | {index: self._ends(index)[at] for index in chosen}

    def _bases(self, p: Poly) -> Iterator[tuple[Poly, tuple[int, ...]]]:
        """What the cases of p, and those within them, depend on, with their cuts; the innermost first."""
        found: dict[int, tuple[Poly, tuple[int, ...]]] = {}
        todo = [p]
        while todo:
            for index, meaning in self.algebra.meanings(todo.pop()):
                if index in found:
                    continue
                cuts = meaning.cuts if isinstance(meaning, Cases) else (0,)
                found[index] = (meaning.base, cuts)
                todo.append(meaning.base)
                todo.extend(meaning.pieces if isinstance(meaning, Cases) else ())
        return iter([found[index] for index in sorted(found)])

    def _starts(self, base: Poly, support: list[int]) -> Iterator[Point]:
        """Points where `base` is as large, and as small, as changes of a few inputs at a time make it."""
        for sign in (1, -1):
            point = self._corner(support)
            best = sign * self.algebra.evaluate(base, point)
            for group in 2 * self._groups(base):
                for ends in product(*(self._ends(index) for index in group)):
                    changed = point | dict(zip(group, ends, strict=True))
                    value = sign * self.algebra.evaluate(base, changed)
                    if value > best:
                        best, point = value, changed
            yield dict(point)

    def _groups(self, base: Poly) -> list[tuple[int, ...]]:
        """Inputs that are changed together: those of one term; and each input alone."""
        alone = sorted(self.algebra.inputs_of(base))
        meanings = [base, *(meaning.base for _, meaning in self.algebra.meanings(base))]
        found = {
            tuple(dict.fromkeys(monomial))
            for p in meanings
            for monomial in p.terms
            if 2 <= len(monomial) <= _MOST_TOGETHER
            and all(self.algebra.variables[index].meaning is None for index in monomial)
        }
        return [*sorted(found), *((index,) for index in alone)]

    def _along(self, path: Path, point: Point) -> Point:
        """A point near this one at which each base lies between its ends, if that is found."""
        for turn in range(3):
            for base, low, high in path if turn else path[::-1]:
                value = self.algebra.evaluate(base, point)
                if not low <= value <= high:
                    point = self._towards(base, point, low if value < low else high)
        return point

    def _towards(self, base: Poly, start: Point, target: int) -> Point:
        """A point near `start` at which `base` is `target`, or as near to it as is found."""
        point = dict(start)
        distance = abs(self.algebra.evaluate(base, point) - target)
        alone = [(index,) for index in sorted(self.algebra.inputs_of(base))]
        together = [group for group in self._groups(base) if len(group) > 1]
        for group in (
            *alone,
            *together,
        ):  # a product may be what none of its factors alone can make
            ranges = [range(low, high + 1) for low, high in map(self._ends, group)]
            for values in product(*ranges) if prod(map(len, ranges)) <= _MOST_VALUES else ():
                if distance == 0:
                    return point
                changed = point | dict(zip(group, values, strict=True))
                other = abs(self.algebra.evaluate(base, changed) - target)
                if other < distance:
                    distance, point = other, changed
        return point

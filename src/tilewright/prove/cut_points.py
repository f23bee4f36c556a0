"""Registers that were shown to hold an expected sum are a number of their own from there on.

A core that saturates after each product makes cases of cases of cases; how it decides (by bits above, by the
signs of operands, by comparisons) is another way in each core. So each sum is compared as soon as a register
holds it, and what follows is proved for any number in its place, which is more than is claimed. Where that
fails, it says nothing: other numbers than those may be what fails.
"""

from __future__ import annotations

import random

from tilewright.prove.decide import Decider
from tilewright.prove.machine import Machine
from tilewright.prove.polynomials import Cases, Poly
from tilewright.prove.words import Value, Words

_POINTS = 6
"""Inputs at which a register must hold a sum before it is compared."""


class CutPoints:
    """The sums that are expected on the way, and the numbers that stand for them."""

    def __init__(self, words: Words) -> None:
        self.words = words
        self._rng = random.Random(0)  # noqa: S311  # a search, not a secret
        self._points: list[dict[int, int]] = [{} for _ in range(_POINTS)]
        self._known: list[dict[int, int]] = [{} for _ in range(_POINTS)]
        self._sums: list[tuple[Poly, Poly]] = []
        self._by_width: dict[int, dict[tuple[int, ...], list[tuple[Poly, Poly]]]] = {}
        self._found: dict[tuple[int, int], Poly | None] = {}

    def cut(self, total: Poly) -> Poly:
        """A number that stands for a sum wherever a register holds it."""
        algebra = self.words.algebra
        self.words.standing.add(len(algebra.variables))
        number = algebra.variable(f"sum {len(self._sums)}", total.low, total.high)
        self._sums.append((total, number))
        self._by_width.clear()
        return number

    def take(self, machine: Machine, decider: Decider) -> None:
        """Put the numbers into the registers that hold a sum."""
        for register in machine.netlist.registers:
            value = machine.values[register.output]
            if not isinstance(value, int) and value.unknown is None:
                machine.put(register.output, self._cut(value, decider))

    def _cut(self, value: Value, decider: Decider) -> Value:
        if isinstance(value, int):
            return value
        parts: list[tuple[Value, int]] = []
        for source, low, width in value.parts:
            number = None
            if isinstance(source, Poly) and low == 0:
                number = self._number(source, width, decider)
            part = self.words.join([(source, low, width)])
            parts.append((part if number is None else self.words.of(number, width), width))
        return self.words.concatenate(parts)

    def _number(self, p: Poly, width: int, decider: Decider) -> Poly | None:
        """What stands for the sum that is p in its lowest bits, if there is one."""
        key = (p.serial, width)
        if key not in self._found:
            self._found[key] = self._matching(p, width, decider)
        return self._found[key]

    def _matching(self, p: Poly, width: int, decider: Decider) -> Poly | None:
        algebra = self.words.algebra
        if not any(isinstance(meaning, Cases) for _, meaning in algebra.meanings(p)):
            return None
        if width not in self._by_width:
            table: dict[tuple[int, ...], list[tuple[Poly, Poly]]] = {}
            for total, number in self._sums:
                table.setdefault(self._values(total, width), []).append((total, number))
            self._by_width[width] = table
        for total, number in self._by_width[width].get(self._values(p, width), ()):
            if decider.decide(algebra.subtract(p, total), width).is_zero:
                return number
        return None

    def _values(self, p: Poly, width: int) -> tuple[int, ...]:
        """The lowest bits of p for a few inputs."""
        algebra = self.words.algebra
        for point in self._points:
            for index in range(len(point), len(algebra.variables)):
                one = algebra.variables[index]
                point[index] = self._rng.randint(one.low, one.high)
        found = zip(self._points, self._known, strict=True)
        return tuple(algebra.evaluate(p, *both) % (1 << width) for both in found)

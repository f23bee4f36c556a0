"""Steps that wait for one another, done as one: polynomials of what they see, found once for words of a kind.

A cone is a step that waits, with all steps that wait for it alone to be asked. It is run once on words of
fresh variables, with the ranges that the words it sees have; what comes out, if it is polynomials of these
variables and nothing else, is so for all numbers in these ranges, and so for the words themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tilewright.prove import cells
from tilewright.prove.algebra import Algebra
from tilewright.prove.netlist import Gate, Netlist, Source, signals_of
from tilewright.prove.polynomials import Monomial, Poly
from tilewright.prove.words import Value, Words

Kind = tuple[tuple[int | tuple[tuple[int, int], ...], ...], tuple[tuple[int, int], ...]]
"""Of each word: the number that it is, or of each part which of the polynomials it is of, and how many bits.
Then the range of each polynomial."""
Formula = tuple[tuple[dict[Monomial, int], int, int, int, int], ...]
"""Of each part: terms over the polynomials seen, their range, the first bit, and how many bits."""
Formulas = dict[tuple[object, ...], dict[Kind, Formula | None]]
"""Of cones of each shape."""
_MOST_CASES = 200
"""In a search for a formula: one that is worth it has few."""
_MOST_FAILURES = 2
"""Kinds of words without a formula, after which no more are tried."""


class Cone:
    """The steps behind one signal, and what they make of words of each kind.

    steps: in their order, the last one drives the signal. values: of all signals, which change.
    """

    def __init__(
        self, steps: Sequence[Gate], values: Sequence[Value], words: Words, formulas: Formulas
    ) -> None:
        self.steps, self.values, self.words = steps, values, words
        made = {step.output for step in steps}
        seen = {s: None for step in steps for one in step.inputs for s in signals_of(one)}
        self.leaves = [signal for signal in seen if signal not in made]
        self._formulas = formulas.setdefault(self._shape(), {})
        self._failures = 0

    def _shape(self) -> tuple[object, ...]:
        """The same for cones that differ in names alone."""
        order = [*self.leaves, *(step.output for step in self.steps)]
        at = {signal: number for number, signal in enumerate(order)} | {-1: -1}
        return tuple(
            (
                replace(step.operation, name=""),
                tuple(
                    at[one] if isinstance(one, int) else tuple((at[s], *rest) for s, *rest in one)
                    for one in step.inputs
                ),
            )
            for step in self.steps
        )

    def value(self) -> Value | None:
        """What the last step puts out; None if no formula says it."""
        if self._failures > _MOST_FAILURES:
            return None
        leaves: list[int | tuple[tuple[int, int], ...]] = []
        polys: dict[Poly, int] = {}
        for leaf in self.leaves:
            value = self.values[leaf]
            if isinstance(value, int):
                leaves.append(value)
                continue
            parts = []
            for source, first, width in value.parts:
                if first or not isinstance(source, Poly):
                    return None
                parts.append((polys.setdefault(source, len(polys)), width))
            leaves.append(tuple(parts))
        kind = tuple(leaves), tuple([(p.low, p.high) for p in polys])
        if kind not in self._formulas:
            formula = self._formulas[kind] = self._found(kind)
            self._failures += formula is None
        formula = self._formulas[kind]
        return None if formula is None else self._applied(formula, list(polys))

    def _applied(self, formula: Formula, polys: Sequence[Poly]) -> Value:
        algebra = self.words.algebra
        parts: list[tuple[Value, int]] = []
        for terms, low, high, first, width in formula:
            total = algebra.zero
            for monomial, number in terms.items():
                term = algebra.one
                for index in monomial:
                    term = (
                        polys[index]
                        if term is algebra.one
                        else algebra.multiply(term, polys[index])
                    )
                total = algebra.add(total, term, number)
            total = algebra.within(total, low, high)
            value = self.words.of(total, first + width)
            parts.append((self.words.slice(value, first, width) if first else value, width))
        return parts[0][0] if len(parts) == 1 else self.words.concatenate(parts)

    def _found(self, kind: Kind) -> Formula | None:
        """The formula of words of this kind, if polynomials of their parts are all that comes out."""
        words = Words(Algebra(), most_cases=_MOST_CASES)
        fresh = [words.algebra.variable("", low, high) for low, high in kind[1]]
        values: dict[int, Value] = {}
        for leaf, one in zip(self.leaves, kind[0], strict=True):
            values[leaf] = (
                one
                if isinstance(one, int)
                else words.concatenate([(words.of(fresh[at], width), width) for at, width in one])
            )
        for step in self.steps:
            inputs = [_read(words, values, source) for source in step.inputs]
            values[step.output] = cells.apply(words, step.operation, inputs)
        value = values[self.steps[-1].output]
        width = self.steps[-1].operation.width
        parts = ((value, 0, width),) if isinstance(value, int) else value.parts
        formula: list[tuple[dict[Monomial, int], int, int, int, int]] = []
        for source, first, bits in parts:
            p = words.algebra.number(source) if isinstance(source, int) else source
            if not isinstance(p, Poly) or not _is_over(p, len(fresh)):
                return None
            formula.append((p.terms, p.low, p.high, first, bits))
        return tuple(formula)


def cone_of(
    netlist: Netlist,
    at: int,
    makers: Mapping[int, int],
    values: Sequence[Value],
    words: Words,
    formulas: Formulas,
) -> Cone:
    """The cone of step `at`. makers: of each signal that a step drives that waits, which one.

    formulas: those that are known, and those that will be.
    """
    found, todo = {at}, [at]
    while todo:
        step = netlist.steps[todo.pop()]
        sources = step.inputs if isinstance(step, Gate) else ()
        inner = {makers[s] for one in sources for s in signals_of(one) if s in makers}
        todo += inner - found
        found |= inner
    steps = [netlist.steps[one] for one in sorted(found)]
    return Cone([step for step in steps if isinstance(step, Gate)], values, words, formulas)


def _read(words: Words, values: Mapping[int, Value], source: Source) -> Value:
    if isinstance(source, int):
        return values[source]
    return words.concatenate(
        [
            (words.slice(values[s], first, width) if s >= 0 else first, width)
            for s, first, width in source
        ]
    )


def _is_over(p: Poly, count: int) -> bool:
    """Whether a polynomial is one of the first so many variables."""
    return all(index < count for monomial in p.terms for index in monomial)

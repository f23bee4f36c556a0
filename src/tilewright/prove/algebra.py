"""Polynomials with what bits ask for: floors, choices and comparisons."""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd

from tilewright.prove.polynomials import Cases, Floor, Monomial, Poly, Polynomials, Variable

FEW_BLOCKS = 8
"""A floor of at most so many values becomes cases."""
MOST_BASES = 3
"""Of a sum of cases whose own cases are looked into."""
MOST_TERMS = 32
"""Of a sum that `Algebra.named` leaves as it is; a sum of n times as many has names n deep."""


class Algebra(Polynomials):
    """All polynomials and variables of one proof. names_sums: long ones, by a variable each (`named`)."""

    def __init__(self, *, names_sums: bool = False) -> None:
        super().__init__()
        self.names_sums = names_sums
        self._floors: dict[tuple[int, int], Poly] = {}

    def floor(self, p: Poly, shift: int) -> Poly:
        """``p >> shift``, rounded down."""
        if shift == 0:
            return p
        key = (p.serial, shift)
        found = self._floors.get(key)
        if found is None:
            found = self._floors[key] = self._floor(p, shift)
        return found

    def word(self, name: str, bits: int, *, is_signed: bool) -> Poly:
        """A new input that is any number of so many bits."""
        low = -(1 << (bits - 1)) if is_signed else 0
        return self.variable(name, low, low + (1 << bits) - 1)

    def named(self, p: Poly) -> Poly:
        """p; where sums are named and it has many terms, one variable that means it: p shifted by 0.

        A register that adds up thousands of products holds a few terms then, and who adds the same products
        in the same order finds the same variable.
        """
        if not self.names_sums or len(p.terms) <= MOST_TERMS:
            return p
        return self._meant(("floor", p.serial, 0), Variable("", p.low, p.high, Floor(p, 0)))

    def spread(self, p: Poly) -> Poly:
        """p with what the names of sums mean in their place, and in the place of those within them."""
        if not self.names_sums:
            return p
        terms: dict[Monomial, int] = {}
        todo = [(p, 1)]
        while todo:
            part, factor = todo.pop()
            for monomial, number in part.terms.items():
                meaning = self.variables[monomial[0]].meaning if len(monomial) == 1 else None
                if isinstance(meaning, Floor) and meaning.shift == 0:
                    todo.append((meaning.base, factor * number))
                else:
                    terms[monomial] = terms.get(monomial, 0) + factor * number
        return self.make({m: number for m, number in terms.items() if number})

    def _floor(self, p: Poly, shift: int) -> Poly:
        if p.low >> shift == p.high >> shift:
            return self.number(p.low >> shift)
        constant = p.terms.get((), 0)
        power = min((number & -number).bit_length() - 1 for m, number in p.terms.items() if m)
        if power:  # the bits below the first one that varies do not carry
            power = min(power, shift)
            terms = {m: number >> power for m, number in p.terms.items()}
            low, high = p.low >> power, p.high >> power
            kept = {m: number for m, number in terms.items() if number}
            return self.floor(self.make(kept, low, high), shift - power)
        block = 1 << shift
        rest = self.modulo(p, shift)
        whole = {m: (n - rest.get(m, 0)) // block for m, n in p.terms.items() if m}
        if constant // block:
            whole[()] = constant // block
        rest = {m: number for m, number in rest.items() if m}
        if constant % block:
            rest[()] = constant % block
        kept = {m: number for m, number in whole.items() if number}
        part = self.make(rest) if kept else p
        return self.add(self.make(kept), self._floor_of_rest(part, shift))

    def _floor_of_rest(self, part: Poly, shift: int) -> Poly:
        low, high = part.low >> shift, part.high >> shift
        if low == high:
            return self.number(low)
        inner = self._single(part)
        if inner is not None and isinstance(inner[0], Floor):
            deeper = self.add(inner[0].base, self.number(inner[1] << inner[0].shift))
            return self.floor(deeper, inner[0].shift + shift)
        if high - low < FEW_BLOCKS:
            cuts = [block << shift for block in range(low + 1, high + 1)]
            return self.cases(part, cuts, [self.number(block) for block in range(low, high + 1)])
        meaning = Floor(part, shift)
        return self._meant(("floor", part.serial, shift), Variable("", low, high, meaning))

    def _single(self, p: Poly) -> tuple[Floor | Cases | None, int] | None:
        """What a polynomial means that is one variable and a constant, and that constant."""
        names = [m for m in p.terms if m]
        if len(names) != 1 or len(names[0]) != 1 or p.terms[names[0]] != 1:
            return None
        return self.variables[names[0][0]].meaning, p.terms.get((), 0)

    # -- cases --------------------------------------------------------------------------------------

    def cases(self, p: Poly, cuts: Sequence[int], pieces: Sequence[Poly]) -> Poly:
        """``pieces[i]``, where i is how many of the ascending `cuts` are <= p."""
        first = sum(cut <= p.low for cut in cuts)
        if first == len(cuts) or p.high < cuts[first]:
            return pieces[first]
        unit = self._unit(p)
        if unit is None:
            return pieces[first]
        base, factor, constant = unit
        if factor > 0:
            at = [-((constant - cut) // factor) for cut in cuts]
            return self._cases(base, at, list(pieces))
        at = [(constant - cut) // -factor + 1 for cut in reversed(cuts)]
        return self._cases(base, at, list(reversed(pieces)))

    def _unit(self, p: Poly) -> tuple[Poly, int, int] | None:
        """p as ``factor * base + constant``: the base has no constant and no common factor."""
        constant = p.terms.get((), 0)
        rest = {m: number for m, number in p.terms.items() if m}
        if not rest:
            return None
        factor = gcd(*rest.values())
        if rest[min(rest)] < 0:
            factor = -factor
        ends = sorted(((p.low - constant) // factor, (p.high - constant) // factor))
        if (p.low - constant) % factor or (p.high - constant) % factor:
            return self.make({m: number // factor for m, number in rest.items()}), factor, constant
        terms = {m: number // factor for m, number in rest.items()}
        return self.make(terms, ends[0], ends[1]), factor, constant

    def _cases(self, base: Poly, cuts: list[int], pieces: list[Poly]) -> Poly:
        self.spend(1)
        inner = self._bases_of_cases(base)
        if inner and len(inner) <= MOST_BASES:
            return self._composed(inner[0], base, cuts, pieces)
        wanted = sorted({*cuts, *(c for piece in pieces for c in self.cuts_within(piece, base))})
        inside = [cut for cut in wanted if base.low < cut <= base.high]
        kept: list[Poly] = []
        intervals: list[tuple[int, int]] = []
        for low, high in zip(
            [base.low, *inside], [*(c - 1 for c in inside), base.high], strict=True
        ):
            piece = self.restrict(pieces[sum(cut <= low for cut in cuts)], base, low, high)
            if kept and (kept[-1] is piece or self._is_same_at(kept[-1], piece, base, low)):
                first = (
                    low if kept[-1] is not piece else high
                )  # the piece below goes as far as can be
                intervals[-1] = (intervals[-1][0], first)
                if first == high:
                    continue
                low = first + 1
            kept.append(piece)
            intervals.append((low, high))
        kept_cuts = [low for low, _ in intervals[1:]]
        if len(kept) == 1:
            return kept[0]
        if base.high - base.low == 1 and kept[0].value is not None and kept[1].value is not None:
            step = self.subtract(base, self.number(base.low))  # a bit: no cases are needed
            return self.add(kept[0], step, kept[1].value - kept[0].value)
        bounds = [self._range_on(p, base, *ends) for p, ends in zip(kept, intervals, strict=True)]
        meaning = Cases(base, tuple(kept_cuts), tuple(kept))
        return self._meant(
            ("cases", base.serial, meaning.cuts, tuple(piece.serial for piece in kept)),
            Variable("", min(low for low, _ in bounds), max(high for _, high in bounds), meaning),
        )

    def _is_same_at(self, p: Poly, q: Poly, base: Poly, number: int) -> bool:
        """Whether two polynomials are the same where `base` is this number, plainly."""
        first = next(iter(base.terms))
        difference = self.subtract(p, q)
        factor, remainder = divmod(difference.terms.get(first, 0), base.terms[first])
        rest = self.add(difference, base, -factor)
        return not remainder and rest.value is not None and rest.value == -factor * number

    def _composed(self, inner: Poly, base: Poly, cuts: list[int], pieces: list[Poly]) -> Poly:
        """The same as cases over `inner`, over which `base` is made of cases."""
        at = sorted(cut for cut in self.cuts_within(base, inner) if inner.low < cut <= inner.high)
        ends = zip([inner.low, *at], [*(cut - 1 for cut in at), inner.high], strict=True)
        return self._cases(
            inner,
            at,
            [self.cases(self.restrict(base, inner, *one), cuts, pieces) for one in ends],
        )

    def _range_on(self, p: Poly, base: Poly, low: int, high: int) -> tuple[int, int]:
        """Bounds of p where `base` lies in low..high: tighter if p is a multiple of it and a constant."""
        first = next(iter(base.terms))
        factor, remainder = divmod(p.terms.get(first, 0), base.terms[first])
        if remainder or not factor:
            return p.low, p.high
        rest = self.add(p, base, -factor)
        if rest.value is None:
            return p.low, p.high
        ends = (factor * low + rest.value, factor * high + rest.value)
        return max(p.low, min(ends)), min(p.high, max(ends))

    def cuts_within(self, p: Poly, base: Poly) -> set[int]:
        """Where the cases of p over this base change."""
        found: set[int] = set()
        for _, meaning in self.meanings(p):
            if isinstance(meaning, Cases) and meaning.base is base:
                found.update(meaning.cuts)
        return found

    def restrict(self, p: Poly, base: Poly, low: int, high: int) -> Poly:
        """What p is where `base` lies in low..high, an interval with no cut of p's cases inside."""
        chosen: dict[int, Poly] = {}
        for index, meaning in self.meanings(p):
            if meaning.base is not base:
                continue
            if isinstance(meaning, Cases):
                chosen[index] = meaning.pieces[sum(cut <= low for cut in meaning.cuts)]
            elif low >> meaning.shift == high >> meaning.shift:
                chosen[index] = self.number(low >> meaning.shift)
        return self.substitute(p, chosen) if chosen else p

    def choose(self, guard: Poly, yes: Poly, no: Poly) -> Poly:
        """`yes` where `guard` is 1, `no` where it is 0; it is nothing else."""
        if yes is no:
            return yes
        if guard.value is not None:
            return yes if guard.value else no
        bases = self._bases_of_cases(guard)
        if bases:
            chosen = self._chosen_in_cases(bases[0], guard, yes, no)
        else:
            chosen = self.add(no, self.multiply(guard, self.subtract(yes, no)))
        if guard.low < 0 or guard.high > 1:
            return chosen  # a piece of a guard is 0 or 1 in its case alone: no bound holds always
        return self.within(chosen, min(yes.low, no.low), max(yes.high, no.high))

    def _chosen_in_cases(self, base: Poly, guard: Poly, yes: Poly, no: Poly) -> Poly:
        cuts = sorted(self.cuts_within(guard, base))
        edges = [*cuts, base.high + 1]
        pieces = []
        low = base.low
        for edge in edges:
            part = self.restrict(guard, base, low, edge - 1) if low < edge else guard
            if low < edge:
                first, last = self._range_on(part, base, low, edge - 1)
                part = self.number(first) if first == last else part
            pieces.append(self.choose(part, yes, no) if low < edge else no)
            low = max(low, edge)
        return self._cases(base, cuts, pieces)

    def _bases_of_cases(self, p: Poly) -> list[Poly]:
        """What a polynomial that is made of cases alone has cases over, the first first; else none."""
        bases = {}
        for index in {index for monomial in p.terms for index in monomial}:
            meaning = self.variables[index].meaning
            if not isinstance(meaning, Cases):
                return []
            bases[meaning.base.serial] = meaning.base
        return [bases[serial] for serial in sorted(bases)]

    def negative(self, p: Poly) -> Poly:
        """1 where p < 0, else 0."""
        return self.compare(p, (0,), (1, 0))

    def is_zero(self, p: Poly) -> Poly:
        """1 where p is 0, else 0."""
        return self.compare(p, (0, 1), (0, 1, 0))

    def compare(self, p: Poly, cuts: Sequence[int], values: Sequence[int]) -> Poly:
        """The value of the interval between `cuts` that p lies in."""
        single = self._single(p)
        if single is not None and isinstance(single[0], Floor):
            return self.cases(
                single[0].base,
                [(cut - single[1]) << single[0].shift for cut in cuts],
                [self.number(value) for value in values],
            )
        return self.cases(p, cuts, [self.number(value) for value in values])

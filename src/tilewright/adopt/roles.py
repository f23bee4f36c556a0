"""Which family is which tensor: names are a hint, numbers decide."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, permutations, product, takewhile

import numpy as np

from tilewright.adopt.clock import Clock, computed
from tilewright.adopt.families import Family
from tilewright.adopt.fit import Fit
from tilewright.adopt.hypotheses import ACT_BITS, Roles
from tilewright.adopt.parsed_file import OCTETS
from tilewright.adopt.search import search
from tilewright.adopt.sequels import with_joined, with_sequels
from tilewright.adopt.sized import Sized

HINTS = (
    re.compile(r"act|ifmap|input|pixel|image|img|fmap|(^|[^a-z])(x|in|data|a)([^a-z]|$)"),
    re.compile(r"w(ei)?gh?t|wgt|kernel|filter|coef|(^|[^a-z])(w|k|b)([^a-z]|$)"),
    re.compile(r"out|psum|relu|gold|expect|result|ofmap|ref|sum|acc|(^|[^a-z])(y|p|o|c)([^a-z]|$)"),
)
MOST_FAMILIES = 14
LIKELY, ALL_ROLES, ALL_SIZES = STAGES = (0, 1, 2)
"""What is tried first: usual sizes with the likeliest roles; then with all roles; then all other sizes."""
WORDS = ((8, "-little"), (8, ""), (4, "-little"), (4, ""), (2, "-little"), (2, ""))
"""Octets of an expected number in files of octets, and which of them stands first."""
WIDE = (8, 4, 2, 16)
MOST_LIKE_SUMS = 0.8
"""Share of words that begin as sums do from which on words are taken for sums: of others a quarter does."""
"""Octets of a word that holds several operands, or one that does not fill it."""
MOST_LIKELY = 2
MOST_SIGNED = 2
"""Triples, the likeliest ones, that are tried first; whose activations are read as signed, too."""
TURNS = (0.15, 0.6, 2.4, 1e9)
"""Seconds of an attempt's turns: every one has a short turn before any has a long one."""
PLAIN = 7
"""How many times as long the turns of the likeliest roles, of files as they stand, are."""
CLOSE = 0.05
FEWEST = 8
"""Share of wrong numbers below which a fit is taken for the layer with a fault in it."""
Triple = tuple[Family, Family, Family]


def _in_common(names: Sequence[str]) -> int:
    """How many characters the names begin with alike."""
    alike = (len(set(column)) == 1 for column in zip(*names, strict=False))
    return sum(1 for _ in takewhile(bool, alike))


def find_layer(
    families: Sequence[Family],
    clock: Clock,
    *,
    stages: tuple[int, ...] = STAGES,
    most: int | None = None,
) -> list[Fit]:
    """The exact fits of the most usual sizes that have any; else the one with the fewest wrong numbers.

    Files are read as they stand first, then separated numbers as a list; activations as codes without a
    sign, then as two's complement. stages: which attempts, of `STAGES`.
    most: so many sizes alone, the most usual ones. All attempts of a stage have a short turn before any
    has a long one, and go on then where they stopped.
    """
    nearest: list[Fit] = []
    families = with_sequels(families)
    sequels = [family.sequel for family in families]
    ranked = sorted(triples(families), key=lambda one: sum(map(sequels.count, one)))
    every = list(_attempts(ranked, families))
    for stage in stages:
        searches = [Search(one, clock, most) for one in every if one.stage == stage]
        for turn, one in product(TURNS, searches):
            if one.is_done:
                continue
            one.go_on(turn * one.attempt.weight)
            nearest = [min([*nearest, *one.near], key=_share)] if one.near else nearest
            is_near = bool(nearest) and _is_near(nearest[0])
            if one.exact or is_near or clock.is_over:
                return one.exact or nearest
    return nearest


@dataclass(frozen=True, slots=True, eq=False)
class Attempt:
    """Three families in their roles, with constants of channels in `others`; stage: of `STAGES`.

    has_halo: activations are tiles with halo. weight: how long its turns are.
    is_quick: taps stand in the usual order.
    """

    triple: Triple
    stage: int = LIKELY
    others: tuple[Family, ...] | None = None
    has_halo: bool = False
    weight: int = 1
    is_quick: bool = False


def _attempts(ranked: Sequence[Triple], families: Sequence[Family]) -> Iterator[Attempt]:
    """What is tried, one after the other: the likeliest roles in all ways before the other roles."""
    best = [one for one in ranked if _unlikeliness(one)[0] <= _unlikeliness(ranked[0])[0] + 1]
    count = len(best[:MOST_LIKELY])
    parts = {LIKELY: ranked[:count], ALL_ROLES: ranked[count:]}
    for stage, part in parts.items():
        read = [one for triple in part for one in _readings(triple, ranked.index(triple))]
        others = [one for one in read if one[0].is_lsb or one[0].has_signed_codes]
        plain = [one for one in read if one not in others]
        plain += [(a, grid, e) for a, w, e in plain if (grid := w.as_grid()) is not None]
        halos = [Attempt(triple, stage, has_halo=True) for triple in plain]
        grids = [one for one in halos if _is_grid(one.triple[0])]
        wide = [one for triple in part for one in _wide(triple)]
        numbers = [one for one in wide if one[1].wide or one[1].filler]
        yield from (Attempt(one, stage, weight=PLAIN) for one in with_joined(plain))
        yield from grids
        yield from (Attempt(one, stage, weight=PLAIN, is_quick=True) for one in numbers)
        if stage == LIKELY:
            yield from (Attempt(one, stage, weight=PLAIN, is_quick=True) for one in part)
        is_octets = any(family.container in OCTETS for triple in part for family in triple)
        yield from (Attempt(one, stage) for one in wide if is_octets)
        yield from (Attempt(one, stage) for one in plain)
        joined = ((a, w, e.as_one()) for a, w, e in part)
        yield from (Attempt((a, w, e), stage) for a, w, e in joined if e is not None)
        yield from (Attempt(one, stage) for one in wide if not is_octets)
        yield from (Attempt(one, stage) for one in others)
        yield from _with_rules(plain, families, stage)
        yield from (one for one in halos if one not in grids)
        yield from (Attempt(one, ALL_ROLES, has_halo=True) for one in others)
        yield from _with_rules(others, families, ALL_ROLES)
    for triple in ranked:
        yield Attempt(triple, ALL_SIZES)


def _with_rules(
    read: Sequence[Triple], families: Sequence[Family], stage: int
) -> Iterator[Attempt]:
    """Outputs that are codes, without a sign or with one, or have biases: of constants in the other files."""
    for activation, weight, expected in read:
        names = {activation.name, weight.name, expected.name}
        rest = tuple(family for family in families if family.name not in names)
        if expected.radix != "decimal" and not expected.container:
            codes = expected.read_as(is_unsigned=True)
            yield Attempt((activation, weight, codes), stage, rest)
        yield Attempt((activation, weight, expected), stage, rest)


def _is_grid(activation: Family) -> bool:
    """Whether two numbers in the names count, as tiles down and across do."""
    return sum(size > 1 for size in activation.file_sizes) > 1


def _readings(triple: Triple, rank: int) -> list[Triple]:
    """The triple, and as lists; if it is a likely one, both with signed activations, and with
    the lowest bit of each field first.
    """
    found = [triple]
    lists = [family.as_list() for family in triple]
    if any(family.container for family in triple):
        found = [(a, w, e) for a, w, e in product(*_either(triple, lists))]
    elif any(one is not None for one in lists):
        a, w, e = (one or family for one, family in zip(lists, triple, strict=True))
        found.append((a, w, e))
    if triple[2].container in OCTETS:
        found[-1:-1] = [(*triple[:2], words) for words, _ in _sums(triple[2])]
    if rank >= MOST_SIGNED:
        return found
    signed = [(a.read_as(has_signed_codes=True), w, e) for a, w, e in found]
    found += [read for read in signed if _has_sign(read[0])]
    if all(family.bits is not None and not family.container for family in triple):
        a, w, e = (family.read_as(is_lsb=True) for family in triple)
        found.append((a, w, e))
    return found


def _either(triple: Triple, lists: Sequence[Family | None]) -> Iterator[tuple[Family, ...]]:
    for family, other in zip(triple, lists, strict=True):
        yield (family,) if other is None else (family, other)


def _wide(triple: Triple) -> Iterator[Triple]:
    """The triple with operands that do not fill their words, and of octets in words of every size."""
    yield from _numbered(triple)
    if not any(family.container in OCTETS for family in triple):
        return
    for expected, order in _sums(triple[2]):
        for octets in WIDE:
            a, w = (_in_words(family, octets, order) for family in triple[:2])
            if a is not None and w is not None:
                yield from _numbered((a, w, expected))
                yield a, w, expected


def _sums(expected: Family) -> list[tuple[Family, str]]:
    """Expected numbers of octets in words, and which octet of them stands first: as sums are, if any are.

    The first bits of sums are equal, as nobody makes them narrower than need be; those of codes are not.
    """
    if expected.container not in OCTETS:
        return [(expected, order) for order in ("-little", "")]
    read = ((_in_words(expected, size, order), order) for size, order in WORDS)
    found = [(words, order) for words, order in read if words is not None]
    return [one for one in found if _has_sums(one[0])] or found


def _has_sums(words: Family) -> bool:
    if words.bits is None:
        return True
    first = words.bits[:, :, :3].sum(axis=2) % 3
    return bool(np.count_nonzero(first == 0) > MOST_LIKE_SUMS * first.size)


def _numbered(triple: Triple) -> Iterator[Triple]:
    """The triple with activations, weights, or both as numbers that do not fill their words."""
    a, w, expected = triple
    wide_a, wide_w, bare_w = a.as_numbers(), w.as_numbers(), w.without_filler()
    if bare_w is not w:
        yield (a if wide_a is a else wide_a), bare_w, expected
    if wide_a is not a and wide_w is not w:
        yield wide_a, wide_w, expected
    if wide_a is not a:
        yield wide_a, w, expected
    if wide_w is not w:
        yield a, wide_w, expected


def _in_words(family: Family, octets: int, order: str) -> Family | None:
    if family.container not in OCTETS:
        return family
    return family.in_words(octets, family.container + order)


def _has_sign(activation: Family) -> bool:
    widths = activation.widths(ACT_BITS, is_signed=True)
    values = (activation.values(bits, is_signed=True) for bits in widths)
    return any(read is not None and read.min() < 0 for read in values)


@dataclass(slots=True, eq=False)
class Search:
    """An attempt that goes on where it stopped: exact fits of the most usual sizes that have any, and the
    nearest of the others.

    clock: of all attempts. most: so many sizes alone. limit: how unusual further sizes may be.
    """

    attempt: Attempt
    clock: Clock
    most: int | None
    exact: list[Fit] = field(default_factory=list)
    near: list[Fit] = field(default_factory=list)
    limit: int | None = None
    is_done: bool = False
    left: Iterator[Sized] | None = None

    def go_on(self, seconds: float) -> None:
        """Try sizes for so many seconds of computing; once some fit, all of those that are as usual."""
        names = tuple(family.name for family in self.attempt.triple)
        self.clock.tally.roles.add(names)
        if self.left is None:
            self.left = self._sizes()
        ends = computed() + seconds
        for sized in self.left:
            is_late = self.limit is None and computed() > ends
            if self.limit is not None and sized.cost > self.limit:
                break
            self._try(sized)
            if self._is_over():
                break
            if is_late:
                return
        self.is_done = True

    def _sizes(self) -> Iterator[Sized]:
        one = self.attempt
        is_bounded = one.others is None
        roles = Roles(
            *one.triple, is_bounded=is_bounded, has_halo=one.has_halo, is_over=self._is_over
        )
        return islice(roles.unusual() if one.stage == ALL_SIZES else roles.usual(), self.most)

    def _is_over(self) -> bool:
        self.clock.tally.is_cut |= self.clock.is_over
        return self.clock.is_over

    def _try(self, sized: Sized) -> None:
        self.clock.tally.sizes += 1
        found = list(self._fits(sized, is_quick=self.attempt.is_quick))
        if self.attempt.is_quick and found:  # others may fit as well
            found = list(self._fits(sized, is_quick=False))
        for fit in filter(_says_something, found):
            if fit.is_exact:
                self.exact.append(fit)
            else:
                self.near = [min([*self.near, fit], key=_share)]
            if self.limit is None and (self.exact or (self.near and _is_near(self.near[0]))):
                self.limit = sized.cost

    def _fits(self, sized: Sized, *, is_quick: bool) -> Iterator[Fit]:
        one = self.attempt
        is_strict = one.stage != ALL_SIZES
        return search(
            one.triple,
            sized,
            others=one.others,
            is_strict=is_strict,
            is_quick=is_quick,
            is_over=self._is_over,
        )


def _is_near(fit: Fit) -> bool:
    """Whether a fit is that of the layer, with a fault in its files."""
    return _share(fit) < CLOSE or (fit.wrong == 1 and fit.telling >= FEWEST)


def _share(fit: Fit) -> float:
    return fit.wrong / max(fit.telling, 1)


def _says_something(fit: Fit) -> bool:
    """Whether the expected numbers are not all zero, which anything would fit."""
    return bool(fit.families[2].read(fit.sized.sizes.psum_bits, is_signed=True).any())


def triples(families: Sequence[Family]) -> Iterator[Triple]:
    """Activations, weights and expected numbers, the likely ones by their names first."""
    chosen = families[:MOST_FAMILIES]
    yield from sorted(permutations(chosen, 3), key=_unlikeliness)


def _unlikeliness(triple: Triple) -> tuple[int, int, float]:
    names = [family.files[0].hint.lower() for family in triple]
    strange = sum(hint.search(name) is None for hint, name in zip(HINTS, names, strict=True))
    taken = sum(
        hint.search(name) is not None
        for at, name in enumerate(names)
        for other, hint in enumerate(HINTS)
        if other != at
    )
    score = 3 * strange + 2 * taken + ("relu" in names[2])
    return score, -_in_common(names), triple[2].idle

"""Which family is which tensor: names are a hint, numbers decide."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, permutations, takewhile

from tilewright.adopt.families import Family
from tilewright.adopt.fit import Fit
from tilewright.adopt.hypotheses import ACT_BITS, Roles
from tilewright.adopt.search import search

HINTS = (
    re.compile(r"act|ifmap|input|pixel|image|img|fmap|(^|[^a-z])(x|in|data)([^a-z]|$)"),
    re.compile(r"w(ei)?gh?t|wgt|kernel|filter|coef|(^|[^a-z])(w|k)([^a-z]|$)"),
    re.compile(r"out|psum|relu|gold|expect|result|ofmap|ref|sum|acc|(^|[^a-z])(y|p|o)([^a-z]|$)"),
)
MOST_FAMILIES = 14
LIKELY, ALL_ROLES, ALL_SIZES = STAGES = (0, 1, 2)
"""What is tried first: usual sizes with the likeliest roles; then with all roles; then all other sizes."""
WORDS = ((4, "raw-little"), (4, "raw"), (2, "raw-little"), (2, "raw"))
"""Octets of an expected number in files of octets, and which of them stands first."""
MOST_LIKELY = 2
MOST_SIGNED = 2
"""Triples, the likeliest ones, that are tried first; whose activations are read as signed, too."""
MOST_OF_IT = 0.8
"""Share of the time left that one attempt may take, so that the next one has its turn."""
CLOSE = 0.05
FEWEST = 8
"""Share of wrong numbers below which a fit is taken for the layer with a fault in it."""
Triple = tuple[Family, Family, Family]


@dataclass(slots=True)
class Tally:
    """What a search has tried: sizes, roles of families, and whether an attempt ran out of its time."""

    sizes: int = 0
    roles: set[tuple[str, ...]] = field(default_factory=set)
    is_cut: bool = False


@dataclass(slots=True)
class Clock:
    """Seconds of computing that a search may still take, and what was tried in them."""

    ends: float
    tally: Tally = field(default_factory=Tally)

    @classmethod
    def of(cls, seconds: float) -> Clock:
        """A clock that runs out after so many seconds of computing."""
        return cls(time.process_time() + seconds)

    def part(self, share: float) -> Clock:
        """A clock that runs out after a share of the time that is left."""
        now = time.process_time()
        return Clock(now + share * max(self.ends - now, 0), self.tally)

    @property
    def is_over(self) -> bool:
        """Whether the time is over."""
        return time.process_time() > self.ends


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
    most: so many sizes alone, the most usual ones.
    """
    nearest: list[Fit] = []
    ranked = list(triples(families))
    for one in _attempts(ranked, families):
        if one.stage not in stages:
            continue
        exact, near = _fits_of(one, clock.part(MOST_OF_IT), most=most)
        nearest = [min([*nearest, *near], key=_share)] if near else nearest
        is_near = bool(nearest) and _is_near(nearest[0])
        if exact or is_near or clock.is_over:
            return exact or nearest
    return nearest


@dataclass(frozen=True, slots=True, eq=False)
class Attempt:
    """Three families in their roles, with constants of channels in `others`; stage: of `STAGES`.

    has_halo: activations are tiles with halo.
    """

    triple: Triple
    stage: int = LIKELY
    others: tuple[Family, ...] | None = None
    has_halo: bool = False


def _attempts(ranked: Sequence[Triple], families: Sequence[Family]) -> Iterator[Attempt]:
    """What is tried, one after the other: the likeliest roles in all ways before the other roles."""
    parts = {LIKELY: ranked[:MOST_LIKELY], ALL_ROLES: ranked[MOST_LIKELY:]}
    for stage, part in parts.items():
        read = [one for triple in part for one in _readings(triple, ranked.index(triple))]
        halos = [Attempt(triple, stage, has_halo=True) for triple in read]
        grids = [one for one in halos if _is_grid(one.triple[0])]
        yield from grids
        yield from (Attempt(triple, stage) for triple in read)
        yield from (one for one in halos if one not in grids)
        for triple in read:
            names = {family.name for family in triple}
            rest = tuple(family for family in families if family.name not in names)
            yield Attempt(triple, stage, rest)
    for triple in ranked:
        yield Attempt(triple, ALL_SIZES)


def _is_grid(activation: Family) -> bool:
    """Whether two numbers in the names count, as tiles down and across do."""
    return sum(size > 1 for size in activation.file_sizes) > 1


def _readings(triple: Triple, rank: int) -> list[Triple]:
    """The triple, and as lists; both with signed activations if it is a likely one and has any."""
    found = [triple]
    lists = [family.as_list() for family in triple]
    if any(one is not None for one in lists):
        a, w, e = (one or family for one, family in zip(lists, triple, strict=True))
        found.append((a, w, e))
    for octets, container in WORDS if triple[2].container else ():
        words = triple[2].in_words(octets, container)
        found[-1:-1] = [(*triple[:2], words)] if words is not None else []
    signed = [(a.with_signed_codes(), w, e) for a, w, e in found if rank < MOST_SIGNED]
    return found + [read for read in signed if _has_sign(read[0])]


def _has_sign(activation: Family) -> bool:
    widths = activation.widths(ACT_BITS, is_signed=True)
    values = (activation.values(bits, is_signed=True) for bits in widths)
    return any(read is not None and read.min() < 0 for read in values)


def _fits_of(
    attempt: Attempt, clock: Clock, *, most: int | None = None
) -> tuple[list[Fit], list[Fit]]:
    """Exact fits of the most usual sizes that have any, and the nearest one of the others."""
    triple = attempt.triple
    exact: list[Fit] = []
    near: list[Fit] = []
    limit: int | None = None
    is_strict = attempt.stage != ALL_SIZES
    clock.tally.roles.add(tuple(family.name for family in triple))

    def is_over() -> bool:
        clock.tally.is_cut |= clock.is_over
        return clock.is_over

    is_bounded = attempt.others is None
    roles = Roles(*triple, is_bounded=is_bounded, has_halo=attempt.has_halo, is_over=is_over)
    for sized in islice(roles.usual() if is_strict else roles.unusual(), most):
        if is_over() or (limit is not None and sized.cost > limit):
            break
        clock.tally.sizes += 1
        for fit in search(
            triple, sized, others=attempt.others, is_strict=is_strict, is_over=is_over
        ):
            if not _says_something(fit):
                continue
            if fit.is_exact:
                exact.append(fit)
            else:
                near = [min([*near, fit], key=_share)]
            if exact or (near and _is_near(near[0])):
                limit = sized.cost if limit is None else limit
    return exact, near


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
    names = [family.files[0].name.lower() for family in triple]
    strange = sum(hint.search(name) is None for hint, name in zip(HINTS, names, strict=True))
    taken = sum(
        hint.search(name) is not None
        for at, name in enumerate(names)
        for other, hint in enumerate(HINTS)
        if other != at
    )
    score = 3 * strange + 2 * taken + ("relu" in names[2])
    return score, -_in_common(names), triple[2].idle

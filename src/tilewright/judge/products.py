"""The linear engine: which products are missing, doubled or made with another weight.

A psum is linear in the weights. So what a number has too much is a sum of codes, each times the amount by
which its weight acts as another one: solved exactly, channel by channel, for few changed weights, or for all
of them where there are more pixels than weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tilewright.judge.cause import Signal
from tilewright.judge.problem import Problem
from tilewright.spec import Ints

FEWEST = 4
"""Pixels of a channel that must differ, at least: fewer are matched by chance."""
SPARE = 4
"""Equations beyond the unknowns, at least, where all weights of a channel are solved for."""


@dataclass(frozen=True, slots=True)
class ProductChange:
    """The weight of a product acts as another one, in every pixel: 0 if the product is lost."""

    oc: int
    ic: int
    kij: int
    weight: int
    acts_as: int

    def __str__(self) -> str:
        verb = {0: "is lost", 2 * self.weight: "counts twice", -self.weight: "is subtracted"}
        end = verb.get(self.acts_as, f"is made with weight {self.acts_as}")
        return f"oc={self.oc}, ic={self.ic}, kij={self.kij}: the product with weight {self.weight} {end}"


def changed_products(problem: Problem) -> tuple[ProductChange, ...]:
    """The fewest changed weights that reproduce every known number; empty if there are none or several.

    Only for sums before an output function, of one group.
    """
    if problem.groups > 1 or problem.function.function != "signed":
        return ()
    columns = Signal(problem.weight, problem.plane, problem.window).columns.astype(np.int64)
    codes = columns.reshape(-1, columns.shape[-1])  # (ic kij) pixel
    delta, known = (problem.target - problem.expected)[0], problem.known[0]
    found = list[ProductChange]()
    for oc in np.flatnonzero((known & (delta != 0)).any(axis=1)).tolist():
        seen, wanted = codes[:, known[oc]], delta[oc, known[oc]]
        changes = _solve(problem, seen, wanted) if (wanted != 0).sum() >= FEWEST else None
        if changes is None:
            return ()
        weight = problem.weight[oc].reshape(-1)
        for k, amount in changes:
            ic, kij = divmod(k, problem.shape.taps)
            found.append(ProductChange(oc, ic, kij, int(weight[k]), int(weight[k]) + amount))
    return tuple(found)


Change = tuple[int, int]


def _solve(problem: Problem, codes: Ints, wanted: Ints) -> list[Change] | None:
    """``(k, amount)`` whose sum of amount * codes[k] is `wanted`: the only one with fewest k, else None."""
    amounts = np.arange(1, (1 << problem.array.weight_bits) + 1)
    amounts = np.concatenate([amounts, -amounts])
    for solutions in (_one(codes, wanted, amounts), _two(codes, wanted, amounts)):
        several = [s for _, s in zip(range(2), solutions, strict=False)]
        if several:
            return several[0] if len(several) == 1 else None
    return _all(codes, wanted)


def _one(codes: Ints, wanted: Ints, amounts: Ints) -> Iterator[list[Change]]:
    factors = np.random.default_rng(4).integers(-(1 << 62), 1 << 62, len(wanted))
    hashes = (codes @ factors)[:, None] * amounts  # wraps modulo 2**64, as it should
    for k, at in np.argwhere(hashes == wanted @ factors).tolist():
        if (codes[k] * amounts[at] == wanted).all():
            yield [(k, int(amounts[at]))]


def _two(codes: Ints, wanted: Ints, amounts: Ints) -> Iterator[list[Change]]:
    factors = np.random.default_rng(4).integers(-(1 << 62), 1 << 62, len(wanted))
    hashes = ((codes @ factors)[:, None] * amounts).ravel()
    order = np.argsort(hashes, kind="stable")
    others = wanted @ factors - hashes
    low = np.searchsorted(hashes[order], others, "left")
    high = np.searchsorted(hashes[order], others, "right")
    for first in np.flatnonzero(high > low).tolist():
        for second in order[low[first] : high[first]].tolist():
            (k, a), (m, b) = divmod(first, len(amounts)), divmod(second, len(amounts))
            if k < m and (codes[k] * amounts[a] + codes[m] * amounts[b] == wanted).all():
                yield [(k, int(amounts[a])), (m, int(amounts[b]))]


def _all(codes: Ints, wanted: Ints) -> list[Change] | None:
    """The one solution where there are more pixels than weights; checked with ==."""
    seen = np.flatnonzero(codes.any(axis=1))
    if len(wanted) < len(seen) + SPARE:
        return None
    matrix = codes[seen].T.astype(np.float64)
    solution, _, rank, _ = np.linalg.lstsq(matrix, wanted.astype(np.float64), rcond=None)
    amounts = np.rint(solution).astype(np.int64)
    if rank < len(seen) or (codes[seen].T @ amounts != wanted).any():
        return None
    return [(int(seen[i]), int(amounts[i])) for i in np.flatnonzero(amounts)]

"""The search: single causes first, then such in a part of the layer; pairs only where none of them fits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tilewright.judge.cause import Cause, all_causes, predict, taken
from tilewright.judge.in_folds import MOST_FOLDS, causes_in_folds
from tilewright.judge.in_part import CHOICES, causes_in_part
from tilewright.judge.in_pixels import causes_in_pixels
from tilewright.judge.open_causes import OpenCause, open_fits
from tilewright.judge.open_pairs import open_pairs
from tilewright.judge.pairs import candidate_pairs
from tilewright.judge.problem import Problem
from tilewright.judge.rows import Rows, reproduces, screened
from tilewright.judge.tables import BITS_OF_ENTRY, causes_of_tables
from tilewright.spec import Ints

FEW_ENTRIES = 3
"""Wrong entries of a table, at most, that are likelier than a mistake in a part of the layer, or two."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What a search has found: every set of causes that reproduces every known number, and how near one came.

    fits: single causes, or pairs; empty if there are none. nearest: the single causes that reproduce most
    known numbers, best first, and what they put out. tried: how many single causes there are. open_fits:
    where nothing else fits, causes that reproduce all but the numbers that they leave open.
    """

    fits: tuple[tuple[Cause, ...], ...]
    nearest: tuple[tuple[Cause, Ints], ...]
    tried: int
    open_fits: tuple[OpenCause, ...] = ()


def search(problem: Problem, *, has_pairs: bool = True) -> Found:
    """Search all families for what turns the operands into the dump."""
    causes = all_causes(problem)
    screen = screened(problem)
    rows = Rows.of(screen, causes)
    fits: list[tuple[Cause, ...]] = [(cause,) for cause in _singles(problem, rows, causes)]
    tried = len(causes)
    tables = [] if fits else list(causes_of_tables(problem))
    if not fits and any(size <= FEW_ENTRIES for _, size in tables):
        fits, tried = _of_tables(problem, tables, tried)
    if not fits:
        parts = causes_in_part(problem, rows, causes)
        parts = parts or list(causes_in_pixels(problem, rows, causes))
        fits = _that_fit(problem, parts)
        tried *= CHOICES
    if not fits:
        fits = _that_fit(problem, causes_in_folds(screen, causes))
        tried <<= min(problem.itiles * problem.shape.taps, MOST_FOLDS) * bool(fits)
    if not fits and has_pairs:
        pairs = candidate_pairs(problem, rows, causes)
        pairs += [(b, a) for a, b in pairs if a.order == b.order]  # the order may matter, too
        fits = [pair for pair in pairs if reproduces(problem, predict(problem, pair))]
    if not fits and tables:
        fits, tried = _of_tables(problem, tables, tried)
    if fits:
        return Found(tuple(fits), (), tried)
    nearest = tuple(_nearest(problem, rows, causes))
    opens = open_fits(problem, causes)
    if not opens and has_pairs:
        opens = open_pairs(problem, rows, causes)
    return Found((), nearest, len(causes), opens)


def _that_fit(problem: Problem, causes: Iterable[Cause]) -> list[tuple[Cause, ...]]:
    return [(one,) for one in causes if reproduces(problem, predict(problem, (one,)))]


def _of_tables(
    problem: Problem, tables: Sequence[tuple[Cause, int]], tried: int
) -> tuple[list[tuple[Cause, ...]], int]:
    """The tables with the fewest wrong entries, and among how many they were chosen."""
    fewest = min(size for _, size in tables)
    chosen = [cause for cause, size in tables if size == fewest]
    return _that_fit(problem, chosen), tried << BITS_OF_ENTRY * fewest


def _singles(problem: Problem, rows: Rows, causes: Sequence[Cause]) -> Iterator[Cause]:
    """Causes in the order of their families."""
    fits = np.all(rows.reproduced().reshape(len(rows.causes), -1), axis=1)
    likely = {rows.causes[row].key for row in np.flatnonzero(fits).tolist()}
    there = {cause.key for cause in rows.causes}
    right = predict(problem, ())
    for cause in causes:
        if cause.stage == "place":
            fits_here = reproduces(problem, taken(right, cause.apply(problem, None)))
        elif cause.key in likely or cause.key not in there:
            fits_here = reproduces(problem, predict(problem, (cause,)))
        else:
            fits_here = False
        if fits_here:
            yield cause


NEAREST = 3


def _nearest(problem: Problem, rows: Rows, causes: Sequence[Cause]) -> Iterator[tuple[Cause, Ints]]:
    """Those that reproduce the largest part of what was looked at; moved numbers are all looked at."""
    shares = rows.reproduced().reshape(len(rows.causes), -1).mean(axis=1)
    best = np.argsort(-shares, kind="stable")[:NEAREST].tolist()
    rated = [(float(shares[row]), rows.causes[row]) for row in best]
    right = predict(problem, ())
    for cause in (cause for cause in causes if cause.stage == "place"):
        agrees = (taken(right, cause.apply(problem, None)) == problem.target) | ~problem.known
        rated.append((float(agrees.mean()), cause))
    for _, cause in sorted(rated, key=lambda one: -one[0])[:NEAREST]:
        yield cause, predict(problem, (cause,))

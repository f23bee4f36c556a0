"""Cycles of the serial schedule by phase, in closed form: no layer is run.

The phases part a fold by what happens at its memories, so each cycle belongs to exactly one of them:

    load        a weight word is read
    fill        activation words are read or on their way; no vector has reached the accumulator
    stream      a word is read and a vector arrives
    drain       vectors arrive; no word is left to read
    accumulate  the last sum is written

`Phases.total` is ``nij + 2 * cols + rows + 3`` (docs/dataflows.md); docs/cycles.md derives the parts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass

from tilewright.tile import TilePlan


@dataclass(frozen=True, slots=True)
class Phases:
    """Busy cycles of one or more folds, by phase."""

    load: int
    fill: int
    stream: int
    drain: int
    accumulate: int

    @property
    def total(self) -> int:
        """All busy cycles."""
        return self.load + self.fill + self.stream + self.drain + self.accumulate

    def plus(self, other: Phases) -> Phases:
        """Cycles of these and other folds."""
        return Phases(
            *(ours + theirs for ours, theirs in zip(astuple(self), astuple(other), strict=True))
        )

    def times(self, folds: int) -> Phases:
        """Cycles of so many equal folds."""
        return Phases(*(cycles * folds for cycles in astuple(self)))


def fold_phases(plan: TilePlan) -> Phases:
    """Cycles of one fold.

    >>> from tilewright.spec import ArrayShape, ConvShape
    >>> choke = ConvShape(ic=8, ih=4, iw=4, oc=8, kh=3, kw=3, padding=(1, 1))
    >>> fold_phases(TilePlan(choke, ArrayShape(8, 8, psum_bits=16)))
    Phases(load=8, fill=18, stream=18, drain=18, accumulate=1)
    """
    words, latency = plan.shape.nij, read_to_vector(plan)
    return Phases(
        load=plan.array.cols,
        fill=latency,
        stream=max(0, words - latency),
        drain=min(words, latency),
        accumulate=1,
    )


def read_to_vector(plan: TilePlan) -> int:
    """Cycles from the read of an activation word to the arrival of its vector, ``rows + cols + 2``.

    One to the memory's output, one through L0, ``rows + cols - 1`` through the array with its skew, and
    one through OFIFO.
    """
    return plan.array.rows + plan.array.cols + 2


def job_phases(plan: TilePlan) -> Phases:
    """Cycles of one job, that is of one output tile."""
    return fold_phases(plan).times(plan.folds_per_otile)


def layer_phases(plan: TilePlan) -> Phases:
    """Cycles of a layer for one sample."""
    return job_phases(plan).times(plan.otiles)


def network_phases(plans: Iterable[TilePlan]) -> Phases:
    """Cycles of several layers, one after the other, for one sample."""
    layers = [astuple(layer_phases(plan)) for plan in plans]
    return Phases(*(sum(phase) for phase in zip(*layers, strict=True))) if layers else _NONE


_NONE = Phases(0, 0, 0, 0, 0)

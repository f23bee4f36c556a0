"""All mutants against all vectors, and the score."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Protocol

from tilewright.corners import VectorSet
from tilewright.mutation.equivalence import Judge
from tilewright.mutation.log import CampaignLog
from tilewright.mutation.mutant import CATEGORIES, Mutant
from tilewright.mutation.screen import Hints
from tilewright.mutation.trial import Outcome
from tilewright.programs.pace import Pace
from tilewright.programs.process import program_threads

Progress = Callable[[str], None]
Orders = Sequence[tuple[Mutant, Sequence[VectorSet]]]
"""Mutants, each with the sets that it is tried on before all others."""
Elsewhere = Callable[[Orders], Iterator[Outcome]]
Screen = Callable[[Sequence[Mutant]], Hints]


class Tries(Protocol):
    """Whoever can run a mutant: `Bench` for a core with our ports."""

    @property
    def sources(self) -> Mapping[str, str]:
        """The core without a mutation, file names to text."""

    def try_mutant(self, mutant: Mutant, sets: Sequence[VectorSet]) -> Outcome:
        """Run a mutant on vectors, until some show a difference from the core."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """The outcome of every mutant."""

    sets: tuple[VectorSet, ...]
    outcomes: tuple[Outcome, ...]
    seconds: float

    def count(self, status: str) -> int:
        """The number of mutants with this outcome."""
        return sum(outcome.status == status for outcome in self.outcomes)

    @property
    def survivors(self) -> tuple[Outcome, ...]:
        """Mutants that no vectors noticed, and that are not known to be equivalent."""
        return tuple(outcome for outcome in self.outcomes if outcome.status == "survived")

    def killed_by(self, name: str) -> int:
        """The number of mutants that this set killed, of those that the sets before it left."""
        return sum(outcome.by == name for outcome in self.outcomes)

    @property
    def unnoticed_files(self) -> tuple[str, ...]:
        """Files of which no mutant was noticed, where those of others were: they may not run at all."""
        killed = {one.mutant.file for one in self.outcomes if one.status == "killed"}
        alive = dict.fromkeys(one.mutant.file for one in self.survivors)
        return tuple(file for file in alive if file not in killed) if killed else ()

    def score(self, through: str | None = None) -> float:
        """Killed mutants over those that are neither equivalent nor failed to build.

        through: count only what the sets up to this one killed; None: all.
        """
        names = [one.name for one in self.sets]
        counted = names[: names.index(through) + 1] if through is not None else names
        killed = sum(self.killed_by(name) for name in counted)
        return killed / max(1, self.count("killed") + self.count("survived"))

    def to_facts(self) -> dict[str, Any]:
        """All figures and all mutants, for JSON."""
        statuses = ("killed", "survived", "equivalent", "not built")
        return {
            "mutants": len(self.outcomes),
            **{status.replace(" ", "_"): self.count(status) for status in statuses},
            "score": self.score(),
            "sets": [
                {
                    "name": one.name,
                    "how": one.how,
                    "bundles": len(one.folders),
                    "killed": self.killed_by(one.name),
                    "score": self.score(one.name),
                }
                for one in self.sets
            ],
            "categories": self._by_category(),
            "outcomes": [
                {"status": one.status, "by": one.by, "evidence": one.evidence}
                | one.mutant.to_facts()
                for one in self.outcomes
            ],
            "seconds": round(self.seconds, 1),
        }

    def _by_category(self) -> dict[str, dict[str, int]]:
        table: dict[str, dict[str, int]] = {}
        for outcome in self.outcomes:
            line = table.setdefault(outcome.mutant.category, {})
            line[outcome.status] = line.get(outcome.status, 0) + 1
        return {category: table[category] for category in CATEGORIES if category in table}


def run_campaign(
    mutants: Sequence[Mutant],
    bench: Tries,
    sets: Sequence[VectorSet],
    *,
    judge: Judge,
    jobs: int,
    progress: Progress,
    log: CampaignLog | None = None,
    elsewhere: Elsewhere | None = None,
    screen: Screen | None = None,
) -> Campaign:
    """Try every mutant, `jobs` at a time; what survives is examined by `judge`.

    elsewhere: gives the outcomes of mutants, in order, in place of the threads here. log: where outcomes are
    kept as they come; mutants whose outcome it holds are not tried again. screen: says where to look first; a
    mutant that it does not notice is tried on every bundle unless `judge` knows it to be equivalent.
    """
    since = time.monotonic()
    outcomes = {} if log is None else log.find_all(mutants)
    fresh = [mutant for mutant in mutants if mutant not in outcomes]
    hints = screen(fresh) if screen else {}
    pace = Pace(len(fresh), "mutants")
    settled = _equivalent(fresh, hints, bench, judge, jobs=jobs)
    orders = [
        (one, hints[one].first if one in hints else ()) for one in fresh if one not in settled
    ]
    tried = elsewhere(orders) if elsewhere else _tried_here(bench, orders, sets, jobs=jobs)
    for number, outcome in enumerate(chain(settled.values(), tried), 1):
        if log is not None and outcome.status != "equivalent":  # which depends on the judge
            log.keep(outcome)
        outcomes[outcome.mutant] = outcome
        survived = sum(one.status == "survived" for one in outcomes.values())
        progress(f"{pace.line(number)}; {survived} survived")
    judged = tuple(_judged(outcomes[mutant], bench, judge) for mutant in mutants)
    return Campaign(tuple(sets), judged, time.monotonic() - since)


def _tried_here(
    bench: Tries, orders: Orders, sets: Sequence[VectorSet], *, jobs: int
) -> Iterator[Outcome]:
    with program_threads(jobs) as pool:  # the simulators are programs of their own
        yield from pool.each(
            lambda order: bench.try_mutant(order[0], in_order(order[1], sets)), orders
        )


def in_order(first: Sequence[VectorSet], sets: Sequence[VectorSet]) -> Sequence[VectorSet]:
    """The sets, behind those that are tried first."""
    return [*first, *sets] if first else sets


def _equivalent(
    mutants: Sequence[Mutant], hints: Hints, bench: Tries, judge: Judge, *, jobs: int
) -> dict[Mutant, Outcome]:
    """Outcomes of the mutants that nothing noticed when they were screened, and that are equivalent.

    They are tried on what was not screened, or the first bundle: one may still be killed, or not be built.
    """

    def settle(mutant: Mutant) -> Outcome | None:
        reason = judge.why_equivalent(mutant, bench.sources)
        if reason is None:
            return None
        found = bench.try_mutant(mutant, hints[mutant].first)
        return found if found.status != "survived" else Outcome(mutant, "equivalent", "", reason)

    asked = [mutant for mutant in mutants if mutant in hints and not hints[mutant].is_noticed]
    with program_threads(jobs) as pool:
        outcomes = pool.each(settle, asked)
        return {one.mutant: one for one in outcomes if one is not None}


def _judged(outcome: Outcome, bench: Tries, judge: Judge) -> Outcome:
    if outcome.status != "survived":
        return outcome
    reason = judge.why_equivalent(outcome.mutant, bench.sources)
    if reason is not None:
        return Outcome(outcome.mutant, "equivalent", evidence=reason)
    return replace(outcome, evidence=judge.why_not_killed(outcome.mutant, bench.sources))

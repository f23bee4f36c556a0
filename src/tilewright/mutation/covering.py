"""The fewest runs of the array that kill every mutant that any of them kills, by polynomials."""

from __future__ import annotations

import random
import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Generic, TypeVar

from tilewright.corners.covering import FOLDS, LANES, STEPS, WORDS, CoveringRun, Pattern
from tilewright.mutation.proofs import JOBS
from tilewright.prove.algebra import Algebra
from tilewright.prove.array import ArrayClaim, ArrayJob, mode_of
from tilewright.prove.collection import uncollected
from tilewright.prove.machine import Machine
from tilewright.prove.netlist import Netlist
from tilewright.prove.polynomials import Poly
from tilewright.prove.proof import Check, ControlError
from tilewright.prove.words import Value, Word, Words
from tilewright.tile.dataflow import core_wiring

_NAME = re.compile(r"(act|weight|north)\[(\d+)\]\[(\d+)\]\[(\d+)\](?:\.(low|high))?")
_MOST_NODES = 200_000
"""Choices that the search for a smallest cover looks into."""
Key = TypeVar("Key", bound=Hashable)


def patterns(count: int, *, seed: int) -> list[Pattern]:
    """Patterns to choose from: each activation with each weight of a few, turns of them, random ones."""
    rng = random.Random(seed)  # noqa: S311  # patterns, no secret
    even = [
        Pattern(((act,) * LANES,) * STEPS, (((weight,) * WORDS,) * LANES,) * FOLDS)
        for act, weight in product((15, 5, 0), (-8, 7, -1, 1))
    ]
    return [*even, *(_random(rng, number) for number in range(count))]


def _random(rng: random.Random, number: int) -> Pattern:
    """Every other one of ends alone."""
    acts = (0, 1, 3, 12, 15) if number % 2 else range(16)
    weights = (-8, -7, -1, 0, 1, 7) if number % 2 else range(-8, 8)

    def some(source: Sequence[int], many: int) -> tuple[int, ...]:
        return tuple(rng.choice(source) for _ in range(many))

    return Pattern(
        tuple(some(acts, LANES) for _ in range(STEPS)),
        tuple(tuple(some(weights, WORDS) for _ in range(LANES)) for _ in range(FOLDS)),
    )


def job_of(run: CoveringRun, rows: int = 3, cols: int = 2) -> ArrayJob:
    """The control of a run on an array of some size."""
    mode = mode_of(core_wiring(run.dataflow), run.dataflow.channels_per_pe)
    (job,) = (j for j in JOBS if (j.mode, j.is_saturating) == (mode, run.is_saturating))
    return ArrayJob(
        rows=rows,
        cols=cols,
        mode=job.mode,
        vectors=STEPS,
        folds=FOLDS,
        column_bits=job.column_bits,
        is_saturating=job.is_saturating,
        stalls=job.stalls,
    )


def number_of(run: CoveringRun, name: str) -> int:
    """The number that a run gives to an input of `ArrayClaim`, by its name."""
    found = _NAME.fullmatch(name)
    if found is None:
        raise ValueError(f"an input must be a weight or an activation, but is {name}")
    kind, half = found[1], found[5]
    fold, one, two = map(int, found.groups()[1:4])
    if kind == "act":
        word = run.pattern.act(one, two)
        return word if half is None else word & 3 if half == "low" else word >> 2
    return run.weight(fold, two, one) if kind == "north" else run.weight(fold, one, two)


# -- which runs kill ------------------------------------------------------------------------------------


@dataclass(slots=True)
class Shown:
    """What a netlist shows where something is due, as polynomials.

    differing: values that are not the expected ones as polynomials, each with what is expected. has_control:
    valid bits are what they must be, or not known. is_x: a value is x, whatever the inputs.
    """

    words: Words
    differing: list[tuple[Value, Check]]
    has_control: bool = True
    is_x: bool = False

    def is_killed_by(self, run: CoveringRun) -> bool:
        """Whether an output differs for the numbers of a run, or is x; the prover's limits tell nothing."""
        if not self.has_control or self.is_x:
            return True
        algebra, known = self.words.algebra, dict[int, int]()
        point = {
            index: number_of(run, one.name)
            for index, one in enumerate(algebra.variables)
            if one.meaning is None
        }
        return any(
            self.words.evaluate(value, point, known)
            != algebra.evaluate(check.expected, point, known) & ((1 << check.width) - 1)
            for value, check in self.differing
        )


@uncollected()
def show(netlist: Netlist, job: ArrayJob) -> Shown:
    """Run a job on a netlist of tw_array, with any numbers, to its end or to wrong control."""
    words = Words(Algebra())
    claim = ArrayClaim(job, words)
    machine = Machine(netlist, words, constants=claim.constants)
    shown = Shown(words, [])
    try:
        for inputs in claim.inputs():
            machine.settle(inputs)
            for check in claim.checks(machine.cycle, machine):
                value = words.slice(machine.read(check.port), check.low, check.width)
                if isinstance(value, Word) and value.unknown is not None:
                    shown.is_x |= value.unknown.is_x
                elif not _is_expected(words, value, check.expected):
                    shown.differing.append((value, check))
            machine.tick()
    except ControlError as error:
        shown.has_control = not error.is_wrong
    return shown


def _is_expected(words: Words, value: Value, expected: Poly) -> bool:
    return words.representative(value) is expected


# -- the fewest ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cover(Generic[Key]):
    """Sets that have together all that any has. at_least: no fewer sets do; so few are a smallest cover."""

    chosen: tuple[Key, ...]
    at_least: int

    @property
    def is_smallest(self) -> bool:
        """Whether it is proved that no fewer do."""
        return len(self.chosen) == self.at_least


def smallest_cover(sets: Mapping[Key, frozenset[int]]) -> Cover[Key]:
    """The fewest sets with all members of all; a good cover and a bound where the search is too long."""
    wanted = frozenset().union(*sets.values())
    kept = _undominated(sets)
    search = _Search(kept, list(_greedy(kept, wanted)))
    is_whole = search.run([], wanted)
    at_least = len(search.best) if is_whole else _bound(kept, wanted)
    return Cover(tuple(search.best), at_least)


def _undominated(sets: Mapping[Key, frozenset[int]]) -> dict[Key, frozenset[int]]:
    """Without sets all of whose members another one has."""
    kept: dict[Key, frozenset[int]] = {}
    for key, one in sorted(sets.items(), key=lambda item: -len(item[1])):
        if not any(one <= other for other in kept.values()):
            kept[key] = one
    return kept


def _greedy(sets: Mapping[Key, frozenset[int]], wanted: frozenset[int]) -> Iterator[Key]:
    while wanted:
        key = max(sets, key=lambda one: len(sets[one] & wanted))
        yield key
        wanted -= sets[key]


def _bound(sets: Mapping[Key, frozenset[int]], wanted: frozenset[int]) -> int:
    """Members of which no set has two: each asks for a set of its own."""
    holders = {one: [s for s in sets.values() if one in s] for one in wanted}
    count = 0
    left = set(wanted)
    for one in sorted(wanted, key=lambda member: len(holders[member])):
        if one in left:
            count += 1
            left -= frozenset().union(*holders[one])
    return count


@dataclass(slots=True)
class _Search(Generic[Key]):
    sets: Mapping[Key, frozenset[int]]
    best: list[Key]
    nodes: int = 0

    def run(self, chosen: list[Key], wanted: frozenset[int]) -> bool:
        """Look for a smaller cover that begins with the chosen ones; whether nothing was left out."""
        self.nodes += 1
        if not wanted:
            if len(chosen) < len(self.best):
                self.best = list(chosen)
            return True
        if len(chosen) + _bound(self.sets, wanted) >= len(self.best):
            return True
        if self.nodes > _MOST_NODES:
            return False
        rarest = min(wanted, key=lambda one: sum(one in s for s in self.sets.values()))
        holders = sorted(
            (key for key, one in self.sets.items() if rarest in one),
            key=lambda key: -len(self.sets[key] & wanted),
        )
        found = [self.run([*chosen, key], wanted - self.sets[key]) for key in holders]
        return all(found)

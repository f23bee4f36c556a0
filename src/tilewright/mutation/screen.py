"""Where to look first: which bundles show a mutant under a simulator that is fast, once it is built.

All mutants that can be are built into one program (`schemata`) for each size of the core. What it shows is
no verdict: it has two states, and the mutants stand in another text. It says where the bench looks first,
and of which mutants one may ask whether they are equivalent before every bundle was tried on them.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tilewright.cores import CosimResult
from tilewright.cores.run import Builder
from tilewright.cores.run_list import BenchRun, by_core, grouped
from tilewright.cores.simulator import find_simulator
from tilewright.cores.sources import read_sources
from tilewright.corners import VectorSet
from tilewright.errors import TilewrightError, ToolError
from tilewright.mutation.mutant import Mutant
from tilewright.mutation.schemata import CHOICE, PLUSARG, Schemata, embed
from tilewright.mutation.trial import Bench, BundleKey, bundles_of, write_core
from tilewright.programs.process import program_threads
from tilewright.vectors import read_bundle

SIMULATOR = "verilator"
BUILD_TIMEOUT_S = 900.0
LEAST = 125
"""Mutants times bundles of one size of the core: fewer are simulated sooner than a program is built."""
MOST_PLACES = 3
"""Bundles that are tried first, of those that show a difference."""
_ERROR = re.compile(r"%Error[^:]*: (?:\./)?([^:\s]+):(\d+):")
_RULES = ("BLKANDNBLK", "COMBDLY", "INITIALDLY")
"""What a mutant may do, though Verilator takes it for an error: the simulator that judges it may not."""
_LENIENT = {
    "tw_lenient.vlt": "".join(["`verilator_config\n", *(f"lint_off -rule {r}\n" for r in _RULES)])
}

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Hint:
    """Where to look first for a mutant.

    first: sets of one bundle each: those that show it, after those that were not screened and come before.
    is_noticed: whether any bundle that was screened shows it.
    """

    first: tuple[VectorSet, ...]
    is_noticed: bool


Hints = Mapping[Mutant, Hint]


def screen(
    bench: Bench,
    mutants: Sequence[Mutant],
    fresh: Sequence[Mutant],
    sets: Sequence[VectorSet],
    *,
    jobs: int,
    say: Say,
    cache_dir: Path | None = None,
) -> Hints:
    """Hints for those of the `fresh` mutants that can be built together; none where that does not pay.

    mutants: all of the campaign: they share a program, which a campaign that goes on finds in the cache
    (`cache_dir`; None: the user's).
    """
    numbered = dict(enumerate(mutants, 1))
    try:
        screening = _Screening.build(bench, numbered, tuple(bundles_of(sets)), cache_dir)
    except ToolError as error:
        say(f"mutants are tried without a look at where: {error}")
        return {}
    numbers = {one: number for number, one in numbered.items() if number in screening.numbers}
    wanted = [mutant for mutant in fresh if mutant in numbers]
    if not wanted:
        return {}
    say(f"{SIMULATOR} says of {len(wanted):,} mutants where to look first")
    with program_threads(jobs) as pool:
        hints = pool.each(lambda mutant: screening.hint(numbers[mutant]), wanted)
        return dict(zip(wanted, hints, strict=True))


@dataclass(frozen=True, slots=True)
class _Program:
    """A core with the mutants `numbers` in it, and the bundles, by position, that share a simulation."""

    builder: Builder
    path: Path
    numbers: frozenset[int]
    shares: tuple[tuple[int, ...], ...]

    def results(self, number: int, runs: Sequence[BenchRun]) -> tuple[CosimResult, ...] | None:
        """Those of a mutant; None if it breaks the simulation off, or does not end."""
        try:
            return self.builder.results(self.path, runs, {PLUSARG: str(number)})
        except TilewrightError:
            return None


@dataclass(frozen=True, slots=True)
class _Screening:
    """Programs for the bundles `pairs`; none for those of a size of the core of which there are few."""

    bench: Bench
    mutants: Mapping[int, Mutant]
    pairs: tuple[tuple[VectorSet, Path], ...]
    runs: tuple[BenchRun, ...]
    programs: tuple[_Program, ...]

    @classmethod
    def build(
        cls,
        bench: Bench,
        mutants: Mapping[int, Mutant],
        pairs: tuple[tuple[VectorSet, Path], ...],
        cache_dir: Path | None,
    ) -> _Screening:
        """Build, and have every program show that it is the core where no mutant is chosen.

        Raises `ToolError` if one is not, and if the simulator is missing or fails.
        """
        runs = tuple(BenchRun(read_bundle(folder), one.setup) for one, folder in pairs)
        programs: list[_Program] = []
        left = mutants
        for positions in by_core(runs):
            if len(positions) * len(mutants) >= LEAST:
                own = [runs[position] for position in positions]
                builder, path, numbers = _build(bench, left, own, cache_dir)
                shares = grouped(positions, lambda position: runs[position].setup.plusargs)
                programs.append(_Program(builder, path, numbers, tuple(map(tuple, shares))))
                left = {number: mutants[number] for number in programs[-1].numbers}
        screening = cls(bench, mutants, pairs, runs, tuple(programs))
        for program in programs:
            if any(screening._differing(0, share, program) for share in program.shares):
                raise ToolError("the core with every mutant in its text is not the core")
        return screening

    @property
    def numbers(self) -> frozenset[int]:
        """The mutants that every program has."""
        return self.programs[-1].numbers if self.programs else frozenset()

    def hint(self, number: int) -> Hint:
        """Look until no bundle before the first that shows the mutant is left."""
        shares = [
            (part, program)
            for program in self.programs
            for share in program.shares
            for part in self._parts(number, share)
        ]
        found: list[int] = []
        for share, program in sorted(shares, key=lambda both: both[0]):
            if found and min(found) < share[0]:
                break
            found += self._differing(number, share, program)
        screened = {position for share, _ in shares for position in share}
        places = sorted(found)[:MOST_PLACES]
        end = places[0] if places else len(self.pairs)
        unseen = [position for position in range(end) if position not in screened]
        first = [*unseen, *places] or [0]
        return Hint(tuple(self._alone(position) for position in first), bool(found))

    def _parts(self, number: int, share: tuple[int, ...]) -> list[tuple[int, ...]]:
        """What comes after reset is seen by the first bundle of a simulation alone."""
        is_reset = self.mutants[number].category == "reset"
        return [(position,) for position in share] if is_reset else [share]

    def _alone(self, position: int) -> VectorSet:
        one, folder = self.pairs[position]
        return replace(one, folders=(folder,))

    def _differing(self, number: int, share: Sequence[int], program: _Program) -> list[int]:
        """The bundles that show a mutant; where it breaks off, the first that does by itself."""
        results = program.results(number, [self.runs[position] for position in share])
        if results is None:
            by_itself = ([position] for position in share if len(share) > 1)
            parts = (self._differing(number, one, program) for one in by_itself)
            return next(filter(None, parts), list(share) if len(share) == 1 else [])
        return [
            position
            for position, result in zip(share, results, strict=True)
            if self.bench.difference(result, self._key(position)) is not None
        ]

    def _key(self, position: int) -> BundleKey:
        one, folder = self.pairs[position]
        return one.name, folder


def _build(
    bench: Bench, mutants: Mapping[int, Mutant], runs: Sequence[BenchRun], cache_dir: Path | None
) -> tuple[Builder, Path, frozenset[int]]:
    """A program of all mutants but those that cannot be in it, or with which it cannot be built."""
    simulator = find_simulator(SIMULATOR)
    while True:
        schemata = embed(bench.sources, mutants)
        builder = Builder(simulator, _sources(schemata), cache_dir, BUILD_TIMEOUT_S)
        try:
            path = builder.program(runs)
            return replace(builder, timeout_s=bench.timeout_s), path, schemata.numbers
        except ToolError as error:
            found = _ERROR.search(str(error))
            blamed = schemata.blamed(found[1], int(found[2])) if found else frozenset[int]()
            if not blamed:
                raise
            mutants = {number: one for number, one in mutants.items() if number not in blamed}


def _sources(schemata: Schemata) -> dict[str, bytes]:
    """What is built, in order: with the testbench, and the package that holds the choice first."""
    with tempfile.TemporaryDirectory(prefix="tilewright-mutant-") as name:
        core = read_sources(write_core(Path(name), schemata.sources))
    added = {file: text.encode() for file, text in (CHOICE | _LENIENT).items()}
    return added | core

"""Run one mutant against vectors, and say whether they notice it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tilewright.cores import CosimResult, Setup, run_bundle, run_bundles
from tilewright.cores.run_list import BenchRun, by_core, core_of
from tilewright.cores.sources import read_core
from tilewright.corners import VectorSet
from tilewright.errors import ShapeError, SimulationError, ToolError
from tilewright.mutation.mutant import Mutant
from tilewright.vectors import read_bundle

BundleKey = tuple[str, Path]
"""Name of a set, and the folder of a bundle: sets share bundles, and run them in other ways."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a mutant.

    status: "killed", "survived", "equivalent" or "not built". by: the set whose vectors killed it.
    evidence: the first thing that gave it away, or why it is equivalent.
    """

    mutant: Mutant
    status: str
    by: str = ""
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Bench:
    """A core, as file names to text, and how it is simulated.

    cycles, overflows: of each bundle in each set, by fold, and the vectors with a sum that does not fit, as
    the core without a mutation has them.
    """

    sources: Mapping[str, str]
    simulator: str
    timeout_s: float
    cycles: Mapping[BundleKey, tuple[int, ...]]
    overflows: Mapping[BundleKey, int]

    @classmethod
    def prepare(
        cls,
        rtl_dir: Path,
        sets: Sequence[VectorSet],
        *,
        simulator: str,
        timeout_s: float,
    ) -> Bench:
        """Run the core without a mutation on all sets.

        Raises `ToolError` if there is no core, if it does not build, and if it is not exact on every
        bundle: a core that already fails cannot show what a mutation changes.
        """
        sources = read_core(rtl_dir)
        cycles: dict[BundleKey, tuple[int, ...]] = {}
        overflows: dict[BundleKey, int] = {}
        bench = cls(sources, simulator, timeout_s, cycles, overflows)
        pairs = list(bundles_of(sets))
        with tempfile.TemporaryDirectory(prefix="tilewright-mutant-") as name:
            results = run_bundles(
                [(folder, one.setup) for one, folder in pairs],
                simulator=simulator,
                rtl_dir=write_core(Path(name), sources),
                timeout_s=timeout_s * max(1, len(pairs)),  # many of them share a simulation
                cache_dir=Path(name) / "builds",
            )
            for (one, folder), result in zip(pairs, results, strict=True):
                if not result.is_exact:
                    first = [*result.mismatches, *result.faults][0]
                    raise ToolError(
                        f"the core in {rtl_dir} must be exact before it is mutated, but on {folder} "
                        f"it is not: {first}; mend it first"
                    )
                cycles[one.name, folder] = _cycles(result)
                overflows[one.name, folder] = result.overflow_vectors
        return bench

    def try_mutant(self, mutant: Mutant, sets: Sequence[VectorSet]) -> Outcome:
        """Run a mutant on one bundle after the other, until a bundle shows a difference from the core."""
        changed = dict(self.sources)
        changed[mutant.file] = mutant.apply(changed[mutant.file])
        with tempfile.TemporaryDirectory(prefix="tilewright-mutant-") as name:
            for one, folder in bundles_of(sets):
                evidence = self._look(Path(name), one, folder, changed)
                if evidence is None:
                    continue
                if not _is_built(Path(name)):
                    return Outcome(mutant, "not built", evidence=evidence)
                return Outcome(mutant, "killed", one.name, evidence)
        return Outcome(mutant, "survived")

    def _look(
        self, scratch: Path, one: VectorSet, folder: Path, sources: Mapping[str, str]
    ) -> str | None:
        """The observation that distinguishes the mutant on this bundle; None if there is none."""
        try:
            result = self._run(scratch, folder, one.setup, sources)
        except SimulationError as error:
            return f"the simulation broke off: {error}"
        except ToolError as error:  # it does not build, or does not end
            return str(error)
        return self.difference(result, (one.name, folder))

    def difference(self, result: CosimResult, key: BundleKey) -> str | None:
        """What a result has that the core without a mutation has not; None if there is nothing."""
        if not result.is_exact:
            return str([*result.mismatches, *result.faults, "lanes without a channel"][0])
        cycles, overflows = self.cycles[key], self.overflows[key]
        if _cycles(result) != cycles:
            return f"cycles of the folds: {sum(cycles):,} become {sum(_cycles(result)):,}"
        if result.overflow_vectors != overflows:
            return (
                f"vectors with a sum that does not fit: {overflows:,} become "
                f"{result.overflow_vectors:,}"
            )
        return None

    def _run(
        self, scratch: Path, folder: Path, setup: Setup, sources: Mapping[str, str]
    ) -> CosimResult:
        return run_bundle(
            folder,
            setup=setup,
            simulator=self.simulator,
            rtl_dir=write_core(scratch, sources),
            timeout_s=self.timeout_s,
            cache_dir=scratch / "builds",
        )


def write_core(scratch: Path, sources: Mapping[str, str]) -> Path:
    """The folder of a core in `scratch`, written once."""
    core = scratch / "rtl"
    if not core.is_dir():
        core.mkdir()
        for name, text in sources.items():
            (core / name).parent.mkdir(parents=True, exist_ok=True)
            (core / name).write_bytes(text.encode())
    return core


def check_sets(sets: Sequence[VectorSet]) -> None:
    """Raise `ShapeError` if there is nothing to run."""
    if not any(one.folders for one in sets):
        raise ShapeError("mutants need at least one bundle to be run against: export one")


def core_parameters(sets: Sequence[VectorSet]) -> tuple[Mapping[str, int], ...]:
    """The parameters of the cores on which the bundles run, but for memories, of 32 words."""
    runs = [BenchRun(read_bundle(folder), one.setup) for one, folder in bundles_of(sets)]
    memories = dict.fromkeys(("XmemAddrBits", "WmemAddrBits", "PmemAddrBits"), 5)
    return tuple(core_of(runs[numbers[0]]) | memories for numbers in by_core(runs))


def bundles_of(sets: Sequence[VectorSet]) -> Iterator[tuple[VectorSet, Path]]:
    """Each set with each of its folders, in order."""
    for one in sets:
        for folder in one.folders:
            yield one, folder


def _cycles(result: CosimResult) -> tuple[int, ...]:
    return tuple(result.fold_cycles.ravel().tolist())


def _is_built(scratch: Path) -> bool:
    """Whether the build has entered its cache."""
    builds = scratch / "builds"
    return builds.is_dir() and any(path.is_file() for path in builds.iterdir())

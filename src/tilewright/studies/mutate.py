"""Count the planted faults of a core that vectors notice: the vector sets, and the campaign."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tilewright.cores import find_simulator
from tilewright.corners import VectorSet, layer_sets, mode_sets, smallest_first
from tilewright.errors import ConfigError
from tilewright.facts import ExportFacts
from tilewright.mutation import (
    STATED,
    Bench,
    Campaign,
    CampaignLog,
    Judge,
    Mutant,
    compiled_branches,
    count_categories,
    identify_campaign,
    load_reasons,
    mutants_in,
    run_campaign,
    sample,
)
from tilewright.mutation.campaign import Elsewhere, Screen
from tilewright.mutation.elsewhere import try_elsewhere
from tilewright.mutation.screen import screen
from tilewright.mutation.trial import check_sets, core_parameters
from tilewright.pipeline.inventory import CONFIG
from tilewright.pipeline.run_folder import Listener, RunFolder
from tilewright.rtl import RTL_DIR
from tilewright.vectors import MANIFEST


@dataclass(frozen=True, slots=True)
class MutateOptions:
    """Which core, which mutants, which vectors.

    rtl_dir: the core to mutate; None: ours. limit: mutants, chosen from all files and categories; None: all.
    bundles: how many of the given ones are run, the smallest first. has_corners: add corner cases of the
    smallest. has_modes: add layers that drive every mode; None: for our core. simulator, timeout_s: of one
    build or run. equivalents: TOML with reasons; None: those about our core, if it is ours. has_proofs: ask
    yosys about survivors. seed: of the choice, and of random codes. jobs: mutants at a time. log: where
    outcomes are kept and taken up again. workers: a cluster's address, as `run_jobs` takes it. has_screen:
    have a faster simulator say where to look first, where that pays. Raises `ConfigError` if a number is too
    small.
    """

    rtl_dir: Path | None = None
    limit: int | None = 400
    bundles: int = 3
    has_corners: bool = True
    has_modes: bool | None = None
    simulator: str = "icarus"
    timeout_s: float = 20.0
    equivalents: Path | None = None
    has_proofs: bool = True
    seed: int = 0
    jobs: int = 1
    log: Path | None = None
    workers: str = ""
    has_screen: bool = True

    def __post_init__(self) -> None:
        least = min(self.bundles, self.jobs, 1 if self.limit is None else self.limit)
        if least < 1 or self.timeout_s <= 0:
            raise ConfigError(
                f"limit, bundles and jobs must be at least 1 and the time more than 0 s: {self}"
            )

    @property
    def is_our_core(self) -> bool:
        """Whether no other core was named."""
        return self.rtl_dir is None

    def judge(self) -> Judge:
        """The judge of whether a survivor is equivalent."""
        is_stated = self.equivalents is None and self.is_our_core
        reasons = STATED if is_stated else self.equivalents
        return Judge(load_reasons(reasons) if reasons is not None else (), self.has_proofs)


def mutate(paths: Sequence[Path], options: MutateOptions, listener: Listener) -> Campaign:
    """Plant faults in the core, one at a time, and try the vectors of runs or bundles on each.

    Raises `ConfigError` if a path is neither, and what `Bench.prepare` raises.
    """
    judge = options.judge()
    with _vector_sets(paths, options, listener) as sets:
        bench = Bench.prepare(
            options.rtl_dir or RTL_DIR,
            sets,
            simulator=options.simulator,
            timeout_s=options.timeout_s,
        )
        if not options.is_our_core:
            judge = replace(judge, cores=core_parameters(sets))
        mutants = _choose_mutants(bench, sets, options, listener)
        log = None
        if options.log is not None:
            identity = identify_campaign(bench.sources, options.simulator, sets)
            log = CampaignLog(options.log, identity)
        return run_campaign(
            mutants,
            bench,
            sets,
            judge=judge,
            jobs=options.jobs,
            progress=listener.progress,
            log=log,
            elsewhere=_elsewhere(bench, sets, options),
            screen=_screen(bench, mutants, sets, options, listener),
        )


def _elsewhere(bench: Bench, sets: Sequence[VectorSet], options: MutateOptions) -> Elsewhere | None:
    if not options.workers:
        return None
    return lambda orders: try_elsewhere(bench, orders, sets, workers=options.workers)


def _screen(
    bench: Bench,
    mutants: Sequence[Mutant],
    sets: Sequence[VectorSet],
    options: MutateOptions,
    listener: Listener,
) -> Screen | None:
    """Worth it before a simulator that builds at once, and so takes its time to run."""
    if not options.has_screen or not find_simulator(options.simulator).builds_at_once:
        return None
    return lambda fresh: screen(bench, mutants, fresh, sets, jobs=options.jobs, say=listener.say)


@contextmanager
def _vector_sets(
    paths: Sequence[Path], options: MutateOptions, listener: Listener
) -> Iterator[list[VectorSet]]:
    """The given bundles, the smallest first, the corner cases of the first of them, and the modes."""
    found = smallest_first([folder for path in paths for folder in _bundle_folders(path)])
    chosen = found[: options.bundles]
    sets = [VectorSet("given", "as given", tuple(bundle.folder for bundle in chosen))]
    check_sets(sets)
    listener.say(
        f"{len(chosen)} of {len(found)} bundles, the smallest: "
        + ", ".join(f"{bundle.layer_name} sample {bundle.sample}" for bundle in chosen)
    )
    with tempfile.TemporaryDirectory(prefix="tilewright-vectors-") as scratch:
        if options.has_corners:
            corners, notes = layer_sets(chosen[0], Path(scratch), seed=options.seed)
            sets += corners
            for note in notes:
                listener.say(note)
        if options.is_our_core if options.has_modes is None else options.has_modes:
            sets += mode_sets(Path(scratch) / "modes", seed=options.seed)
        yield sets


def _bundle_folders(path: Path) -> list[Path]:
    """The bundles of a run, or the bundle itself."""
    if (path / CONFIG).is_file():
        return [path / bundle.folder for bundle in RunFolder(path).facts(ExportFacts).bundles]
    if not (path / MANIFEST).is_file():
        raise ConfigError(f"{path} must be a run folder or a bundle, but is neither")
    return [path]


def _choose_mutants(
    bench: Bench, sets: Sequence[VectorSet], options: MutateOptions, listener: Listener
) -> list[Mutant]:
    """Mutants of the core; of a user's, under ``ifdef``, too, where ours has only checks."""
    compiled = {} if options.is_our_core else compiled_branches(bench, sets, listener.say)
    found = mutants_in(bench.sources, compiled)
    chosen = found
    if options.limit is not None:
        chosen = sample(found, options.limit, seed=options.seed)
    counts = ", ".join(f"{count} {name}" for name, count in count_categories(chosen).items())
    files = len({one.file for one in found})
    listener.say(f"{len(chosen):,} of {len(found):,} mutants of {files} files: {counts}")
    return chosen

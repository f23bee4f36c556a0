"""Corner vectors of a run: exported beside its layers, and run through the RTL after them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from tilewright.config import CosimConfig
from tilewright.cores import CosimResult, Setup, run_bundles
from tilewright.cores.result import summed
from tilewright.cores.run_list import AS_NEEDED, BenchRun, by_core
from tilewright.cores.simulator import for_many_builds
from tilewright.corners import VectorSet, layer_sets, mode_sets
from tilewright.errors import ArtifactError, FormatError, SimulationError
from tilewright.facts import CornerBundle, CornerCounts, CornerSet, SetupFacts
from tilewright.pipeline.built_cores import BuiltCores
from tilewright.pipeline.elsewhere import Share, run_shares_elsewhere
from tilewright.pipeline.run_folder import Listener, RunFolder
from tilewright.programs.pace import Pace
from tilewright.sim import layer_cycles
from tilewright.spec import Check
from tilewright.store.artifact import read_bytes, sha256
from tilewright.vectors import CORE_LAYOUTS, MANIFEST, read_bundle
from tilewright.vectors.layout import PACKED_SUFFIX
from tilewright.vectors.manifest import read_manifest

FOLDER = "corner-vectors"
"""Beside the folders of the layers, none of which has a hyphen in its name."""

MANY_RUNS = 20
"""A core of so many bundles is built by the simulator that runs fastest: the build then pays."""

MOST_FILES = 2_000
"""Corner cases, about 17 bundles, are not made of a layer whose bundle has more files than this."""


def export_corners(
    run: RunFolder, smallest: Path, *, seed: int, listener: Listener
) -> tuple[CornerSet, ...]:
    """Write corner cases of the layer in the bundle `smallest`, and small layers for every mode of our core.

    Returns the facts of each set. The modes are left out where the layout is
    one that our core does not read. Expected psums are the naive reference's.
    """
    bundle, folder = read_bundle(smallest), run.folder("export") / FOLDER
    sets: list[VectorSet] = []
    if len(bundle.files) > MOST_FILES:
        notes = [
            f"corner cases of a layer are left out: {bundle.layer_name}, the smallest exported, has "
            f"{len(bundle.files):,} files for each; export a smaller layer too"
        ]
    else:
        sets, notes = layer_sets(bundle, folder, seed=seed)
    if bundle.layout.name.removesuffix(PACKED_SUFFIX) in CORE_LAYOUTS:
        sets += mode_sets(folder / "modes", seed=seed, has_rules=False)
    for note in notes:
        listener.say(note)
    written = {path: len(read_manifest(path).files) for one in sets for path in one.folders}
    listener.say(
        f"corner vectors: {sum(written.values()):,} files in {len(written):,} bundles, "
        f"{len(sets)} sets, those of a layer from {bundle.layer_name}"
    )
    return tuple(_facts(run, one) for one in sets)


def _facts(run: RunFolder, one: VectorSet) -> CornerSet:
    return CornerSet(
        name=one.name,
        how=one.how,
        needs_modes=one.needs_modes,
        setup=SetupFacts(
            schedule=one.setup.schedule,
            rule=one.setup.rule,
            stall_level=one.setup.stall_level,
            stall_seed=one.setup.stall_seed,
            reset_at=one.setup.reset_at,
            waves=None,
        ),
        bundles=tuple(
            CornerBundle(
                folder=str(folder.relative_to(run.root)),
                manifest=sha256(read_bytes(folder / MANIFEST)),
            )
            for folder in one.folders
        ),
    )


def simulate_corners(
    run: RunFolder,
    config: CosimConfig,
    sets: Sequence[CornerSet],
    listener: Listener,
    *,
    built: BuiltCores,
    workers: str = "",
) -> tuple[list[Check], CornerCounts | None]:
    """Run exported corner vectors through the RTL; one check a set, and what was compared in all.

    Those of a core that is `built` run on it; a core of few others where cores are built at once.
    Another core than ours is asked for our modes only if the configuration says so. workers: a cluster's
    address, as `run_jobs` takes it, or "" to run them here.
    """
    has_modes = config.modes == "yes" or (config.modes == "auto" and not config.rtl_dir)
    chosen = [one for one in sets if has_modes or not one.needs_modes]
    if len(chosen) < len(sets):
        left_out = ", ".join(one.name for one in sets if one not in chosen)
        listener.say(f"corner vectors that need the modes of our core are left out: {left_out}")
    if not chosen:
        return [], None
    try:
        what = "sets of corner vectors through the RTL"
        pace, found = Pace(len(chosen), what, has_slow_start=True), []
        for one in _results(run, chosen, config, built, workers=workers):
            found.append(one)
            listener.progress(pace.line(len(found)))
    except (ArtifactError, FormatError, SimulationError) as error:  # a finding, not bad input
        check = Check("cosim", "corner vectors", passed=False, evidence=f"corner vectors: {error}")
        listener.say(check.evidence)
        return [check], None
    checks = [_check(one, results) for one, results in found]
    everything = [result for _, results in found for result, _ in results]
    sums = summed(everything)
    counts = CornerCounts(
        simulators=tuple(sorted({result.simulator for result in everything})),
        sets=len(found),
        bundles=len(everything),
        psums_compared=sums["psums_compared"],
        outputs_compared=sums["outputs_compared"],
        mismatches=sum(result.differ for result in everything),
        cycles=sums["cycles"],
    )
    listener.say(
        f"corner vectors: {len(found)} sets, {counts.psums_compared:,} psums and "
        f"{counts.outputs_compared:,} outputs of the RTL under {' and '.join(counts.simulators)} compared, "
        f"{counts.mismatches:,} differ"
    )
    for check in checks:
        if not check.passed:
            listener.say(check.evidence)
    return checks, counts


def _results(
    run: RunFolder,
    sets: Sequence[CornerSet],
    config: CosimConfig,
    built: BuiltCores,
    *,
    workers: str,
) -> Iterator[tuple[CornerSet, list[tuple[CosimResult, int]]]]:
    """Each set with the results of its bundles, and the cycles that the model's closed form has for them."""
    pairs = [(_whole(run, bundle), _setup(one.setup)) for one in sets for bundle in one.bundles]
    runs = [BenchRun(read_manifest(folder), setup) for folder, setup in pairs]
    served = list(zip(_simulators(runs, config, built), map(built.serve, runs), strict=True))
    shares = {
        its: Share(
            [pair for pair, of in zip(pairs, served, strict=True) if of == its],
            simulator=its[0],
            least=built.least if its[1] else AS_NEEDED,
        )
        for its in sorted(set(served))
    }
    found = dict(zip(shares, _run(list(shares.values()), config, workers), strict=True))
    judged = (
        (next(found[its]), layer_cycles(one.execution))
        for its, one in zip(served, runs, strict=True)
    )
    for one in sets:
        yield one, [next(judged) for _ in one.bundles]


def _simulators(runs: Sequence[BenchRun], config: CosimConfig, built: BuiltCores) -> Iterator[str]:
    """The simulator of each run: the configured one, or one that builds at once for a core of few runs."""
    many = {one for numbers in by_core(runs) if len(numbers) >= MANY_RUNS for one in numbers}
    for number, one in enumerate(runs):
        is_worth_it = number in many or built.serve(one)
        yield config.simulator if is_worth_it else for_many_builds(config.simulator)


def _run(shares: Sequence[Share], config: CosimConfig, workers: str) -> list[Iterator[CosimResult]]:
    if workers:
        return [iter(one) for one in run_shares_elsewhere(shares, config, workers=workers)]
    return [
        iter(
            run_bundles(
                share.bundles,
                simulator=share.simulator,
                rtl_dir=Path(config.rtl_dir) if config.rtl_dir else None,
                timeout_s=config.timeout_s,
                processes=config.processes,
                least=share.least,
            )
        )
        for share in shares
    ]


def _whole(run: RunFolder, bundle: CornerBundle) -> Path:
    """The folder of a bundle; raises `ArtifactError` if its manifest has changed since export."""
    folder = run.root / bundle.folder
    if sha256(read_bytes(folder / MANIFEST)) != bundle.manifest:
        raise ArtifactError(
            f"{folder / MANIFEST} must be the one that export wrote, but is not: export again"
        )
    return folder


def _setup(facts: SetupFacts) -> Setup:
    return Setup(
        facts.schedule,
        facts.rule,
        stall_level=facts.stall_level,
        stall_seed=facts.stall_seed,
        reset_at=facts.reset_at,
    )


def _check(one: CornerSet, results: Sequence[tuple[CosimResult, int]]) -> Check:
    """Psums, outputs, lanes, protocol and cycles of a set; stalls and a reset cost cycles."""
    bundles = [result for result, _ in results]
    compared = sum(result.psums_compared + result.outputs_compared for result in bundles)
    wrong = [result for result in bundles if not result.is_exact]
    has_delays = bool(one.setup.stall_level or one.setup.reset_at)
    late = [
        f"{result.cycles:,} cycles instead of {model:,}"
        for result, model in results
        if (result.cycles < model if has_delays else result.cycles != model)
    ]
    evidence = (
        f"corner vectors {one.name}: {compared:,} psums and outputs of the RTL under "
        f"{bundles[0].simulator} compared, {sum(result.differ for result in bundles):,} differ; "
        f"{sum(result.cycles for result in bundles):,} RTL cycles, "
        f"{sum(model for _, model in results):,} model cycles"
        f"{' without stalls and reset' if has_delays else ''}"
    )
    if wrong:
        first = wrong[0]
        places = (*first.mismatches, *first.overflows, *first.faults, "lanes without a channel")
        evidence += f"; first: {places[0]}"
    if late:
        evidence += f"; first: {late[0]}"
    return Check("cosim", f"corner vectors: {one.name}", not wrong and not late, evidence)

"""Run the exported files through the RTL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tilewright.config import CosimConfig
from tilewright.config.array import ArrayConfig
from tilewright.cores import CosimResult, Setup, find_simulator, read_sources, run_bundle
from tilewright.cores.result import summed
from tilewright.cores.run_list import require_readable
from tilewright.errors import ArtifactError, FormatError, SimulationError
from tilewright.facts import (
    BundleFacts,
    BundleRun,
    CornerCounts,
    CosimFacts,
    ExportFacts,
    FailureFacts,
    StageResult,
)
from tilewright.pipeline.built_cores import BuiltCores
from tilewright.pipeline.corner_vectors import simulate_corners
from tilewright.pipeline.elsewhere import run_elsewhere
from tilewright.pipeline.failure import WAVES, find_failure
from tilewright.pipeline.run_folder import Listener, RunFolder
from tilewright.programs.pace import Pace
from tilewright.spec import Check, IntArray
from tilewright.store.artifact import read_artifact, read_bytes, sha256, sha256_of
from tilewright.vectors import MANIFEST
from tilewright.vectors.manifest import read_manifest

COMPARED = (": psums", ": outputs")
"""How the names of checks end in which numbers of the core are compared."""
OUR_RTL = "tilewright"
"""Whose core ran, where `cosim.rtl_dir` names no other."""


@dataclass(frozen=True, slots=True)
class _Finding:
    """A check of a bundle; `is_told`: its evidence is a progress line even where the check holds."""

    check: Check
    is_told: bool = False


def cosim(run: RunFolder, listener: Listener, *, workers: str = "") -> StageResult[CosimFacts]:
    """Simulate the RTL on every bundle; psums and outputs must be the files', cycles the model's.

    workers: a cluster's address, as `run_jobs` takes it: bundles and corner vectors are run there.
    """
    config, array = run.config().cosim, run.array()
    model_cycles, _ = read_artifact(run.fold_cycles_stem, "fold-cycles")
    exported = run.facts(ExportFacts)
    if not exported.bundles:
        raise ArtifactError(
            f"{run.folder('export')} holds no bundle: run 'tilewright export' first"
        )
    _require_cycles(run, exported, model_cycles)
    _require_layout(run, exported)
    _require_core(config)
    run.begin("cosim")  # what was found before may describe other RTL, if this run fails
    waves = run.folder("cosim") / WAVES
    waves.unlink(missing_ok=True)
    results: list[CosimResult] = []
    checks: list[Check] = []
    failure, setup = None, _setup(config, array)
    built = _built(run, exported, setup, is_ours=not config.rtl_dir)
    for line in built.said():
        listener.say(line)
    pace = Pace(len(exported.bundles), "bundles through the RTL", has_slow_start=True)
    least = built.least
    found_elsewhere = run_elsewhere(
        run, exported, config, setup=setup, least=least, workers=workers
    )
    for number, bundle in enumerate(exported.bundles):
        listener.progress(pace.line(number))
        recorded = waves if failure is None else None
        how = {"setup": setup, "least": least, "failure_waves": recorded}
        done = next(found_elsewhere, None)
        if done is not None and not done.is_exact and recorded is not None:
            done = None  # the first that differs runs here once more, for its waves
        result, findings = _try_bundle(run, bundle, config, model_cycles[bundle.layer], how, done)
        results += [] if result is None else [result]
        if failure is None and result is not None and result.mismatches:
            first, otile = str(result.mismatches[0]), result.first_wrong_otile
            failure = find_failure(run.root, bundle.folder, first, otile, waves)
            findings = [_explained(finding, failure) for finding in findings]
        for finding in findings:
            checks.append(finding.check)
            if finding.is_told or not finding.check.passed:
                listener.say(finding.check.evidence)
    found, corners = simulate_corners(
        run, config, exported.corners or (), listener, built=built, workers=workers
    )
    checks += found
    return StageResult(_facts(config, results, corners, failure, built), tuple(checks))


def _built(run: RunFolder, exported: ExportFacts, setup: Setup, *, is_ours: bool) -> BuiltCores:
    folders = {bundle.layer: run.root / bundle.folder for bundle in exported.bundles}.values()
    return BuiltCores.of_layers(folders, setup, is_ours=is_ours)


def _explained(finding: _Finding, failure: FailureFacts) -> _Finding:
    """A failing check of psums or outputs, its evidence ended by the cause."""
    check = finding.check
    if check.passed or failure.differ is None or not check.name.endswith(COMPARED):
        return finding
    cause = (
        failure.cause or "no cause that is known gives every psum; tilewright explain says how near"
    )
    evidence = f"{check.evidence}; output tile {failure.otile}: {cause}"
    hints = f" ({'; '.join(failure.hints)})" if failure.hints else ""
    return replace(finding, check=replace(check, evidence=evidence + hints))


def _facts(
    config: CosimConfig,
    results: Sequence[CosimResult],
    corners: CornerCounts | None,
    failure: FailureFacts | None,
    built: BuiltCores,
) -> CosimFacts:
    counts = summed(results)
    return CosimFacts(
        rtl=config.rtl_dir or OUR_RTL,
        simulator=results[0].simulator if results else None,
        version=results[0].version if results else None,
        tiles=counts["tiles"],
        psums_compared=counts["psums_compared"],
        outputs_compared=counts["outputs_compared"],
        mismatches=sum(result.differ for result in results),
        output_mismatches=counts["output_mismatches"],
        stored_mismatches=counts["stored_mismatches"],
        unused_lane_mismatches=counts["unused_lane_mismatches"],
        cycles=counts["cycles"],
        bundles=tuple(_bundle_run(result) for result in results),
        corners=corners,
        failure=failure,
        programs=_programs(
            [result.simulator for result in results] + list(corners.simulators if corners else ())
        ),
        cores=built.cores or None,
    )


def _require_layout(run: RunFolder, exported: ExportFacts) -> None:
    """Raise `FormatError` if all was exported for another bench: no finding about a core."""
    with suppress(ArtifactError):  # `_try_bundle` will say what is wrong with it
        layout = read_manifest(run.root / exported.bundles[0].folder).layout
        if layout.name == exported.layout:
            require_readable(layout, str(run.folder("export")))


def _require_core(config: CosimConfig) -> None:
    """Raise `ToolError` if there is no core, or no simulator to run it."""
    read_sources(Path(config.rtl_dir) if config.rtl_dir else None)
    find_simulator(config.simulator)


def _programs(names: Iterable[str]) -> dict[str, str]:
    """Path and sha256 of the programs that the simulators `names` consist of."""
    paths = [path for name in sorted(set(names)) for path in find_simulator(name).programs]
    return {str(path): sha256_of(path) for path in paths}


def _require_cycles(
    run: RunFolder, exported: ExportFacts, model_cycles: Mapping[str, IntArray]
) -> None:
    for bundle in exported.bundles:
        if bundle.layer not in model_cycles:
            raise ArtifactError(
                f"{run.facts_path('export')} must list bundles of layers that the model ran, not of "
                f"{bundle.layer!r}: export and simulate again"
            )


def _try_bundle(
    run: RunFolder,
    bundle: BundleFacts,
    config: CosimConfig,
    model: IntArray,
    how: Mapping[str, Any],
    done: CosimResult | None,
) -> tuple[CosimResult | None, list[_Finding]]:
    """The result of one bundle, None if the simulation did not come to its end; and what it shows.

    done: the result, if the simulation was run elsewhere.
    """
    where = f"{bundle.layer}: sample {bundle.sample}"
    folder = run.root / bundle.folder
    try:
        is_exported = sha256(read_bytes(folder / MANIFEST)) == bundle.manifest
        result = _run(folder, config, how) if done is None else done
    except (ArtifactError, FormatError, SimulationError) as error:  # a finding, not bad input
        what = "simulation" if isinstance(error, SimulationError) else "files"
        check = Check("cosim", f"{where}: {what}", passed=False, evidence=f"{where}: {error}")
        return None, [_Finding(check)]
    files = _Finding(_file_check(where, bundle.files, is_exported=is_exported))
    return result, [files, *_findings(result, model, where, config)]


def _setup(config: CosimConfig, array: ArrayConfig) -> Setup:
    return Setup(
        schedule=array.timing,
        rule=array.rule,
        stall_level=config.stall_level,
        reset_at=config.reset_at,
    )


def _run(folder: Path, config: CosimConfig, how: Mapping[str, Any]) -> CosimResult:
    return run_bundle(
        folder,
        processes=config.processes,
        simulator=config.simulator,
        rtl_dir=Path(config.rtl_dir) if config.rtl_dir else None,
        timeout_s=config.timeout_s,
        **how,
    )


def _file_check(where: str, files: int, *, is_exported: bool) -> Check:
    evidence = f"{where}: {files} files are whole"
    if not is_exported:
        evidence += f", but {MANIFEST} is not the one that export wrote: export again"
    return Check("cosim", f"{where}: files", is_exported, evidence)


def _findings(
    result: CosimResult, model: IntArray, where: str, config: CosimConfig
) -> list[_Finding]:
    cycles = _stalled_check if config.stall_level else _cycle_check
    return [
        _Finding(_psum_check(result, where), is_told=True),
        _Finding(_output_check(result, where)),
        _Finding(_stray_check(result, where)),
        _Finding(_overflow_check(result, where)),
        _Finding(cycles(result, model, where), is_told=True),
    ]


def _psum_check(result: CosimResult, where: str) -> Check:
    """Psums as the core put them out, and as they are stored in PMEM after the job."""
    evidence = _compared(result, "psums", result.psums_compared, result.psum_mismatches, where)
    if result.stored_mismatches:
        evidence += f"; of the same psums, read back from PMEM, {result.stored_mismatches:,} differ"
    wrong = result.psum_mismatches + result.stored_mismatches
    return _judged(result, f"{where}: psums", evidence, wrong=wrong, count=result.psums_compared)


def _output_check(result: CosimResult, where: str) -> Check:
    count, wrong = result.outputs_compared, result.output_mismatches
    evidence = _compared(result, "outputs", count, wrong, where)
    return _judged(result, f"{where}: outputs", evidence, wrong=wrong, count=count)


def _stray_check(result: CosimResult, where: str) -> Check:
    """The check of values in lanes beyond the last channel, and of the protocol."""
    wrong = result.unused_lane_mismatches + len(result.faults)
    evidence = (
        f"{where}: {result.unused_lane_mismatches:,} values in unused lanes, "
        f"{len(result.faults)} protocol faults"
    )
    return _judged(result, f"{where}: unused lanes and protocol", evidence, wrong=wrong)


def _compared(result: CosimResult, what: str, count: int, wrong: int, where: str) -> str:
    return (
        f"{where}: {what} of the RTL under {result.simulator}: {count:,} compared, {wrong:,} differ"
    )


def _judged(
    result: CosimResult, name: str, evidence: str, *, wrong: int, count: int | None = None
) -> Check:
    """A check that `wrong` is 0 and that something was compared; what differs first is named."""
    places = [*result.mismatches, *result.faults]
    first = f"; first: {places[0]}" if wrong and places else ""
    return Check("cosim", name, wrong == 0 and count != 0, evidence + first)


def _overflow_check(result: CosimResult, where: str) -> Check:
    evidence = f"{where}: {result.overflow_vectors:,} vectors in which a psum does not fit"
    evidence += "".join(f"; first: {vector}" for vector in result.overflows[:1])
    is_held = result.overflow_vectors == 0 or not result.is_overflow_wrong
    return Check("cosim", f"{where}: no psum overflow", is_held, evidence)


def _stalled_check(result: CosimResult, model: IntArray, where: str) -> Check:
    """Stalls cost cycles, so that the RTL cannot take fewer than the model has without them."""
    least = int(model.sum())
    is_slower = (result.tiles, result.cycles >= least) == (model.size, True)
    evidence = (
        f"{where}: {result.tiles:,} of {model.size:,} tiles, {result.cycles:,} RTL cycles with "
        f"stalls, {least:,} model cycles without"
    )
    return Check("cosim", f"{where}: cycles", is_slower, evidence)


def _cycle_check(result: CosimResult, model: IntArray, where: str) -> Check:
    if result.fold_cycles.shape != model.shape:
        evidence = (
            f"{where}: the tiles (otile, itile, kij) of the bundle are {result.fold_cycles.shape}, "
            f"those of the model {model.shape}: export and simulate again"
        )
        return Check("cosim", f"{where}: cycles", passed=False, evidence=evidence)
    differ = np.argwhere(result.fold_cycles != model)
    is_equal = (result.tiles, result.cycles, len(differ)) == (model.size, int(model.sum()), 0)
    evidence = (
        f"{where}: {result.tiles:,} of {model.size:,} tiles, {result.cycles:,} RTL cycles, "
        f"{int(model.sum()):,} model cycles, {len(differ)} tiles differ"
    )
    if len(differ):
        otile, itile, kij = (int(index) for index in differ[0])
        evidence += (
            f"; first at otile={otile} itile={itile} kij={kij}: "
            f"RTL {result.fold_cycles[otile, itile, kij]}, model {model[otile, itile, kij]}"
        )
    return Check("cosim", f"{where}: cycles", is_equal, evidence)


def _bundle_run(result: CosimResult) -> BundleRun:
    return BundleRun(
        layer=result.layer_name,
        sample=result.sample,
        simulator=result.simulator,
        version=result.version,
        tiles=result.tiles,
        cycles=result.cycles,
        psums_compared=result.psums_compared,
        outputs_compared=result.outputs_compared,
        mismatches=result.differ,
        output_mismatches=result.output_mismatches,
        stored_mismatches=result.stored_mismatches,
        unused_lane_mismatches=result.unused_lane_mismatches,
        faults=tuple(map(str, result.faults)),
        seconds=round(result.seconds, 3),
    )

"""Run the exported files through the RTL."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from tilewright.config import CosimConfig
from tilewright.config.array import ArrayConfig
from tilewright.cores import CosimResult, Setup, run_bundle
from tilewright.errors import ArtifactError, FormatError, SimulationError
from tilewright.pipeline.corner_vectors import simulate_corners
from tilewright.pipeline.run_folder import Listener, RunFolder, StageResult
from tilewright.spec import Check, IntArray
from tilewright.store.artifact import read_artifact, read_bytes, sha256
from tilewright.vectors import MANIFEST

OUR_RTL = "tilewright"
"""Whose core ran, where `cosim.rtl_dir` names no other."""


def cosim(run: RunFolder, listener: Listener) -> StageResult:
    """Simulate the RTL on every bundle; psums and outputs must be the files', cycles the model's."""
    since = time.monotonic()
    model_cycles, _ = read_artifact(run.fold_cycles_stem, "fold-cycles")
    config, array = run.config().cosim, run.array()
    exported = run.facts("export")
    bundles = exported["bundles"]
    if not bundles:
        raise ArtifactError(
            f"{run.folder('export')} holds no bundle: run 'tilewright export' first"
        )
    run.facts_path("cosim").unlink(missing_ok=True)  # of other RTL, perhaps, should this one fail
    results: list[CosimResult] = []
    checks: list[Check] = []
    for bundle in bundles:
        where = f"{bundle['layer']}: sample {bundle['sample']}"
        folder = run.root / bundle["folder"]
        try:
            is_exported = sha256(read_bytes(folder / MANIFEST)) == bundle["manifest"]
            result = _run(folder, config, array)
        except (ArtifactError, FormatError, SimulationError) as error:  # a finding, not bad input
            what = "simulation" if isinstance(error, SimulationError) else "files"
            found = [Check("cosim", f"{where}: {what}", passed=False, evidence=f"{where}: {error}")]
        else:
            found = [
                _file_check(where, bundle["files"], is_exported=is_exported),
                *_checks(result, model_cycles[bundle["layer"]], where, config),
            ]
            results.append(result)
        checks += found
        for check in found:
            if not check.passed or check.name.endswith(("psums", "cycles")):
                listener.say(check.evidence)
    facts = {"rtl": config.rtl_dir or OUR_RTL, **_summary(results)}
    corners = exported.get("corners")
    if corners:
        found, facts["corners"] = simulate_corners(run, corners, listener)
        checks += found
    return run.record(StageResult("cosim", tuple(checks), facts), since=since)


def _run(folder: Path, config: CosimConfig, array: ArrayConfig) -> CosimResult:
    setup = Setup(
        schedule=array.timing,
        rule=array.rule,
        stall_level=config.stall_level,
        reset_at=config.reset_at,
    )
    return run_bundle(
        folder,
        setup=setup,
        processes=config.processes,
        simulator=config.simulator,
        rtl_dir=Path(config.rtl_dir) if config.rtl_dir else None,
        timeout_s=config.timeout_s,
    )


def _summary(results: list[CosimResult]) -> dict[str, Any]:
    entries = [_facts(result) for result in results]
    counts = ("tiles", "psums_compared", "outputs_compared", "mismatches", "cycles")
    return {
        "simulator": results[0].simulator if results else None,
        "version": results[0].version if results else None,
        **{key: sum(entry[key] for entry in entries) for key in counts},
        "bundles": entries,
    }


def _file_check(where: str, files: int, *, is_exported: bool) -> Check:
    evidence = f"{where}: {files} files are whole"
    if not is_exported:
        evidence += f", but {MANIFEST} is not the one that export wrote: export again"
    return Check("cosim", f"{where}: files", is_exported, evidence)


def _checks(result: CosimResult, model: IntArray, where: str, config: CosimConfig) -> list[Check]:
    psums = result.psum_mismatches + result.stored_mismatches
    strays = result.unused_lane_mismatches + len(result.faults)
    found = [*result.mismatches, *result.faults]
    first = f"; first: {found[0]}" if found else ""

    def compared(what: str, count: int, wrong: int) -> Check:
        evidence = (
            f"{where}: {what} of the RTL under {result.simulator}: {count:,} compared, "
            f"{wrong:,} differ{first if wrong else ''}"
        )
        return Check("cosim", f"{where}: {what}", count > 0 and wrong == 0, evidence)

    return [
        compared("psums", result.psums_compared, psums),
        compared("outputs", result.outputs_compared, result.output_mismatches),
        Check(
            "cosim",
            f"{where}: unused lanes and protocol",
            strays == 0,
            f"{where}: {result.unused_lane_mismatches:,} values in unused lanes, "
            f"{len(result.faults)} protocol faults{first if strays else ''}",
        ),
        Check(
            "cosim",
            f"{where}: no psum overflow",
            result.overflow_vectors == 0 or not result.is_overflow_wrong,
            f"{where}: {result.overflow_vectors:,} vectors in which a psum does not fit"
            + "".join(f"; first: {vector}" for vector in result.overflows[:1]),
        ),
        _stalled_check(result, model, where)
        if config.stall_level
        else _cycle_check(result, model, where),
    ]


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


def _facts(result: CosimResult) -> dict[str, Any]:
    return {
        "layer": result.layer_name,
        "sample": result.sample,
        "simulator": result.simulator,
        "version": result.version,
        "tiles": result.tiles,
        "cycles": result.cycles,
        "psums_compared": result.psums_compared,
        "outputs_compared": result.outputs_compared,
        "mismatches": result.differ,
        "faults": list(result.faults),
        "seconds": round(result.seconds, 3),
    }

"""Run the exported files through the RTL."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from tilewright.cosim import CosimResult, run_bundle
from tilewright.errors import ArtifactError
from tilewright.pipeline.run_folder import Listener, RunFolder, StageResult
from tilewright.spec import Check, IntArray
from tilewright.spec.artifact import read_artifact, read_json


def cosim(run: RunFolder, listener: Listener) -> StageResult:
    """Simulate the RTL on every bundle; psums and outputs must be the files', cycles the model's."""
    since = time.monotonic()
    config = run.config().cosim
    model_cycles, _ = read_artifact(run.fold_cycles_stem, "fold-cycles")
    bundles = read_json(run.facts_path("export"))["bundles"]
    if not bundles:
        raise ArtifactError(
            f"{run.folder('export')} holds no bundle: run 'tilewright export' first"
        )
    entries: list[dict[str, Any]] = []
    checks: list[Check] = []
    for bundle in bundles:
        result = run_bundle(
            run.root / bundle["folder"],
            simulator=config.simulator,
            rtl_dir=Path(config.rtl_dir) if config.rtl_dir else None,
            timeout_s=config.timeout_s,
        )
        found = _checks(result, model_cycles[result.layer_name])
        checks += found
        entries.append(_facts(result))
        listener.say(found[0].evidence)
        listener.say(found[-1].evidence)
    counts = ("tiles", "psums_compared", "outputs_compared", "mismatches", "cycles")
    facts = {
        "simulator": entries[0]["simulator"],
        "version": entries[0]["version"],
        **{key: sum(entry[key] for entry in entries) for key in counts},
        "bundles": entries,
    }
    return run.record(StageResult("cosim", tuple(checks), facts), since=since)


def _checks(result: CosimResult, model: IntArray) -> list[Check]:
    where = f"{result.layer_name}: sample {result.sample}"
    psums = result.psum_mismatches + result.stored_mismatches
    strays = result.unused_lane_mismatches + len(result.faults)
    return [
        _check(result, "psums", result.psums_compared, psums),
        _check(result, "outputs", result.outputs_compared, result.output_mismatches),
        Check(
            "cosim",
            f"{where}: unused lanes and protocol",
            strays == 0,
            f"{where}: {result.unused_lane_mismatches} values in unused lanes, "
            f"{len(result.faults)} protocol faults{_first(result) if strays else ''}",
        ),
        _cycle_check(result, model, where),
    ]


def _check(result: CosimResult, what: str, compared: int, mismatches: int) -> Check:
    where = f"{result.layer_name}: sample {result.sample}"
    evidence = (
        f"{where}: {what} of the RTL under {result.simulator}: "
        f"{compared:,} compared, {mismatches:,} differ{_first(result) if mismatches else ''}"
    )
    return Check("cosim", f"{where}: {what}", compared > 0 and mismatches == 0, evidence)


def _first(result: CosimResult) -> str:
    places = [*result.mismatches, *result.faults]
    return f"; first: {places[0]}" if places else ""


def _cycle_check(result: CosimResult, model: IntArray, where: str) -> Check:
    differ = np.argwhere(result.fold_cycles != model)
    evidence = (
        f"{where}: {result.tiles:,} tiles, {result.cycles:,} RTL cycles, "
        f"{int(model.sum()):,} model cycles, {len(differ)} tiles differ"
    )
    if len(differ):
        otile, itile, kij = (int(index) for index in differ[0])
        evidence += (
            f"; first at otile={otile} itile={itile} kij={kij}: "
            f"RTL {result.fold_cycles[otile, itile, kij]}, model {model[otile, itile, kij]}"
        )
    return Check("cosim", f"{where}: cycles", not len(differ), evidence)


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
        "mismatches": result.psum_mismatches
        + result.stored_mismatches
        + result.output_mismatches
        + result.unused_lane_mismatches,
        "faults": list(result.faults),
        "seconds": round(result.seconds, 3),
    }

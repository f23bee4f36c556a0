"""Run the exported files through the RTL."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from tilewright.cosim import CosimResult, run_bundle
from tilewright.errors import ArtifactError
from tilewright.pipeline.run_folder import RunFolder, Say, StageResult
from tilewright.spec import Check, IntArray
from tilewright.spec.artifact import read_artifact, read_json


def cosim(run: RunFolder, say: Say) -> StageResult:
    """Simulate the RTL on every bundle; psums and outputs must be the files', cycles the model's."""
    since = time.monotonic()
    config = run.config().cosim
    model_cycles, _ = read_artifact(run.fold_cycles_stem, "fold-cycles")
    bundles = read_json(run.facts_path("export"))["bundles"]
    if not bundles:
        raise ArtifactError(f"{run.folder('export')} holds no bundle: run 'tilewright export' first")
    entries: list[dict[str, Any]] = []
    checks: list[Check] = []
    for bundle in bundles:
        result = run_bundle(
            run.root / bundle["folder"],
            simulator=config.simulator,
            rtl_dir=Path(config.rtl_dir) if config.rtl_dir else None,
            timeout_s=config.timeout_s,
        )
        checks += _checks(result, model_cycles[result.layer_name])
        entries.append(_facts(result))
        say(checks[-3].evidence)
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
    first = f"; first: {result.mismatches[0]}" if result.mismatches else ""
    psums = (
        f"{where}: {result.simulator}: {result.psums_compared:,} psums compared, "
        f"{result.psum_mismatches:,} differ{first}"
    )
    outputs = (
        f"{where}: {result.simulator}: {result.outputs_compared:,} outputs compared, "
        f"{result.output_mismatches:,} differ{first}"
    )
    return [
        Check(
            "cosim",
            f"{where}: psums",
            result.psums_compared > 0 and result.psum_mismatches == 0,
            psums,
        ),
        Check(
            "cosim",
            f"{where}: outputs",
            result.outputs_compared > 0 and result.output_mismatches == 0,
            outputs,
        ),
        _cycle_check(result, model, where),
    ]


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
        "mismatches": result.psum_mismatches + result.output_mismatches,
        "seconds": round(result.seconds, 3),
    }

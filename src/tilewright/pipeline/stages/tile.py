"""Plan every layer on the configured array."""

from __future__ import annotations

import time
from dataclasses import asdict

from tilewright.pipeline.run_folder import Listener, RunFolder, StageResult


def tile(run: RunFolder, listener: Listener) -> StageResult:
    """Write the array and, for each layer, how many tiles and folds it takes for one sample."""
    since = time.monotonic()
    array = run.config().array
    plans = {
        layer.name: array.execution(layer.shape, act_bits=layer.act_format.bits).plan
        for layer in run.network().layers
    }
    layers = [
        {
            "layer": name,
            "shape": asdict(plan.shape),
            "itiles": plan.itiles,
            "otiles": plan.otiles,
            "taps": plan.shape.taps,
            "folds": plan.otiles * plan.folds_per_otile,
            "macs": plan.shape.macs,
        }
        for name, plan in plans.items()
    ]
    folds = sum(plan.otiles * plan.folds_per_otile for plan in plans.values())
    listener.say(
        f"{len(layers)} layers on {array.rows}x{array.cols}: {folds:,} folds for one sample"
    )
    facts = {
        "array": asdict(array.shape),
        "mode": array.model_dump(include={"mode", "schedule", "job", "overflow", "column_bits"}),
        "layers": layers,
    }
    return run.record(StageResult("tile", (), facts), since=since)

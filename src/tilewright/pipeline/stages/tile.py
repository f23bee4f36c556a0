"""Plan every layer on the configured array."""

from __future__ import annotations

import time
from dataclasses import asdict

from tilewright.pipeline.array_mode import ArrayMode
from tilewright.pipeline.run_folder import Listener, RunFolder, StageResult
from tilewright.spec import ArrayShape


def tile(run: RunFolder, listener: Listener) -> StageResult:
    """Write the array and, for each layer, how many tiles and folds it takes for one sample."""
    since = time.monotonic()
    config = run.config().array
    array = ArrayShape(config.rows, config.cols, config.psum_bits)
    mode = ArrayMode.of(config)
    plans = {layer.name: mode.plan(layer, array) for layer in run.network().layers}
    layers = [
        {
            "layer": name,
            "shape": plan.shape.to_facts(),
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
    facts = {"array": asdict(array), "mode": mode.to_json(), "layers": layers}
    return run.record(StageResult("tile", (), facts), since=since)

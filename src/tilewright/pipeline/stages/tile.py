"""Plan every layer on the configured array."""

from __future__ import annotations

import time

from tilewright.facts import LayerTiles, StageResult, TileFacts
from tilewright.pipeline.array_mode import ArrayMode
from tilewright.pipeline.run_folder import Listener, RunFolder
from tilewright.spec import ArrayShape


def tile(run: RunFolder, listener: Listener) -> StageResult[TileFacts]:
    """Write the array and, for each layer, how many tiles and folds it takes for one sample."""
    since = time.monotonic()
    config = run.config().array
    array = ArrayShape(config.rows, config.cols, config.psum_bits)
    mode = ArrayMode.of(config)
    plans = {layer.name: mode.plan(layer, array) for layer in run.network().layers}
    layers = tuple(
        LayerTiles(
            layer=name,
            shape=plan.shape,
            itiles=plan.itiles,
            otiles=plan.otiles,
            taps=plan.shape.taps,
            folds=plan.otiles * plan.folds_per_otile,
            macs=plan.shape.macs,
        )
        for name, plan in plans.items()
    )
    folds = sum(layer.folds for layer in layers)
    listener.say(
        f"{len(layers)} layers on {array.rows}x{array.cols}: {folds:,} folds for one sample"
    )
    return run.record(StageResult(TileFacts(array=array, mode=mode, layers=layers)), since=since)

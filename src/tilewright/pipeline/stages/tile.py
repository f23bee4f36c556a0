"""Plan every layer on the configured array."""

from __future__ import annotations

from tilewright.facts import LayerTiles, ModeFacts, StageResult, TileFacts
from tilewright.pipeline.run_folder import Listener, RunFolder


def tile(run: RunFolder, listener: Listener) -> StageResult[TileFacts]:
    """Write the array and, for each layer, how many tiles and folds it takes for one sample."""
    array = run.config().array
    plans = {
        layer.name: array.execution(layer.plain().shape, act_bits=layer.act_format.bits).plan
        for layer in run.network().layers
    }
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
    mode = ModeFacts(
        mode=array.mode,
        schedule=array.schedule,
        job=array.job,
        overflow=array.overflow,
        column_bits=array.column_bits,
    )
    facts = TileFacts(array=array.shape, mode=mode, layers=layers)
    return StageResult(facts)

"""Plan every layer on the configured array."""

from __future__ import annotations

from tilewright.config.array import ArrayConfig
from tilewright.errors import counted
from tilewright.facts import LayerTiles, ModeFacts, StageResult, TileFacts
from tilewright.pipeline.run_folder import Listener, RunFolder
from tilewright.spec import IntegerLayer


def tile(run: RunFolder, listener: Listener) -> StageResult[TileFacts]:
    """Write the array and, for each layer, how many tiles and folds it takes for one sample."""
    array = run.config().array
    layers = tuple(_tiles(layer.plain(), array) for layer in run.network().layers)
    folds = sum(layer.folds for layer in layers)
    listener.say(
        f"{counted(len(layers), 'layer')} on {array.rows}x{array.cols}: {folds:,} folds for one sample"
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


def _tiles(layer: IntegerLayer, array: ArrayConfig) -> LayerTiles:
    parts = array.executions(layer.shape, act_bits=layer.act_format.bits)
    plans = [execution.plan for _, execution in parts]
    return LayerTiles(
        layer=layer.name,
        shape=layer.shape,
        itiles=max(plan.itiles for plan in plans),
        otiles=sum(plan.otiles for plan in plans),
        taps=layer.shape.taps,
        folds=sum(plan.otiles * plan.folds_per_otile for plan in plans),
        macs=layer.shape.macs,
        parts=tuple(part.name(layer.name) for part, _ in parts),
    )

"""Tiles of a layer, the dataflows, and the order in which values visit the array."""

from tilewright.tile.dataflow import Dataflow, Wiring
from tilewright.tile.dataflows import (
    CORE_DATAFLOWS,
    DATAFLOWS,
    OUTPUT_STATIONARY,
    TWO_CHANNELS,
    WEIGHT_STATIONARY,
    WIDEST_PAIR,
)
from tilewright.tile.execution import Execution
from tilewright.tile.layer_on_array import LayerOnArray
from tilewright.tile.parts import Part, find_parts
from tilewright.tile.plan import Fold, TilePlan, plan_mode
from tilewright.tile.streams import (
    plan_words,
    psum_addresses,
    tile_activations,
    tile_psums,
    tile_weights,
    untile_activations,
    untile_psums,
    untile_weights,
)

__all__ = [
    "CORE_DATAFLOWS",
    "DATAFLOWS",
    "OUTPUT_STATIONARY",
    "TWO_CHANNELS",
    "WEIGHT_STATIONARY",
    "WIDEST_PAIR",
    "Dataflow",
    "Execution",
    "Fold",
    "LayerOnArray",
    "Part",
    "TilePlan",
    "Wiring",
    "find_parts",
    "plan_mode",
    "plan_words",
    "psum_addresses",
    "tile_activations",
    "tile_psums",
    "tile_weights",
    "untile_activations",
    "untile_psums",
    "untile_weights",
]

"""Tiles of a layer, and the order in which values visit the array."""

from tilewright.tile.modes import WIDEST_PAIR, plan_mode, plan_words
from tilewright.tile.plan import Fold, TilePlan
from tilewright.tile.steps import (
    step_activations,
    step_weights,
    unstep_activations,
    unstep_weights,
)
from tilewright.tile.streams import (
    psum_addresses,
    tile_activations,
    tile_psums,
    tile_weights,
    untile_activations,
    untile_psums,
    untile_weights,
)

__all__ = [
    "WIDEST_PAIR",
    "Fold",
    "TilePlan",
    "plan_mode",
    "plan_words",
    "psum_addresses",
    "step_activations",
    "step_weights",
    "tile_activations",
    "tile_psums",
    "tile_weights",
    "unstep_activations",
    "unstep_weights",
    "untile_activations",
    "untile_psums",
    "untile_weights",
]

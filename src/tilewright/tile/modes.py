"""The modes of the machine: the plan of a layer in each, and its words under a plan."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tilewright.spec import ArrayShape, ConvShape, Mode
from tilewright.tile.plan import TilePlan
from tilewright.tile.steps import step_activations, step_weights
from tilewright.tile.streams import tile_activations, tile_weights

WIDEST_PAIR = 8
"""Bits of two activations in a PE, at most."""


def plan_mode(shape: ConvShape, array: ArrayShape, mode: Mode, act_bits: int) -> TilePlan:
    """The plan of a layer in a mode; "simd" is "ws" where two activations are too wide for a PE."""
    if mode == "os":
        return TilePlan(shape, array, "os")
    is_paired = mode == "simd" and 2 * act_bits <= WIDEST_PAIR
    return TilePlan(shape, array, channels_per_pe=2 if is_paired else 1)


def plan_words(
    plan: TilePlan, weight: npt.NDArray[np.int8], codes: npt.NDArray[np.uint8]
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.uint8]]:
    """Weights ``oc ic kh kw`` and codes ``ic ih iw`` as the array takes them under a plan."""
    if plan.dataflow == "os":
        return step_weights(weight, plan), step_activations(codes, plan)
    return tile_weights(weight, plan), tile_activations(codes, plan)

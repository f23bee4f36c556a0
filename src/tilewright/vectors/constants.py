"""Constants of each output channel as tiles, and back: biases, multipliers, thresholds."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import FormatError, ShapeError
from tilewright.spec import ChannelConstants
from tilewright.tile import TilePlan
from tilewright.vectors.kind_layout import KindLayout
from tilewright.vectors.layout import Layout


def tile_constants(
    form: KindLayout, constants: ChannelConstants, plan: TilePlan
) -> npt.NDArray[Any]:
    """Constants ``oc`` or ``oc level`` to tiles ``otile col [level]``, 0 where there is no channel.

    Raises `ShapeError` where there are none, or not of this layer.
    """
    values = getattr(constants, form.tensor)
    levels = (form.levels,) if form.tensor == "threshold" else ()
    wanted = (plan.shape.oc, *levels)
    if values is None or values.shape != wanted:
        found = "none" if values is None else str(values.shape)
        raise ShapeError(
            f"{form.kind} files hold a number of each channel: give {form.tensor} {wanted} in the "
            f"constants, not {found}"
        )
    tiles = np.zeros((plan.otiles * plan.array.cols, *levels), np.int64)
    tiles[: plan.shape.oc] = values
    return tiles.reshape(plan.otiles, plan.array.cols, *levels)


def untile_constants(form: KindLayout, tiles: npt.NDArray[Any], plan: TilePlan) -> npt.NDArray[Any]:
    """Inverse of `tile_constants`; raises `FormatError` for a number where there is no channel."""
    flat = tiles.reshape(plan.otiles * plan.array.cols, *tiles.shape[2:]).astype(np.int64)
    if flat[plan.shape.oc :].any():
        raise FormatError(
            f"{form.kind} must be 0 where there is no channel: it has numbers of more than "
            f"{plan.shape.oc} channels: written for another shape?"
        )
    return flat[: plan.shape.oc]


def example_constants(layout: Layout, channels: int) -> ChannelConstants:
    """Small biases of both signs, multipliers from 1 on, ascending thresholds, if the layout has such files:
    for examples, probes and layers without constants of their own.
    """
    channel = np.arange(channels, dtype=np.int64)
    bias = multiplier = threshold = None
    if layout.stating("bias"):
        bias = channel * 5 % 7 - 3
    if layout.stating("multiplier"):
        multiplier = channel * 3 % 5 + 1
    for form in layout.stating("threshold")[:1]:
        threshold = channel[:, None] % 3 - 2 + 4 * np.arange(form.levels)
    return ChannelConstants(bias, multiplier, threshold)

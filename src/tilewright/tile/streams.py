"""Tensors as the array sees them, and back: every function has its inverse beside it.

Weights and activations have the axes that the plan's dataflow says; psums are ``otile onij col`` in all.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from tilewright.spec import Codes
from tilewright.tile.dataflow import expect_axes
from tilewright.tile.plan import TilePlan
from tilewright.tile.windows import tap_hits

Code = TypeVar("Code", bound=np.integer)


def plan_words(
    plan: TilePlan, weight: npt.NDArray[np.int8], codes: Codes
) -> tuple[npt.NDArray[np.int8], Codes]:
    """Weights ``oc ic kh kw`` and codes ``ic ih iw`` as the array takes them under a plan."""
    words: Any = plan.dataflow.tile_activations(codes, plan)
    return tile_weights(weight, plan), words


def tile_weights(weight: npt.NDArray[Code], plan: TilePlan) -> npt.NDArray[Code]:
    """Weights ``oc ic kh kw`` to the words of the plan; lanes without a channel are 0."""
    return plan.dataflow.tile_weights(weight, plan)


def untile_weights(tiles: npt.NDArray[Code], plan: TilePlan) -> npt.NDArray[Code]:
    """Inverse of `tile_weights`."""
    return plan.dataflow.untile_weights(tiles, plan)


def tile_activations(codes: npt.NDArray[Code], plan: TilePlan) -> npt.NDArray[Code]:
    """One sample's codes ``ic ih iw`` to the words of the plan."""
    return plan.dataflow.tile_activations(codes, plan)


def untile_activations(tiles: npt.NDArray[Code], plan: TilePlan) -> npt.NDArray[Code]:
    """Inverse of `tile_activations`; a pixel that is in no word is 0."""
    return plan.dataflow.untile_activations(tiles, plan)


def tile_psums(psums: npt.NDArray[Code], plan: TilePlan) -> npt.NDArray[Code]:
    """One sample's psums ``oc oh ow`` to ``otile onij col``; lanes without a channel are 0."""
    shape, array = plan.shape, plan.array
    expect_axes(psums, (shape.oc, shape.oh, shape.ow), "oc oh ow")
    lanes = np.zeros((plan.otiles * array.cols, shape.onij), psums.dtype)
    lanes[: shape.oc] = psums.reshape(shape.oc, shape.onij)  # oc onij
    split = lanes.reshape(plan.otiles, array.cols, shape.onij)
    return np.ascontiguousarray(split.transpose(0, 2, 1))  # otile onij col


def untile_psums(tiles: npt.NDArray[Code], plan: TilePlan) -> npt.NDArray[Code]:
    """Inverse of `tile_psums`."""
    shape, array = plan.shape, plan.array
    expect_axes(tiles, (plan.otiles, shape.onij, array.cols), "otile onij col")
    lanes = tiles.transpose(0, 2, 1)  # otile col onij
    lanes = lanes.reshape(plan.otiles * array.cols, shape.onij)
    return lanes[: shape.oc].reshape(shape.oc, shape.oh, shape.ow)


def psum_addresses(plan: TilePlan) -> npt.NDArray[np.int64]:
    """Where each pixel of the padded plane accumulates: ``kij nij`` to onij, or -1 where no tap uses it."""
    return tap_hits(plan.shape).copy()

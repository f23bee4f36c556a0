"""Tensors as the array sees them, and back: every function has its inverse beside it.

Tiled axes: weights ``otile itile kij col row``, activations ``itile nij row``, psums ``otile onij col``. With
two channels in each PE, "row" is the lane ``row * 2 + half``. Output stationary: `tilewright.tile.steps`.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from tilewright.errors import ShapeError
from tilewright.tile.plan import TilePlan

Code = TypeVar("Code", bound=np.integer)


def tile_weights(weight: npt.NDArray[Code], plan: TilePlan) -> npt.NDArray[Code]:
    """Weights ``oc ic kh kw`` to ``otile itile kij col row``; lanes without a channel are 0."""
    shape, array = plan.shape, plan.array
    _expect(weight, (shape.oc, shape.ic, shape.kh, shape.kw), "oc ic kh kw")
    lanes = np.zeros((plan.otiles * array.cols, plan.itiles * plan.lanes, shape.taps), weight.dtype)
    lanes[: shape.oc, : shape.ic] = weight.reshape(shape.oc, shape.ic, shape.taps)  # oc ic kij
    split = lanes.reshape(plan.otiles, array.cols, plan.itiles, plan.lanes, shape.taps)
    return np.ascontiguousarray(split.transpose(0, 2, 4, 1, 3))  # otile itile kij col row


def untile_weights(tiles: npt.NDArray[Code], plan: TilePlan) -> npt.NDArray[Code]:
    """Inverse of `tile_weights`."""
    shape, array = plan.shape, plan.array
    _expect(
        tiles,
        (plan.otiles, plan.itiles, shape.taps, array.cols, plan.lanes),
        "otile itile kij col row",
    )
    lanes = tiles.transpose(0, 3, 1, 4, 2)  # otile col itile row kij
    lanes = lanes.reshape(plan.otiles * array.cols, plan.itiles * plan.lanes, shape.taps)
    return lanes[: shape.oc, : shape.ic].reshape(shape.oc, shape.ic, shape.kh, shape.kw)


def tile_activations(codes: npt.NDArray[Code], plan: TilePlan) -> npt.NDArray[Code]:
    """One sample's codes ``ic ih iw`` to ``itile nij row``, nij over the zero-padded plane."""
    shape = plan.shape
    _expect(codes, (shape.ic, shape.ih, shape.iw), "ic ih iw")
    (pad_h, pad_w) = shape.padding
    lanes = np.zeros((plan.itiles * plan.lanes, shape.padded_h, shape.padded_w), codes.dtype)
    lanes[: shape.ic, pad_h : pad_h + shape.ih, pad_w : pad_w + shape.iw] = codes
    split = lanes.reshape(plan.itiles, plan.lanes, shape.nij)
    return np.ascontiguousarray(split.transpose(0, 2, 1))  # itile nij row


def untile_activations(tiles: npt.NDArray[Code], plan: TilePlan) -> npt.NDArray[Code]:
    """Inverse of `tile_activations`."""
    shape = plan.shape
    _expect(tiles, (plan.itiles, shape.nij, plan.lanes), "itile nij row")
    (pad_h, pad_w) = shape.padding
    lanes = tiles.transpose(0, 2, 1)  # itile row nij
    lanes = lanes.reshape(plan.itiles * plan.lanes, shape.padded_h, shape.padded_w)
    return lanes[: shape.ic, pad_h : pad_h + shape.ih, pad_w : pad_w + shape.iw].copy()


def tile_psums(psums: npt.NDArray[Code], plan: TilePlan) -> npt.NDArray[Code]:
    """One sample's psums ``oc oh ow`` to ``otile onij col``; lanes without a channel are 0."""
    shape, array = plan.shape, plan.array
    _expect(psums, (shape.oc, shape.oh, shape.ow), "oc oh ow")
    lanes = np.zeros((plan.otiles * array.cols, shape.onij), psums.dtype)
    lanes[: shape.oc] = psums.reshape(shape.oc, shape.onij)  # oc onij
    split = lanes.reshape(plan.otiles, array.cols, shape.onij)
    return np.ascontiguousarray(split.transpose(0, 2, 1))  # otile onij col


def untile_psums(tiles: npt.NDArray[Code], plan: TilePlan) -> npt.NDArray[Code]:
    """Inverse of `tile_psums`."""
    shape, array = plan.shape, plan.array
    _expect(tiles, (plan.otiles, shape.onij, array.cols), "otile onij col")
    lanes = tiles.transpose(0, 2, 1)  # otile col onij
    lanes = lanes.reshape(plan.otiles * array.cols, shape.onij)
    return lanes[: shape.oc].reshape(shape.oc, shape.oh, shape.ow)


def psum_addresses(plan: TilePlan) -> npt.NDArray[np.int64]:
    """Where each streamed pixel accumulates: ``kij nij`` to onij, or -1 where no ofmap pixel uses it."""
    shape = plan.shape
    addresses = np.full((shape.taps, shape.padded_h, shape.padded_w), -1, np.int64)
    onij = np.arange(shape.onij).reshape(shape.oh, shape.ow)
    step_h, step_w = shape.stride
    for kij in range(shape.taps):
        row, column = plan.tap(kij)
        addresses[
            kij,
            row : row + step_h * (shape.oh - 1) + 1 : step_h,
            column : column + step_w * (shape.ow - 1) + 1 : step_w,
        ] = onij
    return addresses.reshape(shape.taps, shape.nij)  # kij nij


def _expect(array: npt.NDArray[Code], expected: tuple[int, ...], axes: str) -> None:
    if array.shape != expected:
        raise ShapeError(f"expected ({', '.join(axes.split())}) = {expected}, not {array.shape}")

"""Output-stationary streams: what enters the array from the west and from the north, step by step.

Axes: weights ``otile step col``, activations ``opass step row``; ``step = ic_idx * taps + kij``, and row
`row` of pass `opass` is ofmap pixel ``opass * rows + row``. Psums are tiled as in every mode.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from tilewright.errors import ShapeError
from tilewright.tile.plan import TilePlan

Code = TypeVar("Code", bound=np.integer)


def step_weights(weight: npt.NDArray[Code], plan: TilePlan) -> npt.NDArray[Code]:
    """Weights ``oc ic kh kw`` to ``otile step col``; lanes without a channel are 0."""
    shape, cols = plan.shape, plan.array.cols
    _expect(weight, (shape.oc, shape.ic, shape.kh, shape.kw), "oc ic kh kw")
    lanes = np.zeros((plan.otiles * cols, plan.steps), weight.dtype)
    lanes[: shape.oc] = weight.reshape(shape.oc, plan.steps)  # oc step
    split = lanes.reshape(plan.otiles, cols, plan.steps)
    return np.ascontiguousarray(split.transpose(0, 2, 1))  # otile step col


def unstep_weights(words: npt.NDArray[Code], plan: TilePlan) -> npt.NDArray[Code]:
    """Inverse of `step_weights`."""
    shape, cols = plan.shape, plan.array.cols
    _expect(words, (plan.otiles, plan.steps, cols), "otile step col")
    lanes = words.transpose(0, 2, 1).reshape(plan.otiles * cols, plan.steps)  # oc step
    return lanes[: shape.oc].reshape(shape.oc, shape.ic, shape.kh, shape.kw)


def step_activations(codes: npt.NDArray[Code], plan: TilePlan) -> npt.NDArray[Code]:
    """One sample's codes ``ic ih iw`` to ``opass step row``: what each tap of each ofmap pixel sees."""
    shape, rows = plan.shape, plan.array.rows
    _expect(codes, (shape.ic, shape.ih, shape.iw), "ic ih iw")
    (pad_h, pad_w) = shape.padding
    plane = np.pad(codes, ((0, 0), (pad_h, pad_h), (pad_w, pad_w))).reshape(shape.ic, shape.nij)
    seen = plane[:, _pixels(plan)]  # ic kij onij
    lanes = np.zeros((plan.steps, plan.passes * rows), codes.dtype)
    lanes[:, : shape.onij] = seen.reshape(plan.steps, shape.onij)
    split = lanes.reshape(plan.steps, plan.passes, rows)
    return np.ascontiguousarray(split.transpose(1, 0, 2))  # opass step row


def unstep_activations(words: npt.NDArray[Code], plan: TilePlan) -> npt.NDArray[Code]:
    """Inverse of `step_activations`; a pixel that no window sees is 0."""
    shape, rows = plan.shape, plan.array.rows
    _expect(words, (plan.passes, plan.steps, rows), "opass step row")
    lanes = words.transpose(1, 0, 2).reshape(plan.steps, plan.passes * rows)[:, : shape.onij]
    plane = np.zeros((shape.ic, shape.nij), words.dtype)
    plane[:, _pixels(plan)] = lanes.reshape(shape.ic, shape.taps, shape.onij)  # ic kij onij
    (pad_h, pad_w) = shape.padding
    padded = plane.reshape(shape.ic, shape.padded_h, shape.padded_w)
    return padded[:, pad_h : pad_h + shape.ih, pad_w : pad_w + shape.iw].copy()


def _pixels(plan: TilePlan) -> npt.NDArray[np.int64]:
    """``kij onij`` to the pixel of the padded plane."""
    shape = plan.shape
    down = np.arange(shape.kh)[:, None] + shape.stride[0] * np.arange(shape.oh)  # kh oh
    across = np.arange(shape.kw)[:, None] + shape.stride[1] * np.arange(shape.ow)  # kw ow
    pixels = down[:, None, :, None] * shape.padded_w + across[None, :, None, :]  # kh kw oh ow
    return pixels.reshape(shape.taps, shape.onij)


def _expect(array: npt.NDArray[Code], expected: tuple[int, ...], axes: str) -> None:
    if array.shape != expected:
        raise ShapeError(f"expected ({', '.join(axes.split())}) = {expected}, not {array.shape}")

"""Forms of the ifmap in a file: the padded plane, the plane without border, or the windows (im2col).

Tiles of activations have the axes ``itile nij row``, nij over the padded plane.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import FormatError, ShapeError
from tilewright.tile import TilePlan

Tensor = npt.NDArray[Any]

PLANES = ("padded", "unpadded", "windows")
WINDOW_AXES = ("itile", "kij", "onij", "row")
"""Axes of activations as windows: the code that tap kij of ofmap pixel onij sees."""


def window_pixels(plan: TilePlan) -> npt.NDArray[np.int64]:
    """``kij onij`` to nij: (oh_idx * stride + kh_idx) * padded_w + ow_idx * stride + kw_idx."""
    shape = plan.shape
    step_h, step_w = shape.stride
    down = np.arange(shape.oh) * step_h + np.arange(shape.kh)[:, None]  # kh oh
    across = np.arange(shape.ow) * step_w + np.arange(shape.kw)[:, None]  # kw ow
    pixels = down[:, None, :, None] * shape.padded_w + across[None, :, None, :]  # kh kw oh ow
    return pixels.reshape(shape.taps, shape.onij)  # kij onij


def accumulate_addresses(plan: TilePlan) -> npt.NDArray[np.int64]:
    """Psum address for each ofmap pixel and tap, ``onij kij``: kij * nij + the pixel it streams.

    An accumulator that keeps the psum of every tap and every streamed pixel, tap after tap, reads
    them in this order.
    """
    first = np.arange(plan.shape.taps)[:, None] * plan.shape.nij  # kij 1
    return np.ascontiguousarray((window_pixels(plan) + first).T)  # onij kij


def to_plane(tiles: Tensor, plan: TilePlan, plane: str) -> Tensor:
    """Tiles as the file has them; raises `FormatError` for a code that would be lost."""
    if plane == "padded":
        return tiles
    stated = _windows(tiles, plan) if plane == "windows" else _drop_padding(tiles, plan)
    back = _from_windows(stated, plan) if plane == "windows" else _add_padding(stated, plan)
    lost = tiles != back
    if lost.any():
        itile, nij, row = (int(index) for index in np.argwhere(lost)[0])
        raise FormatError(
            f"activations of plane '{plane}' have no place for the padding, which must be 0, but is "
            f"{int(tiles[itile, nij, row])} at (itile={itile}, nij={nij}, row={row})"
        )
    return stated


def from_plane(stated: Tensor, plan: TilePlan, plane: str, *, first: int = 0) -> Tensor:
    """Inverse of `to_plane`; raises `FormatError` if two windows say different codes of a pixel.

    Of windows of the `first` ofmap pixels only, pixels that none of them sees are 0.
    """
    if plane == "unpadded":
        return _add_padding(stated, plan)
    if plane == "padded":
        return stated
    count = stated.shape[2]
    tiles = _from_windows(stated, plan, is_part=bool(first))
    different = np.argwhere(_windows(tiles, plan)[:, :, :count] != stated)
    if len(different):
        itile, kij, onij, row = (int(index) for index in different[0])
        pixel = int(window_pixels(plan)[kij, onij])
        raise FormatError(
            f"every window must say the same code of a pixel, but nij={pixel} is "
            f"{int(stated[itile, kij, onij, row])} at (itile={itile}, kij={kij}, onij={onij}, "
            f"row={row}) and {int(tiles[itile, pixel, row])} in another window"
        )
    return tiles


def _windows(tiles: Tensor, plan: TilePlan) -> Tensor:
    return tiles[:, window_pixels(plan)]  # itile kij onij row


def _from_windows(stated: Tensor, plan: TilePlan, *, is_part: bool = False) -> Tensor:
    """Codes ``itile nij row``; of a pixel that several windows see, what one of them says."""
    if not is_part:
        _check_every_pixel_is_seen(plan)
    tiles = np.zeros((plan.itiles, plan.shape.nij, stated.shape[-1]), stated.dtype)
    tiles[:, window_pixels(plan)[:, : stated.shape[2]]] = stated
    return tiles


def _check_every_pixel_is_seen(plan: TilePlan) -> None:
    shape, (pad_h, pad_w) = plan.shape, plan.shape.padding
    seen = np.zeros(shape.nij, bool)
    seen[window_pixels(plan)] = True
    plane = seen.reshape(shape.padded_h, shape.padded_w)
    unseen = np.argwhere(~plane[pad_h : pad_h + shape.ih, pad_w : pad_w + shape.iw])
    if len(unseen):
        raise ShapeError(
            f"no window sees the ifmap pixel (ih={unseen[0][0]}, iw={unseen[0][1]}) of {shape}: "
            f"windows cannot be read back; use a layout with another plane for this layer"
        )


def _drop_padding(tiles: Tensor, plan: TilePlan) -> Tensor:
    """Tiles on the plane without border."""
    shape, (pad_h, pad_w) = plan.shape, plan.shape.padding
    plane = tiles.reshape(plan.itiles, shape.padded_h, shape.padded_w, -1)  # itile h w row
    inner = plane[:, pad_h : pad_h + shape.ih, pad_w : pad_w + shape.iw]
    return inner.reshape(plan.itiles, shape.ih * shape.iw, -1)  # itile nij row


def _add_padding(tiles: Tensor, plan: TilePlan) -> Tensor:
    """Inverse of `_drop_padding`."""
    shape, (pad_h, pad_w) = plan.shape, plan.shape.padding
    inner = tiles.reshape(plan.itiles, shape.ih, shape.iw, -1)  # itile h w row
    plane = np.pad(inner, ((0, 0), (pad_h, pad_h), (pad_w, pad_w), (0, 0)))
    return plane.reshape(plan.itiles, shape.nij, -1)  # itile nij row

"""Forms of the ifmap in a file: the padded plane, the plane without border, the windows (im2col), or tiles
of the plane with halo: each with all pixels that its part of the ofmap sees, those of its neighbors too.

Tiles of activations have the axes ``itile nij row``, nij over the padded plane.
"""

from __future__ import annotations

import re
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from tilewright.errors import ConfigError, FormatError
from tilewright.tile import TilePlan

Tensor = npt.NDArray[Any]

PLANES = ("padded", "unpadded", "windows", "halo")
STATED_AXES = {
    "windows": ("itile", "kij", "onij", "row"),
    "halo": ("itile", "th", "tw", "nij", "row"),
}
"""Axes of activations that stand in a file more than once: as windows, the code that tap kij of ofmap pixel
onij sees; with halo, pixel nij of the part of the padded plane that tile (th, tw) of the ofmap sees."""
_TILE = re.compile(r"([1-9]\d{0,4})x([1-9]\d{0,4})", re.ASCII)


class Planar(Protocol):
    """What must be known of a kind of file."""

    @property
    def tensor(self) -> str:
        """The tensor that the files state."""

    @property
    def plane(self) -> str:
        """One of `PLANES`, or "" for other tensors than activations."""

    @property
    def tile(self) -> str:
        """Ofmap pixels of a tile with halo, "" without."""

    @property
    def first(self) -> int:
        """How many ofmap pixels the file has, 0 for all."""


def check_plane(form: Planar) -> None:
    """Raise `ConfigError` unless plane and tile belong to the tensor and to one another."""
    planes = PLANES if form.tensor == "activation" else ("",)
    if form.plane not in planes:
        wanted = " or ".join(PLANES) if form.tensor == "activation" else "absent (activations only)"
        raise ConfigError(f"plane must be {wanted}, not '{form.plane}'")
    if bool(form.tile) != (form.plane == "halo") or (form.tile and not _TILE.fullmatch(form.tile)):
        raise ConfigError(
            f"tile = '2x3' states rows and columns of the ofmap that a tile with halo is for: for plane "
            f"'halo' and no other; plane is '{form.plane}', tile '{form.tile}'"
        )


def tile_sizes(form: Planar, plan: TilePlan) -> dict[str, int]:
    """Of ifmap tiles with halo: how many there are (th, tw), and their rows and columns (ih, iw)."""
    shape, found = plan.shape, _TILE.fullmatch(form.tile)
    down, across = (int(found[1]), int(found[2])) if found else (shape.oh, shape.ow)
    return {
        "th": -(-shape.oh // down),
        "tw": -(-shape.ow // across),
        "ih": (down - 1) * shape.stride[0] + shape.kh,
        "iw": (across - 1) * shape.stride[1] + shape.kw,
    }


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


def to_plane(tiles: Tensor, plan: TilePlan, form: Planar) -> Tensor:
    """Tiles as the file has them; raises `FormatError` for padding that is not 0 and has no place.

    Ifmap pixels that no window sees (the odd ones of a 1x1 kernel with stride 2) are left out of windows and
    of tiles with halo: nothing is computed from them.
    """
    if form.plane == "padded":
        return tiles
    if form.plane == "unpadded":
        stated = _drop_padding(tiles, plan)
        back = _add_padding(stated, plan)
    else:
        stated = _seen(tiles, _pixels(form, plan))
        back = _unseen(stated, form, plan)
    lost = (tiles != back) & _is_padding(plan)[:, None]
    if lost.any():
        itile, nij, row = (int(index) for index in np.argwhere(lost)[0])
        raise FormatError(
            f"activations of plane '{form.plane}' have no place for the padding, which must be 0, but is "
            f"{int(tiles[itile, nij, row])} at (itile={itile}, nij={nij}, row={row})"
        )
    return stated


def from_plane(stated: Tensor, plan: TilePlan, form: Planar) -> Tensor:
    """Inverse of `to_plane`; raises `FormatError` if two windows or tiles say different codes of a pixel.

    Pixels that no window or tile of the file sees are 0.
    """
    if form.plane == "unpadded":
        return _add_padding(stated, plan)
    if form.plane == "padded":
        return stated
    pixels = _pixels(form, plan)
    if form.first:
        pixels = pixels[:, : stated.shape[2]]
    tiles = _unseen(stated, form, plan)
    different = np.argwhere(_seen(tiles, pixels) != stated)
    if len(different):
        itile, *at, row = (int(index) for index in different[0])
        pixel = int(pixels[tuple(at)])
        names = zip(STATED_AXES[form.plane], (itile, *at, row), strict=True)
        found, where = int(stated[(itile, *at, row)]), ", ".join(f"{a}={i}" for a, i in names)
        if pixel < 0:
            raise FormatError(f"what lies beyond the plane must be 0, but is {found} at ({where})")
        what = "window" if form.plane == "windows" else "tile"
        raise FormatError(
            f"every {what} must say the same code of a pixel, but nij={pixel} is {found} at ({where}) "
            f"and {int(tiles[itile, pixel, row])} in another {what}"
        )
    return tiles


def _pixels(form: Planar, plan: TilePlan) -> npt.NDArray[np.int64]:
    """What stands in a file to nij: ``kij onij`` of windows, ``th tw nij`` of tiles; -1 beyond the plane."""
    if form.plane == "windows":
        return window_pixels(plan)
    shape, sizes = plan.shape, tile_sizes(form, plan)
    found = _TILE.fullmatch(form.tile)
    step = [int(found[axis + 1]) * shape.stride[axis] for axis in (0, 1)] if found else [1, 1]
    down = np.arange(sizes["th"])[:, None] * step[0] + np.arange(sizes["ih"])  # th ih
    across = np.arange(sizes["tw"])[:, None] * step[1] + np.arange(sizes["iw"])  # tw iw
    h, w = down[:, None, :, None], across[None, :, None, :]
    inside = (h < shape.padded_h) & (w < shape.padded_w)
    pixels = np.where(inside, h * shape.padded_w + w, -1)
    return pixels.reshape(sizes["th"], sizes["tw"], -1)


def _seen(tiles: Tensor, pixels: npt.NDArray[np.int64]) -> Tensor:
    """Codes ``itile nij row`` at each of the pixels, 0 beyond the plane."""
    return np.where((pixels < 0)[..., None], 0, tiles[:, pixels]).astype(tiles.dtype)


def _unseen(stated: Tensor, form: Planar, plan: TilePlan) -> Tensor:
    """Codes ``itile nij row``; of a pixel that several windows or tiles see, what one of them says, and
    of one that none sees 0.
    """
    pixels = _pixels(form, plan)
    if form.first:
        pixels = pixels[:, : stated.shape[2]]
    tiles = np.zeros((len(stated), plan.shape.nij + 1, stated.shape[-1]), stated.dtype)
    tiles[:, pixels] = stated  # what lies beyond comes last
    return tiles[:, :-1]


def _is_padding(plan: TilePlan) -> npt.NDArray[np.bool_]:
    """Whether a pixel of the padded plane (nij) is padding."""
    shape, (pad_h, pad_w) = plan.shape, plan.shape.padding
    plane = np.ones((shape.padded_h, shape.padded_w), bool)
    plane[pad_h : pad_h + shape.ih, pad_w : pad_w + shape.iw] = False
    return plane.reshape(-1)


def _drop_padding(tiles: Tensor, plan: TilePlan) -> Tensor:
    """Tiles on the plane without border."""
    shape, (pad_h, pad_w) = plan.shape, plan.shape.padding
    plane = tiles.reshape(len(tiles), shape.padded_h, shape.padded_w, -1)  # itile h w row
    inner = plane[:, pad_h : pad_h + shape.ih, pad_w : pad_w + shape.iw]
    return inner.reshape(len(tiles), shape.ih * shape.iw, -1)  # itile nij row


def _add_padding(tiles: Tensor, plan: TilePlan) -> Tensor:
    """Inverse of `_drop_padding`."""
    shape = plan.shape
    inner = tiles.reshape(len(tiles), shape.ih, shape.iw, -1)  # itile h w row
    plane = np.pad(inner, ((0, 0), *shape.edges, (0, 0)))
    return plane.reshape(len(tiles), shape.nij, -1)  # itile nij row

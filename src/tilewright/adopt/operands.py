"""Families read as tensors under a hypothesis: all candidates of a role at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.adopt.families import Family
from tilewright.adopt.halo import merged, window_of
from tilewright.adopt.placement import Placement, Sizes, full, placements, with_flips
from tilewright.adopt.sized import Hypothesis, Sized

Tensor = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

TAP_ORDERS = ("", "reversed", "transposed", "transposed reversed")


def candidates(family: Family, bits: int, axes: Sizes, flips: tuple[str, ...]) -> list[Placement]:
    """Where `axes` can stand in a family of fields of `bits` bits, those in `flips` both ways."""
    values = family.values(bits, is_signed=False)
    values = family.read(bits, is_signed=True) if values is None else values
    plain = placements(axes, family.file_sizes, *values.shape[1:])
    return [flipped for place in plain for flipped in with_flips(place, flips)]


def tap_order(kernel: tuple[int, int], order: str) -> npt.NDArray[np.int64]:
    """The numbers in the file, one for each tap kij."""
    kh, kw = kernel
    taps = np.arange(kh * kw)
    if "transposed" in order:
        taps = taps.reshape(kw, kh).T.reshape(-1)
    return taps[::-1] if "reversed" in order else taps


def tap_orders(kernel: tuple[int, int]) -> tuple[str, ...]:
    """The orders of taps that differ."""
    kh, kw = kernel
    if kh * kw == 1:
        return TAP_ORDERS[:1]
    return TAP_ORDERS[:2] if 1 in kernel else TAP_ORDERS


def read_weight(family: Family, sized: Sized, place: Placement) -> Tensor:
    """Weights ``oc ic kij``, taps in the order of the file."""
    values = family.read(sized.sizes.weight_bits, is_signed=True)
    axes = sized.weight_axes
    order = [*sized.oc, *sized.ic, "kij"]
    tensor = full(place.read(values, order), order, axes)
    return tensor.reshape(sized.sizes.oc, sized.sizes.ic, sized.sizes.taps)


def read_expected(family: Family, sized: Sized, place: Placement) -> Tensor:
    """Expected numbers ``[kij] oc onij``, signed."""
    values = family.read(sized.sizes.psum_bits, is_signed=True)
    axes = sized.expected_axes
    order = [*(["kij"] if "kij" in axes else []), *sized.oc, "onij"]
    tensor = full(place.read(values, order), order, axes)
    shape = (sized.sizes.oc, axes["onij"])
    return tensor.reshape((axes["kij"], *shape) if "kij" in axes else shape)


@dataclass(frozen=True, eq=False)
class Codes:
    """Activations as one placement reads them."""

    family: Family
    sized: Sized
    place: Placement
    axes: Sizes

    @cached_property
    def tensor(self) -> Tensor:
        """``ic h w``, or for windows ``ic kij pixel``."""
        plane = self.tiles_merged
        if plane is not None:
            return plane
        values = self.family.read(self.sized.sizes.act_bits, is_signed=False)
        pixels = [axis for axis in self.axes if axis[0] not in "ik"]
        order = [*self.sized.ic, *(["kij"] if "kij" in self.axes else []), *pixels]
        tensor = full(self.place.read(values, order), order, self.axes)
        sizes = self.sized.sizes
        if sizes.plane is None:
            return tensor.reshape(sizes.ic, sizes.taps, -1)
        return tensor.reshape(sizes.ic, *sizes.plane)

    @cached_property
    def tiles_merged(self) -> Tensor | None:
        """The plane ``ic h w`` of tiles with halo; None without any, or where they contradict one another."""
        sizes = self.sized.sizes
        if sizes.tile is None or sizes.plane is None:
            return None
        values = self.family.read(sizes.act_bits, is_signed=False)
        order = [*self.sized.ic, "th", "tw", "nij"]
        tensor = full(self.place.read(values, order), order, self.axes)
        window = window_of(sizes.tile, sizes.kernel, sizes.stride)
        tiles = tensor.reshape(sizes.ic, self.axes["th"], self.axes["tw"], *window)
        return merged(tiles, sizes.tile, sizes.stride, sizes.plane)

    @cached_property
    def windows(self) -> Floats:
        """What each ofmap pixel sees: ``(ic kij) onij``."""
        sizes, codes = self.sized.sizes, self.tensor
        if sizes.plane is None:
            return codes[:, :, : sizes.onij].reshape(-1, sizes.onij).astype(np.float64)
        return plane_windows(codes, sizes).reshape(-1, sizes.onij)


def plane_windows(codes: Tensor, sizes: Hypothesis) -> Floats:
    """Codes ``ic h w`` to ``ic kij onij``."""
    (kh, kw), (sh, sw), (ph, pw), (oh, ow) = sizes.kernel, sizes.stride, sizes.padding, sizes.out
    plane = np.pad(codes, ((0, 0), (ph, ph), (pw, pw))).astype(np.float64)
    taps = [
        plane[:, row : row + (oh - 1) * sh + 1 : sh, column : column + (ow - 1) * sw + 1 : sw]
        for row in range(kh)
        for column in range(kw)
    ]
    return np.stack(taps, axis=1).reshape(len(codes), kh * kw, oh * ow)

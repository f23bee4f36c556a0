"""The files of a bundle, kind by kind, as tensors with named axes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import ConfigError
from tilewright.tile import untile_activations, untile_weights
from tilewright.vectors import Bundle
from tilewright.vectors.bundle_reader import decode_tiles
from tilewright.vectors.constants import untile_constants
from tilewright.vectors.kinds import CONSTANTS


@dataclass(frozen=True, slots=True, eq=False)
class Stated:
    """Values of one kind of file, and the names of their axes, outermost first."""

    kind: str
    axes: tuple[str, ...]
    values: npt.NDArray[Any]

    def select(self, places: dict[str, int]) -> Stated | None:
        """The part at these places, without their axes; None if an axis is not one of this kind.

        Raises `ConfigError` for a place outside an axis.
        """
        if not set(places) <= set(self.axes):
            return None
        index: list[int | slice] = [slice(None)] * len(self.axes)
        for axis, place in places.items():
            size = self.values.shape[self.axes.index(axis)]
            if not 0 <= place < size:
                raise ConfigError(f"{self.kind}: {axis} must be 0..{size - 1}, not {place}")
            index[self.axes.index(axis)] = place
        rest = tuple(axis for axis in self.axes if axis not in places)
        return Stated(self.kind, rest, self.values[tuple(index)])


def stated_tensors(bundle: Bundle) -> tuple[Stated, ...]:
    """Every kind of the bundle: channels, not lanes of tiles; pixels of the plane without border."""
    return tuple(_untile(bundle, kind) for kind in bundle.layout.kind_names)


def _untile(bundle: Bundle, kind: str) -> Stated:
    tiles, plan, form = decode_tiles(bundle, kind), bundle.plan, bundle.layout.kind(kind)
    if form.tensor == "activation":
        return Stated(kind, ("ic", "ih", "iw"), untile_activations(tiles, plan))
    if form.tensor == "weight":
        weight = untile_weights(tiles, plan)  # oc ic kh kw
        by_tap = weight.reshape(*weight.shape[:2], -1).transpose(2, 0, 1)  # kij oc ic
        return Stated(kind, ("kij", "oc", "ic"), by_tap)
    if form.tensor in CONSTANTS:
        axes = ("oc", *form.axes[2:])
        return Stated(kind, axes, untile_constants(form, tiles, plan))
    if form.tensor == "address":
        return Stated(kind, form.axes, tiles)
    lanes = np.moveaxis(tiles, -1, -2)  # [kij] otile col onij
    flat = lanes.reshape(*lanes.shape[:-3], -1, lanes.shape[-1])  # [kij] (otile col) onij
    values = flat[..., : bundle.shape.oc, :]  # [kij] oc onij
    first = ("kij",) if form.tensor == "tap_psum" else ()
    if form.is_streamed:
        return Stated(kind, (*first, "oc", "nij"), values)
    if values.shape[-1] < bundle.shape.onij:  # the layout has the first pixels only
        return Stated(kind, (*first, "oc", "onij"), values)
    plane = values.reshape(*values.shape[:-1], bundle.shape.oh, bundle.shape.ow)
    return Stated(kind, (*first, "oc", "oh", "ow"), plane)

"""Layers whose psums, or codes, take Winograd's 16 products for 36."""

from __future__ import annotations

import numpy as np

from tilewright.engine.affine import AffineMap
from tilewright.engine.kernels import Array
from tilewright.errors import ToolError
from tilewright.loops.blocks import TOGETHER
from tilewright.loops.instructions import REGISTERS
from tilewright.loops.winograd import TransformedWeights, fits
from tilewright.spec import IntegerLayer

LEAST_STEPS = 8
"""Shorter sums, and those that must be widened more often, have less to gain."""


class WinogradWeights:
    """Weights int8 ``oc ic kh kw`` for a layer of plain products, transformed; any number of samples.

    Raises `ToolError` where the layer or the processor does not suit it.
    """

    what = "Winograd's convolution"
    dtype = np.dtype(np.int32)

    def __init__(self, layer: IntegerLayer, weight: Array) -> None:
        if not _fits(layer):
            raise ToolError(
                f"{layer.name}: its codes, its sizes or the processor ask for another way"
            )
        self._transformed = TransformedWeights(layer.shape, weight, layer.act_format.max_code)

    @property
    def steps(self) -> int:
        """Steps whose pairs 16 bits hold, whatever the codes are."""
        return self._transformed.steps

    def psums(self, codes: Array) -> Array:
        """Psums int32 ``n oh ow oc`` of codes ``n ih iw ic``."""
        room = self._transformed.room(len(codes), np.int32)
        self._transformed.write(codes, room, 0, len(codes))
        return self._transformed.map_of(room)

    def codes(self, codes: Array, affine: AffineMap, highest: int) -> Array:
        """The affine map of the psums, rounded and clipped to 0..highest: uint8 ``n oh ow oc``."""
        room = self._transformed.room(len(codes), np.uint8)
        lines = np.stack([affine.slope, affine.offset])
        self._transformed.write_codes(codes, lines, highest, room)
        return self._transformed.map_of(room)


def pays(layer: IntegerLayer) -> bool:
    """Whether a layer fits, and its sums are long and not widened too often."""
    if not _fits(layer) or layer.shape.ic < TOGETHER * LEAST_STEPS:
        return False
    return REGISTERS.has_fours or WinogradWeights(layer, layer.weight).steps >= LEAST_STEPS


def _fits(layer: IntegerLayer) -> bool:
    codes, weights = layer.act_format, layer.weight_format
    largest = max(-weights.min_code, weights.max_code)
    return not codes.is_signed and fits(layer.shape, codes.max_code, largest)

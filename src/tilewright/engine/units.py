"""Convolutions by fast units, used where they are found exact: psums, and codes behind an affine map."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from tilewright.engine.affine import AffineMap, fit_affine
from tilewright.engine.kernels import Array
from tilewright.engine.matrix_product import FLOAT32_EXACT, MatrixProduct
from tilewright.engine.probes import threshold_probes
from tilewright.errors import ToolError
from tilewright.spec import IntegerLayer, Requantization


class PackedLayer(Protocol):
    """Weights of a layer, ready for the units. dtype: of the psums; what: the units, in words."""

    what: str
    dtype: np.dtype[Any]

    def psums(self, codes: Array) -> Array:
        """Psums ``n oh ow oc`` of codes ``n ih iw ic``."""

    def codes(self, codes: Array, affine: AffineMap, highest: int) -> Array:
        """The affine map of the psums, rounded and clipped to 0..highest: uint8 ``n oh ow oc``."""


Pack = Callable[[IntegerLayer, Array], PackedLayer]
"""Packs weights int8 ``oc ic kh kw`` for a layer's sizes and formats; raises `ToolError` where it cannot."""


class UnitConvolution:
    """One layer in units whose psums are exact, for batches of `samples`.

    Raises `ToolError` if there are no such units, or if they are found not to be exact here: they are
    compared with a float64 matrix product on random codes and on the highest ones, for the layer's
    weights and for the extreme ones of their format.
    """

    def __init__(self, layer: IntegerLayer, pack: Pack, *, samples: int) -> None:
        self._layer, self._samples = layer, samples
        low, high = layer.psum_range()
        if max(-low, high) >= FLOAT32_EXACT:
            raise ToolError(f"{layer.name}: psums {low}..{high} do not fit float32 exactly")
        self.packed = pack(layer, layer.weight)
        self._test(pack)

    def __call__(self, codes: Array) -> Array:
        """Psums ``n oh ow oc`` of codes ``n ih iw ic``, n = `samples`."""
        return self.packed.psums(codes)

    def _test(self, pack: Pack) -> None:
        codes = self._codes()
        for weight in self._weights():
            layer = replace(self._layer, weight=weight)
            product = MatrixProduct(layer, dtype=np.dtype(np.float64))
            packed = pack(layer, weight)
            for start in range(0, len(codes), self._samples):
                cases = codes[start : start + self._samples]
                batch = np.zeros((self._samples, *codes.shape[1:]), codes.dtype)
                batch[-len(cases) :] = cases
                if not np.array_equal(packed.psums(batch)[-len(cases) :], product(cases)):
                    raise ToolError(f"{self._layer.name}: {packed.what} is not exact here")

    def _codes(self) -> Array:
        """Random codes, and the extreme ones: ``case ih iw ic``."""
        shape, rng = self._layer.shape, np.random.default_rng(0)
        form = self._layer.act_format
        low, high = form.min_code, form.max_code
        sizes = (shape.ih, shape.iw, shape.ic)
        random = rng.integers(low, high, sizes, form.dtype, endpoint=True)
        ends = (np.full(sizes, end, form.dtype) for end in {low, high} - {0})
        return np.stack([random, *ends])

    def _weights(self) -> Iterator[Array]:
        """The layer's own, and if psums of any weights fit float32 the extreme ones: int8 ``oc ic kh kw``."""
        layer = self._layer
        yield layer.weight
        if layer.psum_bound() < FLOAT32_EXACT:
            for code in (layer.weight_format.min_code, layer.weight_format.max_code):
                yield np.full_like(layer.weight, code)


class FusedConvolution:
    """A `UnitConvolution` that hands out the reader's codes: its last step is the link's affine map.

    Raises `ToolError` where a channel's thresholds are no line (`fit_affine`), where codes do not fit
    uint8, or where the operation is found to give another code than the thresholds: at each threshold and
    one below it, in every channel, which decides all sums, because its rounding is monotone in the sum.
    """

    def __init__(
        self, layer: IntegerLayer, link: Requantization, pack: Pack, *, samples: int
    ) -> None:
        self._link = link
        if layer.has_start or layer.act_format.is_signed:
            raise ToolError(f"{layer.name}: signed codes and start values are not fused")
        affine = fit_affine(link, *layer.psum_range())
        if affine is None or link.dtype != np.uint8:
            raise ToolError(
                f"{layer.name}: its thresholds are no line, so they are compared one by one"
            )
        self._affine = affine
        self._packed = packed = pack(layer, layer.weight)
        weight = None
        for probe in threshold_probes(layer, link, samples=samples):
            if probe.weight is not weight:
                weight = probe.weight
                packed = pack(layer, weight)
            found = self._codes(probe.codes, packed)
            if not np.array_equal(found[probe.place], probe.expected):
                raise ToolError(f"{layer.name}: {packed.what} does not round as expected here")

    def __call__(self, codes: Array) -> Array:
        """Codes uint8 ``n oh ow oc`` of the reader before it pools: codes ``n ih iw ic``, n = `samples`."""
        return self._codes(codes, self._packed)

    def _codes(self, codes: Array, packed: PackedLayer) -> Array:
        return packed.codes(codes, self._affine, self._link.max_code)

"""Convolution in 8-bit units, through torch's oneDNN operations. The only module here that loads torch,
and only when it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from tilewright.engine.affine import AffineMap, fit_affine
from tilewright.engine.kernels import Array
from tilewright.engine.matrix_product import FLOAT32_EXACT, MatrixProduct
from tilewright.engine.probes import threshold_probes
from tilewright.errors import ToolError
from tilewright.spec import IntegerLayer, Requantization

SIGNED_OFFSET = 128
"""What makes a signed 8-bit code unsigned, and flips its highest bit."""


class Int8Convolution:
    """One layer in 8-bit products with int32 sums, for batches of `samples`; psums come as float32.

    Signed codes are given as unsigned ones, 128 higher, with that as their zero-point.

    Raises `ToolError` if this torch has no such operation, or if it is found not to be exact here: it is
    compared with a float64 matrix product on random codes and on the highest ones, for the layer's
    weights and for the extreme ones of 8 bits.
    """

    dtype = np.dtype(np.float32)

    def __init__(self, layer: IntegerLayer, *, samples: int) -> None:
        self._layer, self._samples = layer, samples
        low, high = layer.psum_range()
        if max(-low, high) >= FLOAT32_EXACT:
            raise ToolError(f"{layer.name}: psums {low}..{high} do not fit float32 exactly")
        self._packed = _PackedWeights(layer, layer.weight, samples=samples)
        self._test()

    def __call__(self, codes: Array) -> Array:
        """Psums ``n oh ow oc`` of codes ``n ih iw ic``, n = `samples`."""
        return self._convolve(codes, self._packed)

    def _convolve(self, codes: Array, packed: _PackedWeights) -> Array:
        return packed.psums(codes)

    def _test(self) -> None:
        for weight, codes in self._cases():
            layer = replace(self._layer, weight=weight)
            expected = MatrixProduct(layer, dtype=np.dtype(np.float64))(codes)
            packed = _PackedWeights(layer, weight, samples=self._samples)
            batch = np.zeros((self._samples, *codes.shape[1:]), codes.dtype)
            batch[-len(codes) :] = codes
            if not np.array_equal(self._convolve(batch, packed)[-len(codes) :], expected):
                raise ToolError(f"{self._layer.name}: torch's int8 convolution is not exact here")

    def _cases(self) -> Iterator[tuple[Array, Array]]:
        """Weights int8 ``oc ic kh kw`` and codes ``1 ih iw ic`` whose psums fit float32."""
        layer, rng = self._layer, np.random.default_rng(0)
        low, high, dtype = (getattr(layer.act_format, k) for k in ("min_code", "max_code", "dtype"))
        sizes = (1, layer.shape.ih, layer.shape.iw, layer.shape.ic)
        random = rng.integers(low, high, sizes, dtype, endpoint=True)
        ends = (np.full(sizes, end, dtype) for end in {low, high} - {0})
        for codes in (random, *ends):
            yield layer.weight, codes
            if layer.psum_bound() < FLOAT32_EXACT:
                for code in (layer.weight_format.min_code, layer.weight_format.max_code):
                    yield np.full_like(layer.weight, code), codes


class FusedConvolution:
    """An `Int8Convolution` that hands out the reader's codes: its last step is the link's affine map.

    Raises `ToolError` where a channel's thresholds are no line (`fit_affine`), where codes do not fit
    uint8, or where the operation is found to give another code than the thresholds: at each threshold and
    one below it, in every channel, which decides all sums, because its rounding is monotone in the sum.
    """

    def __init__(self, layer: IntegerLayer, link: Requantization, *, samples: int) -> None:
        self._link = link
        if layer.has_start or layer.act_format.is_signed:
            raise ToolError(f"{layer.name}: signed codes and start values are not fused")
        affine = fit_affine(link, *layer.psum_range())
        if affine is None or link.dtype != np.uint8:
            raise ToolError(
                f"{layer.name}: its thresholds are no line, so they are compared one by one"
            )
        self._affine = affine
        self._packed = _PackedWeights(layer, layer.weight, samples=samples)
        weight = None
        for probe in threshold_probes(layer, link, samples=samples):
            if probe.weight is not weight:
                weight = probe.weight
                packed = _PackedWeights(layer, weight, samples=samples)
            found = self._codes(probe.codes, packed)
            if not np.array_equal(found[probe.place], probe.expected):
                raise ToolError(
                    f"{layer.name}: torch's int8 convolution does not round as expected here"
                )

    def __call__(self, codes: Array) -> Array:
        """Codes uint8 ``n oh ow oc`` of the reader before it pools: codes ``n ih iw ic``, n = `samples`."""
        return self._codes(codes, self._packed)

    def _codes(self, codes: Array, packed: _PackedWeights) -> Array:
        return packed.codes(codes, self._affine, self._link.max_code)


class _PackedWeights:
    """Weights int8 ``oc ic kh kw`` in the order of oneDNN, for a layer's sizes and `samples` a batch."""

    def __init__(self, layer: IntegerLayer, weight: Array, *, samples: int) -> None:
        torch, shape = _torch(), layer.shape
        self._zero_point = SIGNED_OFFSET if layer.act_format.is_signed else 0
        is_even = shape.padding_after is None  # oneDNN takes the same padding at both ends alone
        self._edges = None if is_even else ((0, 0), *shape.edges, (0, 0))
        padding = list(shape.padding) if is_even else [0, 0]
        self._geometry = (list(shape.stride), padding, [1, 1], 1)
        self._ones = torch.ones(shape.oc)
        self._zeros = torch.zeros(shape.oc, dtype=torch.int64)
        size = [shape.ih, shape.iw] if is_even else [shape.padded_h, shape.padded_w]
        sizes = [samples, shape.ic, *size]
        with _operation():
            self._weight = torch.ops.onednn.qconv_prepack(
                torch.from_numpy(weight), self._ones, 1.0, self._zero_point, *self._geometry, sizes
            )

    def psums(self, codes: Array) -> Array:
        """Psums float32 ``n oh ow oc`` of codes ``n ih iw ic``."""
        return self._convolve(codes, self._ones, None, _torch().float32, ("none", [], ""))

    def codes(self, codes: Array, affine: AffineMap, highest: int) -> Array:
        """The affine map of the psums, rounded and clipped to 0..highest: uint8 ``n oh ow oc``."""
        torch = _torch()
        slope, offset = torch.from_numpy(affine.slope), torch.from_numpy(affine.offset)
        clip = ("hardtanh", [0.0, float(highest)], "")
        return self._convolve(codes, slope, offset, torch.uint8, clip)

    def _convolve(self, codes: Array, scale: Any, bias: Any, dtype: Any, after: Any) -> Array:
        torch = _torch()
        if self._edges is not None:
            codes = np.pad(codes, self._edges)
        if self._zero_point:
            codes = codes.view(np.uint8) ^ np.uint8(SIGNED_OFFSET)
        planes = torch.from_numpy(codes).permute(0, 3, 1, 2)  # n c h w, in memory n h w c
        with _operation():
            found = torch.ops.onednn.qconv2d_pointwise(
                planes,
                *(1.0, self._zero_point, self._weight, scale, self._zeros, bias),
                *self._geometry,
                *(1.0, 0, dtype, *after),
            )
        result: Array = found.permute(0, 2, 3, 1).contiguous().numpy()  # n h w c
        return result


@contextmanager
def _operation() -> Iterator[None]:
    """What torch says of its int8 operations is one line."""
    try:
        yield
    except (RuntimeError, AttributeError) as error:
        raise ToolError(f"torch has no int8 convolution here: {_first_line(error)}") from None


@contextmanager
def one_thread() -> Iterator[None]:
    """Within this context torch computes on the calling thread only."""
    torch = _torch()
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def be_one_thread() -> None:
    """Make torch use no further threads for what this thread computes; for threads of a pool."""
    _torch().set_num_threads(1)


def _torch() -> Any:
    try:
        import torch
    except ImportError:
        raise ToolError(
            "the int8 engine needs torch, which is not installed: use the engine 'blas'"
        ) from None
    return torch


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]

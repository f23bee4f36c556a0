"""Convolution in 8-bit units, through torch's oneDNN operations. The only module here that loads torch,
and only when it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from tilewright.engine.kernels import Array
from tilewright.engine.matrix_product import FLOAT32_EXACT, MatrixProduct
from tilewright.errors import ToolError
from tilewright.spec import IntegerLayer

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
        self._zero_point = SIGNED_OFFSET if layer.act_format.is_signed else 0
        low, high = layer.psum_range()
        if max(-low, high) >= FLOAT32_EXACT:
            raise ToolError(f"{layer.name}: psums {low}..{high} do not fit float32 exactly")
        self._packed, self._geometry = self._pack(layer.weight)
        self._test()

    def __call__(self, codes: Array) -> Array:
        """Psums ``n oh ow oc`` of codes ``n ih iw ic``, n = `samples`."""
        return self._convolve(codes, self._packed)

    def _pack(self, weight: Array) -> tuple[Any, tuple[Any, ...]]:
        torch = _torch()
        shape = self._layer.shape
        geometry = (list(shape.stride), list(shape.padding), [1, 1], 1)
        sizes = [self._samples, shape.ic, shape.ih, shape.iw]
        self._ones = torch.ones(shape.oc)
        self._zeros = torch.zeros(shape.oc, dtype=torch.int64)
        try:
            packed = torch.ops.onednn.qconv_prepack(
                torch.from_numpy(weight), self._ones, 1.0, self._zero_point, *geometry, sizes
            )
        except (RuntimeError, AttributeError) as error:
            raise ToolError(f"torch has no int8 convolution here: {_first_line(error)}") from None
        return packed, geometry

    def _convolve(self, codes: Array, packed: Any) -> Array:
        torch = _torch()
        if self._zero_point:
            codes = codes.view(np.uint8) ^ np.uint8(SIGNED_OFFSET)
        planes = torch.from_numpy(codes).permute(0, 3, 1, 2)  # n c h w, in memory n h w c
        try:
            psums = torch.ops.onednn.qconv2d_pointwise(
                planes,
                *(1.0, self._zero_point, packed, self._ones, self._zeros, None),
                *self._geometry,
                *(1.0, 0, torch.float32, "none", [], ""),
            )
        except (RuntimeError, AttributeError) as error:
            raise ToolError(f"torch has no int8 convolution here: {_first_line(error)}") from None
        found: Array = psums.permute(0, 2, 3, 1).contiguous().numpy()  # n h w c
        return found

    def _test(self) -> None:
        for weight, codes in self._cases():
            layer = replace(self._layer, weight=weight)
            expected = MatrixProduct(layer, dtype=np.dtype(np.float64))(codes)
            packed, _ = self._pack(weight)
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

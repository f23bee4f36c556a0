"""Convolution in 8-bit units, through torch's oneDNN operations. The only module here that loads torch,
and only when it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from tilewright.engine.affine import AffineMap
from tilewright.engine.kernels import Array
from tilewright.errors import ToolError
from tilewright.spec import IntegerLayer

SIGNED_OFFSET = 128
"""What makes a signed 8-bit code unsigned, and flips its highest bit."""


class PackedWeights:
    """Weights int8 ``oc ic kh kw`` in the order of oneDNN, for a layer's sizes and `samples` a batch.

    Signed codes are given as unsigned ones, 128 higher, with that as their zero-point. Raises `ToolError` if
    this torch has no such operation.
    """

    what = "torch's int8 convolution"
    dtype = np.dtype(np.float32)

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

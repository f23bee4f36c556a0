"""Which pixels of the padded plane the taps of each ofmap pixel see, and the inverse."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from tilewright.spec import ConvShape


@lru_cache(maxsize=64)
def window_pixels(shape: ConvShape) -> npt.NDArray[np.int64]:
    """``kij onij`` to the pixel nij of the padded plane."""
    down = np.arange(shape.kh)[:, None] + shape.stride[0] * np.arange(shape.oh)  # kh oh
    across = np.arange(shape.kw)[:, None] + shape.stride[1] * np.arange(shape.ow)  # kw ow
    pixels = down[:, None, :, None] * shape.padded_w + across[None, :, None, :]  # kh kw oh ow
    return pixels.reshape(shape.taps, shape.onij)


@lru_cache(maxsize=64)
def tap_hits(shape: ConvShape) -> npt.NDArray[np.int64]:
    """``kij nij`` to the ofmap pixel onij to which the tap adds it, or -1 where there is none."""
    lines = _axis(shape.kh, shape.padded_h, shape.stride[0], shape.oh)  # kh_idx ni
    columns = _axis(shape.kw, shape.padded_w, shape.stride[1], shape.ow)  # kw_idx nj
    rows, cols = lines[:, None, :, None], columns[None, :, None, :]
    onij = np.where((rows >= 0) & (cols >= 0), rows * shape.ow + cols, -1)
    return onij.reshape(shape.taps, shape.nij)


def _axis(kernel: int, padded: int, stride: int, out: int) -> npt.NDArray[np.int64]:
    """``tap line``: the o of ``line = o * stride + tap`` with ``0 <= o < out``, or -1."""
    o, rest = np.divmod(np.arange(padded)[None, :] - np.arange(kernel)[:, None], stride)
    return np.where((rest == 0) & (o >= 0) & (o < out), o, -1)

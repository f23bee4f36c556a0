"""Psums of every tap at every pixel of the padded plane: what a core holds before it accumulates."""

from __future__ import annotations

import numpy as np

from tilewright.spec import ConvShape, IntArray, Ints
from tilewright.verify import reference_tap_psums


def reference_streamed_psums(codes: IntArray, weight: IntArray, shape: ConvShape) -> Ints:
    """Codes ``ic ih iw``, weight ``oc ic kh kw`` to ``kij oc padded_h padded_w``, by the naive reference.

    Each tap alone is a layer of 1x1 kernels on the padded plane.
    """
    plane = np.pad(codes.astype(np.int64), ((0, 0), *shape.edges))  # ic h w
    pixel = ConvShape(shape.ic, shape.padded_h, shape.padded_w, shape.oc, kh=1, kw=1)
    taps = []
    for kij in range(shape.taps):
        row, column = divmod(kij, shape.kw)
        kernel = weight[:, :, row : row + 1, column : column + 1]
        taps.append(reference_tap_psums(plane[None], kernel, pixel)[0, 0])
    return np.stack(taps)

"""Sizes of the ifmap: what is padding in the file, and the plane behind windows."""

from __future__ import annotations

import numpy as np

from tilewright.adopt.fit import Fit
from tilewright.adopt.windows import Plane, window_planes


def plane_of(fit: Fit) -> Plane | None:
    """The ifmap of a fit; None if windows belong to no plane."""
    sizes = fit.sized.sizes
    if sizes.plane is None:
        windows = fit.codes.tensor, sizes.kernel, sizes.onij
        likely = next(window_planes(*windows, is_strict=True), None)
        return likely or next(window_planes(*windows), None)
    if any(sizes.padding):
        return Plane(sizes.plane, sizes.padding, sizes.stride, sizes.out, "unpadded")
    border, form = _border(fit), "halo" if sizes.tile else "padded"
    if border == (0, 0):
        return Plane(sizes.plane, border, sizes.stride, sizes.out, form)
    inner = sizes.plane[0] - 2 * border[0], sizes.plane[1] - 2 * border[1]
    note = (
        f"the border of {border[0]}x{border[1]} zeros is taken for padding; a plane of "
        f"{sizes.plane[0]}x{sizes.plane[1]} without padding gives the same numbers"
    )
    return Plane(inner, border, sizes.stride, sizes.out, form, notes=(note,))


def _border(fit: Fit) -> tuple[int, int]:
    """The usual padding, where as wide a border holds zeros alone."""
    sizes, codes = fit.sized.sizes, fit.codes.tensor  # ic h w
    widths = [0, 0]
    for axis in (0, 1):
        along = np.moveaxis(codes, axis + 1, 0)
        usual = sizes.kernel[axis] // 2
        is_inside = 0 < 2 * usual < len(along)
        if is_inside and not along[:usual].any() and not along[-usual:].any():
            widths[axis] = usual
    return widths[0], widths[1]

"""Sizes of the ifmap: what is padding in the file, and the plane behind windows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from tilewright.adopt.fit import Fit
from tilewright.adopt.hypotheses import Hypothesis
from tilewright.adopt.operands import tap_order, tap_orders
from tilewright.adopt.shapes import factor_pairs


@dataclass(frozen=True, slots=True)
class Plane:
    """The ifmap of a layer: its sizes, and how the file has it.

    form: "padded", "unpadded", "windows" or "halo". tap_order: of windows. notes: what else it could be.
    """

    size: tuple[int, int]
    padding: tuple[int, int]
    stride: tuple[int, int]
    out: tuple[int, int]
    form: str
    tap_order: str = ""
    notes: tuple[str, ...] = ()


def plane_of(fit: Fit) -> Plane | None:
    """The ifmap of a fit; None if windows belong to no plane."""
    sizes = fit.sized.sizes
    if sizes.plane is None:
        return next(_window_planes(fit), None)
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


def _window_planes(fit: Fit) -> Iterator[Plane]:
    """Planes in which every window says the same code of a pixel, the usual sizes first."""
    sizes, codes = fit.sized.sizes, fit.codes.tensor  # ic kij pixel
    for shape in _window_shapes(sizes):
        for order in tap_orders(sizes.kernel):
            windows = codes[:, tap_order(sizes.kernel, order), : sizes.onij]
            if _is_plane(windows, sizes, shape):
                yield replace(shape, tap_order=order)


def _window_shapes(sizes: Hypothesis) -> Iterator[Plane]:
    (kh, kw) = sizes.kernel
    for out in factor_pairs(sizes.onij):
        for stride in (1, 2, 3):
            for padding in dict.fromkeys(((kh // 2, kw // 2), (0, 0), (1, 1))):
                size = tuple(
                    (o - 1) * stride + k - 2 * p
                    for o, k, p in zip(out, sizes.kernel, padding, strict=True)
                )
                if min(size) > 0:
                    yield Plane((size[0], size[1]), padding, (stride, stride), out, "windows")


def _is_plane(windows: np.ndarray, sizes: Hypothesis, shape: Plane) -> bool:
    (kh, kw), (oh, ow) = sizes.kernel, shape.out
    (step, _), (ph, pw) = shape.stride, shape.padding
    height, width = shape.size[0] + 2 * ph, shape.size[1] + 2 * pw
    down = np.arange(kh)[:, None] + step * np.arange(oh)
    across = np.arange(kw)[:, None] + step * np.arange(ow)
    pixels = (down[:, None, :, None] * width + across[None, :, None, :]).reshape(kh * kw, -1)
    plane = np.zeros((len(windows), height * width), windows.dtype)
    plane[:, pixels] = windows
    padded = plane.reshape(-1, height, width).copy()
    padded[:, ph : height - ph, pw : width - pw] = 0
    return bool((plane[:, pixels] == windows).all() and not padded.any())

"""Preconditions that a module's input must meet, checked on the first batch that it is given."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor, nn

from tilewright.errors import DataError

MAX_PIXEL = 255


class FirstBatch:
    """Remembers that a check has passed, in this process and for this copy: a loaded module checks anew."""

    def __init__(self) -> None:
        self.is_over = False

    def __reduce__(self) -> tuple[type[FirstBatch], tuple[()]]:
        return FirstBatch, ()


def check_floating(x: Tensor) -> None:
    """Raise `DataError` if `x`, what a learned scale divides, holds integers."""
    if not (x.is_floating_point() or x.is_meta):
        raise DataError(
            f"values on a learned scale must be floats, but the first batch is {x.dtype}: quantize with "
            "has_pixel_input=True for raw pixels 0..255, or give floats (pixels / 255)"
        )


class InputCheck(nn.Identity):
    """The input, unchanged; its first batch must not be negative, because its codes are unsigned.

    Raises `DataError` that says what the first batch holds, and what to do.
    """

    def __init__(self) -> None:
        super().__init__()
        self.first = FirstBatch()

    def forward(self, x: Tensor) -> Tensor:
        """`x`, checked if it is the first."""
        if not (self.first.is_over or x.is_meta):
            self._check(x.detach())
            self.first.is_over = True
        return x

    def _check(self, x: Tensor) -> None:
        check_floating(x)
        lowest = float(x.min()) if x.numel() else 0.0
        if not lowest >= 0:
            raise DataError(
                f"the module's input must not be negative, because its codes are unsigned, but "
                f"{int((~(x >= 0)).sum())} of the {x.numel()} values of the first batch are, down to "
                f"{lowest:g}: leave out the normalization (images in 0..1), quantize with "
                "has_pixel_input=True and give raw pixels 0..255, or with has_signed_input=True"
            )


def check_pixels(x: Tensor) -> None:
    """Raise `DataError` if `x`, a first batch of raw pixels, holds anything but integers 0..255.

    Warns where floats are 0 and 1 alone, which black and white images scaled to 0..1 are too.
    """
    if x.dtype == torch.uint8 or x.is_meta or not x.numel():
        return
    lowest, highest = float(x.min()), float(x.max())
    is_whole = bool((x == x.round()).all())
    if lowest >= 0 and highest <= MAX_PIXEL and is_whole:
        if x.is_floating_point() and highest == 1:
            warnings.warn(
                "the first batch of pixels holds 0 and 1 alone: raw pixels are 0..255, so images that "
                "were scaled to 0..1 must be multiplied by 255",
                stacklevel=2,
            )
        return
    scaled = ": these look like images in 0..1" if lowest >= 0 and highest <= 1 else ""
    raise DataError(
        f"raw pixels must be integers 0..255, but the first batch holds {lowest:g}..{highest:g}"
        f"{'' if is_whole else ', not all of them whole'}{scaled}: give the 8-bit pixels themselves "
        "(torchvision's PILToTensor in place of ToTensor, no normalization), or quantize with "
        "has_pixel_input=False and give values that are not negative"
    )

"""Order and augmentation of training images, as pure functions of seed and epoch."""

from __future__ import annotations

from enum import IntEnum
from typing import Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt

Augmentation = Literal["none", "crop", "crop_flip", "crop_alternate"]
AUGMENTATIONS: tuple[str, ...] = get_args(Augmentation)
CROP_PADDING = 4
"""Pixels of the border, which no crop reaches beyond."""


class _Stream(IntEnum):
    """Independent streams of random numbers."""

    ORDER = 0
    AUGMENTATION = 1


def shuffle_order(count: int, *, seed: int, epoch: int) -> npt.NDArray[np.int64]:
    """The order of the training images in `epoch`: a permutation of ``0..count - 1``."""
    return np.argsort(_draw(count, _Stream.ORDER, seed, epoch), kind="stable")


class Crops(NamedTuple):
    """For each image the place of its crop in the padded image, 0..8, and whether it is mirrored.

    hole_top, hole_left: 12 random bits each, for the place of a square that is cut out.
    """

    top: npt.NDArray[np.int64]
    left: npt.NDArray[np.int64]
    is_flipped: npt.NDArray[np.bool_]
    hole_top: npt.NDArray[np.int64]
    hole_left: npt.NDArray[np.int64]


def draw_crops(count: int, *, seed: int, epoch: int, shift: int = CROP_PADDING) -> Crops:
    """The crops of `count` images in `epoch`, up to `shift` pixels off; half of them are mirrored."""
    draws = _draw(count, _Stream.AUGMENTATION, seed, epoch)

    def bits(first: int, count: int) -> npt.NDArray[np.int64]:
        return ((draws >> np.uint64(first)) & np.uint64((1 << count) - 1)).astype(np.int64)

    shifts, first = 2 * shift + 1, CROP_PADDING - shift
    return Crops(
        top=first + bits(0, 16) % shifts,
        left=first + bits(16, 16) % shifts,
        is_flipped=bits(32, 1).astype(bool),
        hole_top=bits(40, 12),
        hole_left=bits(52, 12),
    )


def _draw(count: int, stream: _Stream, seed: int, epoch: int) -> npt.NDArray[np.uint64]:
    """Random numbers 0..2**64 - 1. numpy keeps `random_raw` the same from version to version."""
    return np.random.Philox(np.random.SeedSequence([seed, epoch, stream])).random_raw(count)

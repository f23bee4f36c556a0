"""Order and augmentation of training images, as pure functions of seed and epoch."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

CROP_PADDING = 4


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


def draw_crops(count: int, *, seed: int, epoch: int) -> Crops:
    """The crops of `count` images in `epoch`; half of them are mirrored."""
    draws = _draw(count, _Stream.AUGMENTATION, seed, epoch)
    shifts = np.uint64(2 * CROP_PADDING + 1)
    top = (draws & np.uint64(0xFFFF)) % shifts
    left = ((draws >> np.uint64(16)) & np.uint64(0xFFFF)) % shifts
    is_flipped = ((draws >> np.uint64(32)) & np.uint64(1)).astype(bool)
    hole_top, hole_left = (
        (draws >> np.uint64(shift)) & np.uint64(0xFFF) for shift in (40, 52)
    )
    integers = (values.astype(np.int64) for values in (top, left, hole_top, hole_left))
    top, left, hole_top, hole_left = integers
    return Crops(top, left, is_flipped, hole_top, hole_left)


def _draw(count: int, stream: _Stream, seed: int, epoch: int) -> npt.NDArray[np.uint64]:
    """Random numbers 0..2**64 - 1. numpy keeps `random_raw` the same from version to version."""
    return np.random.Philox(np.random.SeedSequence([seed, epoch, stream])).random_raw(count)

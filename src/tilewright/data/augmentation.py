"""Order and augmentation of training images, as pure functions of seed and epoch."""

from __future__ import annotations

from enum import IntEnum

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


def crop_at_random(
    images: npt.NDArray[np.uint8],
    samples: npt.NDArray[np.int64],
    *,
    seed: int,
    epoch: int,
    has_flip: bool,
) -> npt.NDArray[np.uint8]:
    """The images ``n c h w`` of these samples, shifted by up to 4 pixels each way and mirrored at random.

    What happens to a sample depends on seed, epoch and its index only, not on the batch. Pixels
    shifted in are 0. Returns ``len(samples) c h w``.
    """
    draws = _draw(len(images), _Stream.AUGMENTATION, seed, epoch)[samples]
    shifts = np.uint64(2 * CROP_PADDING + 1)
    top = (draws & np.uint64(0xFFFF)) % shifts
    left = ((draws >> np.uint64(16)) & np.uint64(0xFFFF)) % shifts
    is_flipped = ((draws >> np.uint64(32)) & np.uint64(has_flip)).astype(bool)
    return _crop(images[samples], top.astype(np.int64), left.astype(np.int64), is_flipped)


def _crop(
    images: npt.NDArray[np.uint8],
    top: npt.NDArray[np.int64],
    left: npt.NDArray[np.int64],
    is_flipped: npt.NDArray[np.bool_],
) -> npt.NDArray[np.uint8]:
    """Window of ``h w`` at (top, left) of each padded image, mirrored where asked."""
    count, _, height, width = images.shape
    edge = (CROP_PADDING, CROP_PADDING)
    padded = np.pad(images, ((0, 0), (0, 0), edge, edge))
    columns = np.where(is_flipped[:, None], np.arange(width)[::-1], np.arange(width))  # n w
    cropped = padded[
        np.arange(count)[:, None, None],
        :,
        (top[:, None] + np.arange(height))[:, :, None],
        (left[:, None] + columns)[:, None, :],
    ]  # n h w c
    return cropped.transpose(0, 3, 1, 2)  # n c h w


def _draw(count: int, stream: _Stream, seed: int, epoch: int) -> npt.NDArray[np.uint64]:
    """Random numbers 0..2**64 - 1. numpy keeps `random_raw` the same from version to version."""
    return np.random.Philox(np.random.SeedSequence([seed, epoch, stream])).random_raw(count)

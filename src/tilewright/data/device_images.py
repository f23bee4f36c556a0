"""Training images that stay on the device, and their augmentation there."""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from tilewright.data.augmentation import CROP_PADDING, Augmentation, draw_crops
from tilewright.data.image_data import Split


class DeviceImages:
    """The images of a split, uint8 with a border of zeros, and its labels, on `device`.

    They are uploaded once; a batch then costs one gather. What happens to a sample depends on seed,
    epoch and its index only, never on the batch or the device.
    """

    def __init__(self, split: Split, device: str) -> None:
        images = torch.from_numpy(split.images).permute(0, 2, 3, 1)  # n h w c
        self._height, self._width = images.shape[1:3]
        edge = (0, 0, CROP_PADDING, CROP_PADDING, CROP_PADDING, CROP_PADDING)
        self._padded = functional.pad(images, edge).to(device)
        self._labels = torch.from_numpy(split.labels).to(device)
        self._crops_of = functools.lru_cache(maxsize=1)(self._draw_crops)

    def __len__(self) -> int:
        return len(self._labels)

    def augmented(
        self,
        samples: npt.NDArray[np.int64],
        *,
        augmentation: Augmentation,
        shift: int = CROP_PADDING,
        cutout: int = 0,
        seed: int,
        epoch: int,
    ) -> tuple[Tensor, Tensor]:
        """Pixels uint8 ``n c h w`` (channels last in memory) and labels int64 ``n``.

        "crop" shifts an image by up to `shift` pixels, 0..4, each way; pixels shifted in are 0.
        "crop_flip" also mirrors half of them, drawn anew in each epoch; "crop_alternate" mirrors an image
        in every other epoch, so that two epochs show each once as it is and once mirrored (Jordan, 94 % on
        CIFAR-10 in 3.29 seconds, 2024, section 3.6). cutout: edge of a square, 0..the image's, that
        is set to 0 at a random place inside each image, if any augmentation is on (DeVries & Taylor,
        2017; there it may also stand out of the image).
        """
        places = self._upload(samples)
        if augmentation == "none":
            return self.plain(samples), self._labels[places]
        top, left, is_flipped, hole_top, hole_left = (
            drawn[places] for drawn in self._crops_of(augmentation, shift, seed, epoch)
        )
        columns = self._columns(len(samples))
        columns = torch.where(is_flipped[:, None], columns.flip(1), columns)
        pixels = self._gather(places, top, left[:, None] + columns)
        if cutout:
            in_rows = _is_within(hole_top % (self._height - cutout + 1), cutout, self._height)
            in_columns = _is_within(hole_left % (self._width - cutout + 1), cutout, self._width)
            pixels.masked_fill_((in_rows[:, :, None] & in_columns[:, None, :])[:, None], 0)
        return pixels, self._labels[places]

    def plain(self, samples: npt.NDArray[np.int64]) -> Tensor:
        """Pixels uint8 ``n c h w`` as they are."""
        places = self._upload(samples)
        top = torch.full_like(places, CROP_PADDING)
        return self._gather(places, top, CROP_PADDING + self._columns(len(samples)))

    def _draw_crops(
        self, augmentation: Augmentation, shift: int, seed: int, epoch: int
    ) -> tuple[Tensor, ...]:
        """The crops of every image, on the device."""
        crops = draw_crops(len(self), seed=seed, epoch=epoch, shift=shift)
        if augmentation == "crop":
            is_flipped = np.zeros_like(crops.is_flipped)
        elif augmentation == "crop_flip":
            is_flipped = crops.is_flipped
        else:
            is_flipped = draw_crops(len(self), seed=seed, epoch=0).is_flipped ^ bool(epoch % 2)
        return tuple(self._upload(values) for values in crops._replace(is_flipped=is_flipped))

    def _columns(self, count: int) -> Tensor:
        """Column numbers ``n w``."""
        return torch.arange(self._width, device=self._labels.device).expand(count, -1)

    def _gather(self, places: Tensor, top: Tensor, columns: Tensor) -> Tensor:
        """Rows from `top` (``n``) and `columns` (``n w``) of the padded images."""
        rows = top[:, None] + torch.arange(self._height, device=top.device)  # n h
        picked = self._padded[places[:, None, None], rows[:, :, None], columns[:, None, :]]
        return picked.permute(0, 3, 1, 2)  # n c h w

    def _upload(self, values: npt.NDArray[np.generic]) -> Tensor:
        return torch.from_numpy(values).to(self._labels.device, non_blocking=True)


def _is_within(first: Tensor, count: int, size: int) -> Tensor:
    """Which of ``0..size - 1`` are within `count` from `first` (``n``): ``n size``."""
    places = torch.arange(size, device=first.device)
    return (places >= first[:, None]) & (places < first[:, None] + count)

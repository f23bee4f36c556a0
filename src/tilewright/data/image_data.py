"""Labelled images in three splits."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import DataError


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """images: uint8 ``n c h w``, raw pixels, or int8, signed codes of such. labels: int64 ``n``, index into
    the class names."""

    images: npt.NDArray[Any]
    labels: npt.NDArray[np.int64]

    def __post_init__(self) -> None:
        if self.images.ndim != 4 or self.labels.shape != self.images.shape[:1]:
            raise DataError(
                f"images must be (n, c, h, w) and labels (n,), not {self.images.shape} and "
                f"{self.labels.shape}"
            )
        if self.images.dtype not in (np.uint8, np.int8) or self.labels.dtype != np.int64:
            raise DataError(
                f"images must be uint8 or int8, and labels int64, not {self.images.dtype} and "
                f"{self.labels.dtype}"
            )

    def __len__(self) -> int:
        return len(self.labels)

    def fingerprint(self) -> str:
        """Hexadecimal SHA-256 of its pixels and labels."""
        digest = hashlib.sha256(self.images.tobytes())
        digest.update(self.labels.astype("<i8").tobytes())
        return digest.hexdigest()

    def take(self, samples: npt.NDArray[np.int64]) -> Split:
        """The samples of these indices, in this order."""
        return Split(self.images[samples], self.labels[samples])


@dataclass(frozen=True, slots=True, eq=False)
class ImageData:
    """A data set: `holdout` is the part of the training images kept for selection, never trained on."""

    name: str
    classes: tuple[str, ...]
    train: Split
    holdout: Split
    test: Split

    def __post_init__(self) -> None:
        for name in ("train", "holdout", "test"):
            split: Split = getattr(self, name)
            if len(split) == 0:
                raise DataError(f"{self.name}: the {name} split must not be empty")
            lowest, highest = int(split.labels.min()), int(split.labels.max())
            if lowest < 0 or highest >= len(self.classes):
                raise DataError(
                    f"{self.name}: labels of the {name} split must be 0..{len(self.classes) - 1}, "
                    f"but run from {lowest} to {highest}"
                )

    def fingerprint(self) -> str:
        """Hexadecimal SHA-256 of all pixels and labels."""
        digest = hashlib.sha256()
        for split in (self.train, self.holdout, self.test):
            digest.update(split.images.tobytes())
            digest.update(split.labels.astype("<i8").tobytes())
        return digest.hexdigest()


def fixed_order(count: int) -> npt.NDArray[np.int64]:
    """A permutation of ``0..count - 1`` that looks random and never changes: indices by their SHA-256."""
    keys = [hashlib.sha256(index.to_bytes(8, "little")).digest() for index in range(count)]
    return np.array(sorted(range(count), key=keys.__getitem__), np.int64)

"""How many images a model recognizes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from tilewright.data import Split
from tilewright.errors import DataError

BATCH_SIZE = 250


@dataclass(frozen=True, slots=True)
class Accuracy:
    """`correct` of `images` were recognized."""

    images: int
    correct: int

    def __post_init__(self) -> None:
        if not 0 <= self.correct <= self.images or self.images == 0:
            raise DataError(
                "an accuracy needs 1 image or more and 0..images correct ones, not "
                f"{self.correct} of {self.images}"
            )

    @property
    def rate(self) -> float:
        """Fraction 0..1."""
        return self.correct / self.images


def predict(
    model: nn.Module, images: npt.NDArray[np.uint8], *, batch_size: int = BATCH_SIZE
) -> npt.NDArray[np.int64]:
    """Class index ``n`` of each of the images uint8 ``n c h w``, in evaluation mode; ties go to the
    lowest.
    """
    was_training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            parts = [
                model(torch.from_numpy(images[start : start + batch_size]))
                .float()
                .numpy()
                .argmax(axis=1)
                for start in range(0, len(images), batch_size)
            ]
    finally:
        model.train(was_training)
    return np.concatenate(parts).astype(np.int64)


def evaluate(model: nn.Module, split: Split, *, batch_size: int = BATCH_SIZE) -> Accuracy:
    """Accuracy of `model`, in evaluation mode, on `split`."""
    predictions = predict(model, split.images, batch_size=batch_size)
    return Accuracy(images=len(split), correct=int((predictions == split.labels).sum()))

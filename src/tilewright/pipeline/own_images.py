"""The test images that a run brings along: those of a module that was not trained here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.data import Split
from tilewright.errors import ArtifactError, ShapeError
from tilewright.pipeline.run_folder import RunFolder
from tilewright.store.artifact import read_artifact, write_artifact

KIND = "own-images"
NAME = "own"
"""What such images are called where a data set has a name."""


@dataclass(frozen=True, slots=True, eq=False)
class OwnImages:
    """test: images as the codes that the network's first node reads, and their labels. predictions: the
    trained module's classes. module: the name of its class.

    Raises `ShapeError` if there are not as many predictions as images.
    """

    test: Split
    predictions: npt.NDArray[np.int64]
    module: str

    def __post_init__(self) -> None:
        if self.predictions.shape != self.test.labels.shape or not len(self.test):
            raise ShapeError(
                f"there must be a prediction for each of the images, 1 or more, not "
                f"{len(self.predictions)} for {len(self.test)}"
            )

    def save(self, run: RunFolder) -> None:
        """Write ``02_recover/images``."""
        arrays: dict[str, npt.NDArray[Any]] = {
            "images": self.test.images,
            "labels": self.test.labels,
            "predictions": self.predictions,
        }
        write_artifact(run.folder("recover") / "images", KIND, arrays, {"module": self.module})

    @staticmethod
    def remove(run: RunFolder) -> None:
        """Remove what `save` wrote, if it did."""
        for suffix in (".json", ".safetensors"):
            (run.folder("recover") / f"images{suffix}").unlink(missing_ok=True)

    @classmethod
    def load(cls, run: RunFolder) -> OwnImages | None:
        """What `save` wrote; None if the run has no images of its own. Raises `ArtifactError` if damaged."""
        stem = run.folder("recover") / "images"
        if not stem.with_suffix(".json").is_file():
            return None
        arrays, facts = read_artifact(stem, KIND)
        try:
            test = Split(arrays["images"], arrays["labels"])
            return cls(test, arrays["predictions"], str(facts["module"]))
        except (KeyError, TypeError) as error:
            raise ArtifactError(f"{stem}.json does not describe images: {error!r}") from None

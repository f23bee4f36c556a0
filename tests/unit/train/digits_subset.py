"""A few digits, and a recipe that trains on them in a moment."""

import numpy as np

from tilewright.data import ImageData, load_data
from tilewright.models import ModelSpec
from tilewright.train import Recipe

SPEC = ModelSpec("vgg_tiny", weight_bits=4, act_bits=4, choke_width=8)
RECIPE = Recipe(epochs=3, batch_size=16, warmup_epochs=0.5)


def few_digits() -> ImageData:
    """48 / 20 / 20 images: three batches of 16 an epoch."""
    data = load_data("digits")
    return ImageData(
        name="few digits",
        classes=data.classes,
        train=data.train.take(np.arange(48)),
        holdout=data.holdout.take(np.arange(20)),
        test=data.test.take(np.arange(20)),
    )

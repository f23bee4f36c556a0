"""The bundled digits: no network needed.

``digits.npz`` holds the test set of E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits
(1998), UCI Machine Learning Repository, https://doi.org/10.24432/C50P49, license CC BY 4.0: the images that
scikit-learn's ``load_digits`` gives, in its order.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from tilewright.data.image_data import ImageData, Split, fixed_order

FILE = Path(__file__).with_name("digits.npz")
MAX_INK = 16
HOLDOUT, TEST = 360, 360


def read_digits() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """1,797 images ``n 8 8`` of 0..16, and their labels ``n``."""
    with np.load(FILE) as file:
        return file["images"], file["labels"]


def load_digits_images() -> ImageData:
    """The 1,797 handwritten digits as 3x32x32 images: 1,077 / 360 / 360 in a fixed order.

    The 8x8 images of values 0..16 are enlarged four times by `enlarge` and repeated in three
    channels.
    """
    inks, digits = read_digits()
    images = enlarge(inks.astype(np.int64))  # n h w
    images = np.repeat(images[:, None], 3, axis=1)  # n c h w
    labels = digits.astype(np.int64)
    train, holdout, test = np.split(fixed_order(len(labels)), [-HOLDOUT - TEST, -TEST])
    samples = Split(images, labels)
    return ImageData(
        name="digits",
        classes=tuple(str(digit) for digit in range(10)),
        train=samples.take(train),
        holdout=samples.take(holdout),
        test=samples.take(test),
    )


def enlarge(images: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
    """Images ``n h w`` of 0..16 to uint8 ``n 4h 4w`` of 0..255: bilinear, in integers.

    Output pixel i lies at ``(2 i - 3) / 8`` on the input grid (pixel centers aligned, edges
    repeated). The weights are eighths, so sums are exact; ``(255 * sum + 512) // 1024`` rounds half
    up at the end.
    """
    images = _interpolate(_interpolate(images, axis=1), axis=2)  # n 4h 4w, in 1/64
    return ((255 * images + 512) // (64 * MAX_INK)).astype(np.uint8)


def _interpolate(images: npt.NDArray[np.int64], *, axis: int) -> npt.NDArray[np.int64]:
    """Four times as many pixels along `axis`, in eighths."""
    size = images.shape[axis]
    position = 2 * np.arange(4 * size) - 3
    left, eighths = position // 8, position % 8
    shape = [1, 1, 1]
    shape[axis] = 4 * size
    weight = eighths.reshape(shape).astype(np.int64)
    before = images.take(left.clip(0), axis=axis)
    after = images.take((left + 1).clip(max=size - 1), axis=axis)
    return (8 - weight) * before + weight * after

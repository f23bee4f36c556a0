"""Data sets of labelled images, their splits, order and augmentation; torch is loaded for `DeviceImages`."""

from typing import TYPE_CHECKING, Any

from tilewright.data.augmentation import AUGMENTATIONS, Augmentation, shuffle_order
from tilewright.data.catalog import load_data
from tilewright.data.cifar10 import load_cifar10
from tilewright.data.digits import load_digits_images
from tilewright.data.image_data import ImageData, Split

if TYPE_CHECKING:
    from tilewright.data.device_images import DeviceImages

__all__ = [
    "AUGMENTATIONS",
    "Augmentation",
    "DeviceImages",
    "ImageData",
    "Split",
    "load_cifar10",
    "load_data",
    "load_digits_images",
    "shuffle_order",
]


def __getattr__(name: str) -> Any:
    if name != "DeviceImages":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from tilewright.data.device_images import DeviceImages

    return DeviceImages

"""Data sets of labelled images, their splits, order and augmentation."""

from tilewright.data.augmentation import shuffle_order
from tilewright.data.catalog import load_data
from tilewright.data.cifar10 import load_cifar10
from tilewright.data.device_images import AUGMENTATIONS, Augmentation, DeviceImages
from tilewright.data.digits import load_digits_images
from tilewright.data.image_data import ImageData, Split

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

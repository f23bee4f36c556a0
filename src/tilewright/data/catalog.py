"""Data sets by name."""

from __future__ import annotations

from pathlib import Path

from tilewright.data.cifar10 import load_cifar10, load_cifar10_test
from tilewright.data.digits import load_digits_images
from tilewright.data.image_data import ImageData, Split
from tilewright.errors import ConfigError, UnknownNameError

NAMES = ("digits", "cifar10")


def load_data(name: str, *, data_dir: Path | None = None) -> ImageData:
    """The data set "digits" (bundled) or "cifar10" (from `data_dir`, else downloaded once).

    Raises `UnknownNameError` that lists near names, `ConfigError` if a bundled set is given a
    folder, and `DataError` if a file is missing or damaged.
    """
    if name == "cifar10":
        return load_cifar10(data_dir)
    if name != "digits":
        raise UnknownNameError.among("data set", name, NAMES)
    if data_dir is not None:
        raise ConfigError(f"digits are bundled and take no data_dir, not {data_dir}: leave it out")
    return load_digits_images()


def load_test(name: str, *, data_dir: Path | None = None) -> Split:
    """The test images of `load_data`, without reading the others where they lie apart."""
    if name == "cifar10":
        return load_cifar10_test(data_dir)
    return load_data(name, data_dir=data_dir).test

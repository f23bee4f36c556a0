"""CIFAR-10, binary version (Krizhevsky 2009): records of one label byte and three planes of 32x32 bytes."""

from __future__ import annotations

import lzma
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tilewright.data.image_data import ImageData, Split, fixed_order
from tilewright.data.pinned_file import PinnedFile
from tilewright.errors import DataError

CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
TRAIN_FILES = tuple(f"data_batch_{batch}.bin" for batch in range(1, 6))
TEST_FILE = "test_batch.bin"
RECORD_BYTES = 1 + 3 * 32 * 32
RECORDS_PER_FILE = 10_000
HOLDOUT = 5_000

FOLDER_IN_ARCHIVE = "cifar-10-batches-bin"
ARCHIVE = PinnedFile(
    name="cifar-10-binary.tar.gz",
    urls=(
        "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
        "https://cave.cs.toronto.edu/kriz/cifar-10-binary.tar.gz",
    ),
    size=170_052_171,
    sha256="c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
)

Reader = Callable[[str], bytes]


def load_cifar10(data_dir: Path | None = None, *, holdout: int = HOLDOUT) -> ImageData:
    """50,000 - `holdout` / `holdout` / 10,000 images 3x32x32; the hold-out is a fixed choice of the
    training images, and a smaller one is part of a larger one.

    data_dir: folder that holds the six files, each as ``.bin`` or ``.bin.xz`` (also the folder
    *around* the extracted archive). Without it, the official archive is downloaded once, checked
    against its SHA-256 and kept in the cache folder. Raises `DataError` naming a missing or damaged
    file.
    """
    read = _archive_reader(ARCHIVE.fetch(cache_folder())) if data_dir is None else _reader(data_dir)
    batches = [decode_records(read(name), name) for name in TRAIN_FILES]
    training = Split(
        np.concatenate([batch.images for batch in batches]),
        np.concatenate([batch.labels for batch in batches]),
    )
    train, kept = np.split(fixed_order(len(training)), [-holdout])
    return ImageData(
        name="cifar10",
        classes=CLASSES,
        train=training.take(train),
        holdout=training.take(kept),
        test=decode_records(read(TEST_FILE), TEST_FILE),
    )


def load_cifar10_test(data_dir: Path | None = None) -> Split:
    """The 10,000 test images alone, from where `load_cifar10` finds them."""
    read = _archive_reader(ARCHIVE.fetch(cache_folder())) if data_dir is None else _reader(data_dir)
    return decode_records(read(TEST_FILE), TEST_FILE)


def decode_records(content: bytes, name: str) -> Split:
    """The records of one file; raises `DataError` if its size or a label is wrong."""
    expected = RECORDS_PER_FILE * RECORD_BYTES
    if len(content) != expected:
        raise DataError(
            f"{name} must have {expected} bytes ({RECORDS_PER_FILE} records of {RECORD_BYTES}), "
            f"but has {len(content)}: it is truncated or another file; get it again"
        )
    records = np.frombuffer(content, np.uint8).reshape(RECORDS_PER_FILE, RECORD_BYTES)
    labels = records[:, 0].astype(np.int64)
    if labels.max() >= len(CLASSES):
        place = int(labels.argmax())
        raise DataError(
            f"{name}: labels must be 0..{len(CLASSES) - 1}, but record {place} has {labels[place]}: "
            f"it is not the binary version of CIFAR-10"
        )
    return Split(
        records[:, 1:].reshape(-1, 3, 32, 32).copy(), labels
    )  # n c h w, writable for torch


def cache_folder() -> Path:
    """Where downloads are kept: ``$XDG_CACHE_HOME/tilewright``, else ``~/.cache/tilewright``.

    Raises `DataError` if this user has no home folder.
    """
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tilewright"
    except RuntimeError:
        raise DataError(
            "downloads are kept in the user's home folder, but this user has none: "
            "set XDG_CACHE_HOME to a folder that can be written"
        ) from None


def _reader(data_dir: Path) -> Reader:
    """Reads a file of `data_dir`, plain or compressed."""

    def read(name: str) -> bytes:
        for folder in (data_dir, data_dir / FOLDER_IN_ARCHIVE):
            plain, packed = folder / name, folder / f"{name}.xz"
            try:
                if plain.exists():
                    return plain.read_bytes()
                if packed.exists():
                    return lzma.decompress(packed.read_bytes())
            except (OSError, lzma.LZMAError) as error:
                raise DataError(
                    f"{plain if plain.exists() else packed} cannot be read: {error}; get it again"
                ) from None
        raise DataError(
            f"{data_dir} must hold {name} or {name}.xz, but has neither: give data_dir the folder "
            "of the "
            f"binary version of CIFAR-10, or leave data_dir out to download it"
        )

    return read


def _archive_reader(archive: Path) -> Reader:
    """Reads members of the official archive by name, all in one pass; nothing is extracted."""
    contents: dict[str, bytes] = {}
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                name = member.name.removeprefix(f"{FOLDER_IN_ARCHIVE}/")
                if name in (*TRAIN_FILES, TEST_FILE) and (file := tar.extractfile(member)):
                    contents[name] = file.read()
    except (OSError, EOFError, tarfile.TarError) as error:
        raise DataError(f"{archive} cannot be read: {error}; delete it and try again") from None

    def read(name: str) -> bytes:
        if name not in contents:
            raise DataError(
                f"{archive} must hold {FOLDER_IN_ARCHIVE}/{name}, but does not: delete it"
            )
        return contents[name]

    return read

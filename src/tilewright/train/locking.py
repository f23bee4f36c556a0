"""Lock a folder, so that one training at a time writes to it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tilewright.errors import ArtifactError


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold `folder`, which is made if it is not there; the lock ends with the process at the latest.

    Raises `ArtifactError` if another process holds it, or it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise ArtifactError(f"cannot use {folder}: {error.strerror or error}") from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ArtifactError(
                f"{folder} must be used by one training at a time, but another process trains there: "
                "wait for it, or give another folder"
            ) from None
        yield
    finally:
        os.close(handle)

"""One run folder, one writer."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tilewright.pipeline.inventory import remove_leftovers
from tilewright.store.folder_lock import locked_folder


@contextmanager
def locked_run(
    root: Path, command: str, *, wait: Callable[[str], None] | None = None
) -> Iterator[None]:
    """Hold the run folder `root` for `command`, as `locked_folder` does.

    What a killed command left half written is removed. Of processes that train together, the first holds
    the folder for all. Raises `ArtifactError` if another process holds it, or the folder cannot be written.
    """
    if os.environ.get("RANK", "0") != "0":
        yield
        return
    with locked_folder(root, command, wait=wait):
        remove_leftovers(root)
        yield

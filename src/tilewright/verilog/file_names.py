"""Names of files, as a simulator on a system that knows letter case takes them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path


def is_exact_file(path: Path) -> bool:
    """Whether a file of exactly this name, letter case included, is there.

    The folder is listed only where its file system takes the name in other letters too: a bench may
    open ten thousands of files.
    """
    try:
        if not path.is_file():
            return False
        other = path.name.swapcase()
        if other == path.name or not path.with_name(other).exists():
            return True
        return path.name in os.listdir(path.parent)
    except (OSError, ValueError):
        return False


def letter_case_twin(folder: Path, name: str) -> str:
    """The path of a file in `folder` of the same name in other letter case, or ''."""
    head, slash, last = name.rpartition("/")
    place = folder / head if slash else folder
    try:
        twin = _names(place, place.stat().st_mtime_ns).get(last.casefold(), "")
    except (OSError, ValueError):
        return ""
    return head + slash + twin if twin else ""


@lru_cache(maxsize=16)
def _names(folder: Path, changed: int) -> Mapping[str, str]:
    """Names in the folder as it was when it last changed, by their letters alone."""
    return {name.casefold(): name for name in sorted(os.listdir(folder))}

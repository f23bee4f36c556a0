"""Names of files, as a simulator on a system that knows letter case takes them."""

from __future__ import annotations

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
        return any(path.name == other.name for other in path.parent.iterdir())
    except (OSError, ValueError):
        return False


def letter_case_twin(folder: Path, name: str) -> str:
    """The path of a file in `folder` of the same name in other letter case, or ''."""
    head, slash, last = name.rpartition("/")
    place = folder / head if slash else folder
    try:
        twin = _names(place, changed=place.stat().st_mtime_ns).get(last.casefold(), "")
    except (OSError, ValueError):
        return ""
    return head + slash + twin if twin else ""


@lru_cache(maxsize=16)
def _names(folder: Path, *, changed: int) -> Mapping[str, str]:  # noqa: ARG001
    """Names in the folder by their letters alone; read again when it has changed."""
    return {path.name.casefold(): path.name for path in sorted(folder.iterdir())}

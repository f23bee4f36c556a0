"""Names of files, as a simulator on a system that knows letter case takes them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def is_exact_file(path: Path) -> bool:
    """Whether a file of exactly this name, letter case included, is there."""
    try:
        return path.is_file() and any(path.name == other.name for other in path.parent.iterdir())
    except (OSError, ValueError):
        return False


def letter_case_twin(folder: Path, name: str) -> str:
    """The path of a file in `folder` of the same name in other letter case, or ''."""
    head, slash, last = name.rpartition("/")
    place = folder / head if slash else folder
    try:
        names: Mapping[str, str] = {p.name.casefold(): p.name for p in sorted(place.iterdir())}
    except (OSError, ValueError):
        return ""
    twin = names.get(last.casefold(), "")
    return head + slash + twin if twin else ""

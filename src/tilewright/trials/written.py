"""What a run wrote into its folder: the files that are not as they were before it."""

from __future__ import annotations

from pathlib import Path

State = dict[Path, tuple[int, int, int]]


def state_of(folder: Path) -> State:
    """Every file, with what changes when it is written."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_file():
            facts = path.stat()
            found[path] = (facts.st_mtime_ns, facts.st_size, facts.st_ino)
    return found


def is_new(path: Path, written: list[Path]) -> bool:
    """Whether a file was written, or a folder of which every file was."""
    if path.is_file():
        return path in written
    inside = [file for file in path.rglob("*") if file.is_file()]
    return bool(inside) and set(inside) <= set(written)

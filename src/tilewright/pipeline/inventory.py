"""Whose file is this: what a run folder holds of ours, and what somebody else laid there."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from tilewright.store.artifact import sha256_of
from tilewright.store.folder_lock import LOCK
from tilewright.vectors import MANIFEST
from tilewright.vectors.bundle_writer import owned_names

FOLDERS = {
    "train": "01_train",
    "evaluate": "01_train",
    "recover": "02_recover",
    "verify": "03_verify",
    "tile": "04_tile",
    "export": "05_vectors",
    "simulate": "06_sim",
    "cosim": "07_cosim",
    "certify": "08_certify",
}
CONFIG = "config.toml"
REPORTS = ("summary.json", "junit.xml", "report.html", "timeline.json")
"""What the report writes, in the run folder itself."""

OUTPUTS: dict[str, tuple[str, ...]] = {
    "train": (
        *("checkpoint.json", "training.json", "start.json", "metrics.jsonl"),
        *("best-*.safetensors", "state-*.safetensors"),
    ),
    "recover": tuple(
        f"{name}.{suffix}"
        for name in ("network", "stimulus", "images")
        for suffix in ("json", "safetensors")
    ),
    "simulate": ("fold_cycles.json", "fold_cycles.safetensors"),
    "cosim": ("failure.vcd",),
}
"""Patterns of the files that a stage writes beside its facts; bundles of vectors list their own."""

_CURVES = "tensorboard/events.out.tfevents.*"
_TEMPORARY = re.compile(r"\.(?P<name>.+)\.[A-Za-z0-9_]{8}")
"""How a file, or a folder, is called until it is complete."""


def is_temporary(name: str) -> bool:
    """Whether `name` is that of a file or folder which is being written."""
    return _TEMPORARY.fullmatch(name) is not None


def output_hashes(root: Path, stage: str) -> dict[str, str]:
    """sha256 of each file that `stage` wrote beside its facts, by its path in the run folder `root`."""
    folder = root / FOLDERS[stage]
    found = {
        path
        for pattern in OUTPUTS.get(stage, ())
        for depth in ("", "*/")  # the phases of a training have folders of their own
        for path in folder.glob(depth + pattern)
    }
    return {path.relative_to(root).as_posix(): sha256_of(path) for path in sorted(found)}


def foreign_paths(root: Path) -> Iterator[Path]:
    """Files and links below the run folder `root` that this program does not write, in order."""
    for path in sorted(root.iterdir()):
        if path.name not in {*FOLDERS.values(), CONFIG, LOCK, *REPORTS} or path.is_symlink():
            if not _is_leftover(path, {CONFIG, *REPORTS, FOLDERS["export"]}):
                yield path
        elif path.is_dir():
            yield from _foreign_below(path)


def remove_own(root: Path) -> None:
    """Remove every file of ours below `root`, and the folders that are then empty."""
    foreign = set(foreign_paths(root))
    for path in sorted(root.rglob("*"), reverse=True):  # what lies in a folder comes before it
        if path.is_dir() and not path.is_symlink():
            if not any(path.iterdir()):
                path.rmdir()
        elif not any(one in foreign for one in (path, *path.parents)):
            path.unlink()
    if not any(root.iterdir()):
        root.rmdir()


def remove_leftovers(root: Path) -> None:
    """Remove what a killed command was writing; only while no other command writes to `root`."""
    names = {CONFIG, *REPORTS, FOLDERS["export"], *(f"{stage}.json" for stage in FOLDERS)}
    names |= {pattern for patterns in OUTPUTS.values() for pattern in patterns}
    for path in (*root.glob(".*"), *root.glob("0*/.*"), *root.glob(f"{FOLDERS['train']}/*/.*")):
        if _is_leftover(path, names):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _foreign_below(folder: Path) -> Iterator[Path]:
    stages = [stage for stage, name in FOLDERS.items() if name == folder.name]
    names = {f"{stage}.json" for stage in stages}
    patterns = {pattern for stage in stages for pattern in OUTPUTS.get(stage, ())}
    if "train" in stages:
        patterns |= {_CURVES, f"*/{_CURVES}", *(f"*/{pattern}" for pattern in patterns)}
    for path in _entries(folder, has_bundles="export" in stages):
        inner = path.relative_to(folder).as_posix()
        own = inner in names or any(fnmatchcase(inner, pattern) for pattern in patterns)
        if not own and not _is_leftover(path, names | patterns):
            yield path


def _entries(folder: Path, *, has_bundles: bool) -> Iterator[Path]:
    """Files and links below `folder`, without those that the bundles there list."""
    listed = owned_names(folder) if has_bundles and (folder / MANIFEST).is_file() else set()
    for path in sorted(folder.iterdir()):
        if path.is_symlink() or not path.is_dir():
            if path.name not in listed:
                yield path
        elif is_temporary(path.name):
            yield path
        else:
            yield from _entries(path, has_bundles=has_bundles)


def _is_leftover(path: Path, patterns: set[str]) -> bool:
    """Whether `path` is a file of one of these names that was not completed, or a bundle that was not."""
    found = _TEMPORARY.fullmatch(path.name)
    if found is None or path.is_symlink():
        return False
    if path.is_dir():
        return FOLDERS["export"] in (found["name"], *path.parts)
    return any(fnmatchcase(found["name"], pattern.rpartition("/")[2]) for pattern in patterns)

"""Lies that only a judge can find: a changed file whose hash in the manifest is made right again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tilewright.store.artifact import SEAL, sha256, write_sealed
from tilewright.vectors import MANIFEST
from tilewright.vectors.bundle import BundleFile
from tilewright.vectors.listing import DIGITS
from tilewright.vectors.manifest import read_manifest


def repair_hash(folder: Path, name: str) -> None:
    """Give file `name` of the bundle in `folder` the hash of its present content."""
    state_hash(folder, name, sha256((folder / name).read_bytes()))


def state_hash(
    folder: Path, name: str, stated: str, *, files: Sequence[BundleFile] | None = None
) -> None:
    """Let the manifest in `folder`, which lists `files`, say that file `name` has the sha256 `stated`."""
    manifest = folder / MANIFEST
    facts = json.loads(manifest.read_text())
    files = read_manifest(folder).files if files is None else files
    (kind,) = (file.kind for file in files if file.name == name)
    at = DIGITS * [file.name for file in files if file.kind == kind].index(name)
    hashes = facts["files"][kind]
    facts["files"][kind] = hashes[:at] + stated + hashes[at + DIGITS :]
    manifest.write_text(json.dumps(facts))


def state_version_1(folder: Path) -> None:
    """Give the bundle in `folder` a manifest as it was written before version 2: a table for each file."""
    manifest = folder / MANIFEST
    facts = json.loads(manifest.read_text())
    facts |= {"version": 1, "files": [asdict(file) for file in read_manifest(folder).files]}
    manifest.write_text(json.dumps(facts, indent=2) + "\n")


def exchange(folder: Path, name: str, old: bytes, new: bytes) -> None:
    """Exchange the first `old` in file `name`, which must hold it, for `new`, and repair the hash."""
    content = (folder / name).read_bytes()
    assert old in content
    (folder / name).write_bytes(content.replace(old, new, 1))
    repair_hash(folder, name)


def reseal(path: Path, **facts: Any) -> None:
    """Give a stage's result other `facts`, and the hash that makes it whole again."""
    stated = json.loads(path.read_text())
    del stated[SEAL]
    write_sealed(path, stated | facts)

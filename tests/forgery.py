"""Lies that only a judge can find: a changed file whose hash in the manifest is made right again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tilewright.store.artifact import SEAL, sha256, write_sealed


def repair_hash(folder: Path, name: str) -> None:
    """Give file `name` of the bundle in `folder` the hash of its present content."""
    manifest = folder / "manifest.json"
    facts = json.loads(manifest.read_text())
    (entry,) = (entry for entry in facts["files"] if entry["name"] == name)
    entry["sha256"] = sha256((folder / name).read_bytes())
    manifest.write_text(json.dumps(facts))


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

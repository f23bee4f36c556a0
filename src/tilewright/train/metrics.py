"""One line of JSON for each epoch, in ``metrics.jsonl``."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from tilewright.errors import ArtifactError
from tilewright.store.artifact import read_bytes, write_bytes

FILE = "metrics.jsonl"


def append_metrics(folder: Path, metrics: dict[str, Any]) -> None:
    """Add a line and bring it to the disk; raises `ArtifactError` if the disk refuses."""
    line = json.dumps(metrics, allow_nan=False) + "\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / FILE).open("a", encoding="utf-8") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise ArtifactError(f"cannot write {folder / FILE}: {error.strerror or error}") from None


def read_metrics(folder: Path) -> list[dict[str, Any]]:
    """All whole lines, in order; a last line that was cut off is left out."""
    path = folder / FILE
    if not path.exists():
        return []
    *lines, _cut_off = read_bytes(path).split(b"\n")
    try:
        return [json.loads(line) for line in lines]
    except ValueError as error:
        raise ArtifactError(f"{path} must hold one JSON object a line: {error}") from None


def keep_epochs(folder: Path, epochs: int) -> None:
    """Drop the lines of epochs that the checkpoint does not hold, so that a resumed run repeats none."""
    kept = [line for line in read_metrics(folder) if line["epoch"] <= epochs]
    if kept or (folder / FILE).exists():
        write_bytes(folder / FILE, "".join(json.dumps(line) + "\n" for line in kept).encode())

"""The command line in a process of its own, and one small run of the whole chain."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

SMALL = (
    "train.epochs=2",
    "train.warmup_epochs=1",
    "recover.samples=2",
    'vectors.layers=["features.15", "features.12"]',
    "vectors.corners=false",
    "cosim.simulator=icarus",
)
"""Trains for seconds; exports the choke layer, and one with several input tiles."""

OVERRIDES = tuple(word for value in SMALL for word in ("--set", value))


def tilewright(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "tilewright", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1"} | environment,
    )


def read(path: Path) -> Any:
    """A JSON file."""
    return json.loads(path.read_text())

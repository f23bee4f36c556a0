"""Bundles that are run together."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tilewright.cores import Setup


@dataclass(frozen=True, slots=True)
class VectorSet:
    """Bundles that belong together, how a user makes them, and how they are run.

    needs_modes: only a core with the run-time modes of ours can run them so.
    """

    name: str
    how: str
    folders: tuple[Path, ...]
    setup: Setup = field(default_factory=Setup)
    needs_modes: bool = False

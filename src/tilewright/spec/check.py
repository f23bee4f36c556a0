"""A check: one named judgement with its evidence."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Check:
    """One judgement. `evidence` says what was compared, how much of it, and where it first failed."""

    stage: str
    name: str
    passed: bool
    evidence: str

    def to_json(self) -> dict[str, Any]:
        """The check as JSON facts."""
        return asdict(self)

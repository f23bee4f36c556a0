"""Facts of the evaluate stage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tilewright.facts.stage import StageFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateFacts(StageFacts):
    """Test images that the trained network recognizes. accuracy: correct over images."""

    STAGE: ClassVar[str] = "evaluate"

    accuracy: float
    images: int
    correct: int

"""Facts of the simulate stage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tilewright.facts.stage import StageFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerRun:
    """One sample of a layer in the cycle-level model. utilization: busy PE-cycles over PE-cycles, 0..1."""

    layer: str
    sample: int
    cycles: int
    utilization: float
    psums_compared: int
    outputs_compared: int
    mismatches: int
    overflows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulateFacts(StageFacts):
    """All layers in the cycle-level model; the counts are sums over `layers`."""

    STAGE: ClassVar[str] = "simulate"

    cycles: int
    psums_compared: int
    mismatches: int
    layers: tuple[LayerRun, ...]

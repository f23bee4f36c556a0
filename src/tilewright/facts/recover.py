"""Facts of the recover stage, and of an import in its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tilewright.facts.stage import StageFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerFacts:
    """A recovered layer. shape_text: for people. weight_codes: the least and the greatest one."""

    layer: str
    shape_text: str
    weight_bits: int
    act_bits: int
    act_scale: float
    weight_codes: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoverFacts(StageFacts):
    """The layers in integers. samples: how many the stimulus holds.

    labels: of each of them, indices into `classes`; None where nobody labeled them.

    Only an import states the rest: the file it read (`imported`), the run folder, how many of the
    source's numbers were compared, differ, and are not resolved by its float32, and how many thresholds
    and codes are doubtful. not_compared: a sentence for each node or link of which no number was compared.
    """

    STAGE: ClassVar[str] = "recover"

    imported: str | None = None
    samples: int
    folder: str | None = None
    layers: tuple[LayerFacts, ...]
    labels: tuple[int, ...] | None = None
    classes: tuple[str, ...] | None = None
    nodes: int | None = None
    compared: int | None = None
    mismatches: int | None = None
    unresolved: int | None = None
    thresholds: int | None = None
    doubtful_thresholds: int | None = None
    codes: int | None = None
    doubtful_codes: int | None = None
    notes: tuple[str, ...] | None = None
    not_compared: tuple[str, ...] | None = None

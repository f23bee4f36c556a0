"""Facts of the train stage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tilewright.facts.stage import StageFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseFacts:
    """One training of a run. name: empty for the last. seconds: wall time. accuracy: 0..1."""

    name: str
    weight_bits: int
    act_bits: int
    epochs: int
    holdout_accuracy: float
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a training comes from, as `train.provenance` describes it. revision: None outside a checkout."""

    versions: dict[str, str]
    revision: str | None
    device: str
    threads: int
    seed: int
    settings_sha256: str
    wall_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """One line of ``metrics.jsonl``, as far as the report shows it. Accuracies: 0..1."""

    epoch: int
    loss: float
    train_accuracy: float
    holdout_accuracy: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainFacts(StageFacts):
    """The epoch that was chosen, and its accuracy, 0..1, on the hold-out images."""

    STAGE: ClassVar[str] = "train"

    best_epoch: int
    holdout_accuracy: float
    holdout_images: int
    phases: tuple[PhaseFacts, ...] = ()
    provenance: Provenance

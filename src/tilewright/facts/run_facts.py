"""Facts of all stages of a run."""

from __future__ import annotations

from dataclasses import dataclass, fields

from tilewright.facts.certify import CertifyFacts
from tilewright.facts.cosim import CosimFacts
from tilewright.facts.evaluate import EvaluateFacts
from tilewright.facts.export import ExportFacts
from tilewright.facts.recover import RecoverFacts
from tilewright.facts.simulate import SimulateFacts
from tilewright.facts.stage import StageFacts, StageResult
from tilewright.facts.tile import TileFacts
from tilewright.facts.train import TrainFacts
from tilewright.facts.verify import VerifyFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """The result of each stage, in their order; None for one that has not run."""

    train: StageResult[TrainFacts] | None = None
    evaluate: StageResult[EvaluateFacts] | None = None
    recover: StageResult[RecoverFacts] | None = None
    verify: StageResult[VerifyFacts] | None = None
    tile: StageResult[TileFacts] | None = None
    export: StageResult[ExportFacts] | None = None
    simulate: StageResult[SimulateFacts] | None = None
    cosim: StageResult[CosimFacts] | None = None
    certify: StageResult[CertifyFacts] | None = None

    @property
    def results(self) -> tuple[StageResult[StageFacts], ...]:
        """The results that there are, in the order of the stages."""
        found = [getattr(self, field.name) for field in fields(self)]
        return tuple(result for result in found if result is not None)

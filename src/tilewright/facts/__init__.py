"""What the stages of a run leave for one another and for the report: one frozen dataclass a stage."""

from tilewright.facts.certify import CertifyFacts
from tilewright.facts.cosim import BundleRun, CornerCounts, CosimFacts, FailureFacts, HeatFacts
from tilewright.facts.evaluate import EvaluateFacts
from tilewright.facts.export import (
    BundleFacts,
    CornerBundle,
    CornerSet,
    ExportFacts,
    ReachedExtreme,
    SetupFacts,
)
from tilewright.facts.psum_width import LayerWidths, PsumPoint, PsumWidthFacts, SafeWidths
from tilewright.facts.recover import LayerFacts, RecoverFacts
from tilewright.facts.run_facts import RunFacts
from tilewright.facts.simulate import LayerRun, SimulateFacts
from tilewright.facts.stage import StageFacts, StageResult, read_result
from tilewright.facts.tile import LayerTiles, ModeFacts, TileFacts
from tilewright.facts.train import Epoch, PhaseFacts, Provenance, TrainFacts
from tilewright.facts.verify import LayerVerdict, SumVerdict, VerifyFacts

__all__ = [
    "BundleFacts",
    "BundleRun",
    "CertifyFacts",
    "CornerBundle",
    "CornerCounts",
    "CornerSet",
    "CosimFacts",
    "Epoch",
    "EvaluateFacts",
    "ExportFacts",
    "FailureFacts",
    "HeatFacts",
    "LayerFacts",
    "LayerRun",
    "LayerTiles",
    "LayerVerdict",
    "LayerWidths",
    "ModeFacts",
    "PhaseFacts",
    "Provenance",
    "PsumPoint",
    "PsumWidthFacts",
    "ReachedExtreme",
    "RecoverFacts",
    "RunFacts",
    "SafeWidths",
    "SetupFacts",
    "SimulateFacts",
    "StageFacts",
    "StageResult",
    "SumVerdict",
    "TileFacts",
    "TrainFacts",
    "VerifyFacts",
    "read_result",
]

"""Facts of the export stage."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import ClassVar

from tilewright.errors import ArtifactError
from tilewright.facts.stage import StageFacts
from tilewright.spec import PsumRule, Schedule
from tilewright.verify import Extreme


@dataclass(frozen=True, slots=True)
class ReachedExtreme(Extreme):
    """An extreme that a bundle aims at, and the psum that the reference has there."""

    reference: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CornerBundle:
    """Path of a bundle relative to the run folder, and sha256 of its manifest."""

    folder: str
    manifest: str

    def __post_init__(self) -> None:
        path = PurePosixPath(self.folder)
        if path.is_absolute() or ".." in path.parts:
            raise ArtifactError(
                f"the folder of a bundle must lie in the run folder, not {self.folder!r}: export again"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleFacts(CornerBundle):
    """A bundle of one layer and one input. sample: the number of the input among those of its kind."""

    layer: str
    sample: int
    files: int
    extremes: tuple[ReachedExtreme, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupFacts:
    """How a corner set is run; the fields are those of `cores.Setup`."""

    schedule: Schedule
    rule: PsumRule
    stall_level: int
    stall_seed: int
    reset_at: int
    waves: None


@dataclass(frozen=True, slots=True, kw_only=True)
class CornerSet:
    """Corner vectors that belong together. how: how a user makes them; needs_modes: of our core."""

    name: str
    how: str
    needs_modes: bool
    setup: SetupFacts
    bundles: tuple[CornerBundle, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFacts(StageFacts):
    """The bundles that were written, in one layout; `files` counts theirs. corners: None if not asked for."""

    STAGE: ClassVar[str] = "export"

    layout: str
    stimulus: str | None = None
    weights: str | None = None
    files: int
    bundles: tuple[BundleFacts, ...]
    corners: tuple[CornerSet, ...] | None = None

"""Facts of the cosim stage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tilewright.facts.stage import StageFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatches:
    """How many numbers of the RTL differ: `mismatches` in all; the other fields count parts of it.

    stored_mismatches: psums that were put out and read back from PMEM after the job; they are compared
    once more, but not counted as compared. unused_lane_mismatches: in lanes beyond the last channel.
    """

    mismatches: int
    output_mismatches: int = 0
    stored_mismatches: int = 0
    unused_lane_mismatches: int = 0

    @property
    def psum_mismatches(self) -> int:
        """Psums that the core put out."""
        others = self.output_mismatches + self.stored_mismatches + self.unused_lane_mismatches
        return self.mismatches - others


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleRun(Mismatches):
    """One bundle on the RTL. faults: where the core broke its protocol; seconds: wall time."""

    layer: str
    sample: int
    simulator: str
    version: str
    tiles: int
    cycles: int
    psums_compared: int
    outputs_compared: int
    faults: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CornerCounts:
    """All corner sets on the RTL. simulators: the names of those that ran some of them."""

    simulators: tuple[str, ...]
    sets: int
    bundles: int
    psums_compared: int
    outputs_compared: int
    mismatches: int
    cycles: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatFacts:
    """How many numbers are known and how many of them differ, ``down across``; down is "" for one row."""

    title: str
    down: str
    across: str
    cells: tuple[tuple[tuple[int, int], ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureFacts:
    """The first bundle that differs, and of it the first output tile that does.

    folder: of the bundle, from the run folder on, as `waves`: a VCD file of that output tile, None where none
    could be read. place: the first number that differs. differ, compared: psums of the output tile. cause:
    what reproduces every one of them, None where nothing does; hints: where to look.
    """

    layer: str
    sample: int
    folder: str
    otile: int
    place: str
    differ: int | None = None
    compared: int | None = None
    waves: str | None = None
    cause: str | None = None
    hints: tuple[str, ...] = ()
    maps: tuple[HeatFacts, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CosimFacts(StageFacts, Mismatches):
    """All bundles on the RTL; the counts are sums over `bundles`.

    rtl: the folder of the core, or "tilewright"; simulator, version: None if no bundle ran to its end.
    corners: None if no corner set did. failure: None if all
    bundles are exact. programs: sha256 of each program that simulated, by its path. cores: parameters of the
    cores on which the layers ran; codes narrower than ActBits or WeightBits were widened for them.
    """

    STAGE: ClassVar[str] = "cosim"

    rtl: str | None = None
    simulator: str | None
    version: str | None
    tiles: int
    psums_compared: int
    outputs_compared: int
    cycles: int
    bundles: tuple[BundleRun, ...]
    corners: CornerCounts | None = None
    failure: FailureFacts | None = None
    programs: dict[str, str] | None = None
    cores: tuple[dict[str, int], ...] | None = None

"""Facts of the verify stage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tilewright.facts.stage import StageFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class SumVerdict:
    """How many integers of a node were compared with the reference, and how many differ.

    unlinked: why there are fewer next codes than readers, or empty.
    """

    layer: str
    psums_compared: int
    psum_mismatches: int
    next_codes_compared: int
    next_code_mismatches: int
    unlinked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerVerdict(SumVerdict):
    """Of a layer also how wide its psums are, in bits, and which are reachable and seen on the samples."""

    psum_bits_needed: int
    psum_bits_by_type: int
    psum_bits: int
    psum_reachable: tuple[int, int]
    psum_observed: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyFacts(StageFacts):
    """The verdict of the naive reference on every node: layers, and `sums` (additions and pools)."""

    STAGE: ClassVar[str] = "verify"

    samples: int
    layers: tuple[LayerVerdict, ...]
    sums: tuple[SumVerdict, ...] = ()

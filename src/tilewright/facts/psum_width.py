"""Facts of the psum-width study."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PsumPoint:
    """Registers of `bits` bits: correct images, and predictions that differ from those of exact psums."""

    bits: int
    correct: int
    accuracy: float
    differ: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SafeWidths:
    """Bits that hold every psum: of any weights, of these for any input, and of what was seen."""

    by_type: int
    by_weights: int
    observed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerWidths(SafeWidths):
    """Of one layer; seen: the least and the greatest value in a register."""

    seen: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PsumWidthFacts(SafeWidths):
    """Accuracy against the width of the psum registers, and the widths that are safe for all layers.

    overflow, place: what a sum that does not fit does, and where. exact_correct: with exact psums.
    """

    overflow: str
    place: str
    rows: int
    images: int
    exact_correct: int
    points: tuple[PsumPoint, ...]
    layers: dict[str, LayerWidths]

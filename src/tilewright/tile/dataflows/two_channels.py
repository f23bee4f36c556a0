"""Two-channel: weight stationary with two input channels, of narrow activations, in each PE.

PE row r has channels ``2 * r`` and ``2 * r + 1``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tilewright.tile.dataflow import Dataflow
from tilewright.tile.dataflows.weight_stationary import WEIGHT_STATIONARY, WeightStationary

WIDEST_PAIR = 8
"""Bits of two activations in a PE, at most."""


@dataclass(frozen=True)
class TwoChannels(WeightStationary):
    """As weight stationary, with twice the lanes and twice the weight words of a fold."""

    name: ClassVar[str] = "simd"
    title: ClassVar[str] = "two-channel"
    layout: ClassVar[str] = "ece284-2b"
    channels_per_pe: ClassVar[int] = 2

    def for_codes(self, act_bits: int, /) -> Dataflow:
        """Itself, or weight stationary where two activations are too wide for a PE."""
        return self if self.channels_per_pe * act_bits <= WIDEST_PAIR else WEIGHT_STATIONARY


TWO_CHANNELS = TwoChannels()

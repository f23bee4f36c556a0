"""How a run uses the array: which mode each layer runs in, in which schedule, under which psum rule."""

from __future__ import annotations

from dataclasses import dataclass

from tilewright.config import ArrayConfig
from tilewright.facts import ModeFacts
from tilewright.spec import ArrayShape, IntegerLayer, PsumRule, Schedule
from tilewright.tile import TilePlan, plan_mode


@dataclass(frozen=True, slots=True)
class ArrayMode(ModeFacts):
    """What the tile stage decided, and what follows from it."""

    @classmethod
    def of(cls, config: ArrayConfig) -> ArrayMode:
        """The mode that a configuration asks for."""
        return cls(config.mode, config.schedule, config.job, config.overflow, config.column_bits)

    @property
    def timing(self) -> Schedule:
        """When folds follow one another; overlapped folds also skip what no tap uses."""
        is_overlapped = self.schedule == "overlapped"
        return Schedule(is_overlapped, is_overlapped, self.job == "layer")

    @property
    def rule(self) -> PsumRule:
        """What becomes of sums that do not fit."""
        return PsumRule(self.overflow, self.column_bits or None)

    def plan(self, layer: IntegerLayer, array: ArrayShape) -> TilePlan:
        """The plan of a layer; one whose activations are too wide for pairs runs without them."""
        return plan_mode(layer.shape, array, self.mode, layer.act_format.bits)

"""Evaluates integer networks fast, and exactly."""

from tilewright.engine.convolution import KINDS, Kind
from tilewright.engine.engine import Engine, observe_registers

__all__ = ["KINDS", "Engine", "Kind", "observe_registers"]

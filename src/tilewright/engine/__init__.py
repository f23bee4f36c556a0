"""Evaluates integer networks fast, and exactly."""

from tilewright.engine.convolution import ENGINE_KINDS, EngineKind, Prepared
from tilewright.engine.engine import Engine, observe_registers

__all__ = ["ENGINE_KINDS", "Engine", "EngineKind", "Prepared", "observe_registers"]

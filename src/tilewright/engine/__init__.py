"""Evaluates integer networks fast, and exactly."""

from tilewright.engine.engine import KINDS, Engine, Kind, observe_registers

__all__ = ["KINDS", "Engine", "Kind", "observe_registers"]

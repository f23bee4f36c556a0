"""Evaluates integer networks fast, and exactly."""

from tilewright.engine.engine import KINDS, Engine, Kind

__all__ = ["KINDS", "Engine", "Kind"]

"""A value- and cycle-exact model of the weight-stationary array of docs/dataflows.md."""

from tilewright.sim.cycles import fold_cycles, layer_cycles
from tilewright.sim.result import Overflow, SimResult
from tilewright.sim.simulate import simulate

__all__ = ["Overflow", "SimResult", "fold_cycles", "layer_cycles", "simulate"]

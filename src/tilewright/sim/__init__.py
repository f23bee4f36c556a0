"""A value- and cycle-exact model of the array of docs/dataflows.md."""

from tilewright.sim.cycles import fold_cycles, job_cycles, layer_cycles, next_fold_cycles
from tilewright.sim.job import Stalls
from tilewright.sim.result import Overflow, SimResult
from tilewright.sim.simulate import simulate

__all__ = [
    "Overflow",
    "SimResult",
    "Stalls",
    "fold_cycles",
    "job_cycles",
    "layer_cycles",
    "next_fold_cycles",
    "simulate",
]

"""A value- and cycle-exact model of the array of docs/dataflows.md."""

from tilewright.sim.activity import REGISTERS, Activity, count_activity
from tilewright.sim.cycles import (
    fold_cycles,
    job_cycles,
    layer_cycles,
    load_cycles,
    next_fold_cycles,
    words_streamed,
)
from tilewright.sim.job import Stalls
from tilewright.sim.phases import Phases, fold_phases, job_phases, layer_phases, network_phases
from tilewright.sim.result import OverflowEvent, SimResult
from tilewright.sim.simulate import simulate
from tilewright.sim.textbook import TEXTBOOK, dataflow_cycles
from tilewright.sim.trace import ArrayTrace, trace_job

__all__ = [
    "REGISTERS",
    "TEXTBOOK",
    "Activity",
    "ArrayTrace",
    "OverflowEvent",
    "Phases",
    "SimResult",
    "Stalls",
    "count_activity",
    "dataflow_cycles",
    "fold_cycles",
    "fold_phases",
    "job_cycles",
    "job_phases",
    "layer_cycles",
    "layer_phases",
    "load_cycles",
    "network_phases",
    "next_fold_cycles",
    "simulate",
    "trace_job",
    "words_streamed",
]

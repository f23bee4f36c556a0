"""Run the exported files through the RTL: find a simulator, build, run, judge."""

from tilewright.cosim.probe import Probe, probe
from tilewright.cosim.result import CosimResult, LaneMismatch
from tilewright.cosim.run import run_bundle
from tilewright.cosim.simulator import (
    Icarus,
    Simulator,
    SimulatorName,
    Verilator,
    find_simulator,
    find_simulators,
)

__all__ = [
    "CosimResult",
    "Icarus",
    "LaneMismatch",
    "Probe",
    "Simulator",
    "SimulatorName",
    "Verilator",
    "find_simulator",
    "find_simulators",
    "probe",
    "run_bundle",
]

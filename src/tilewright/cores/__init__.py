"""Run the exported files through the RTL: find a simulator, build, run, judge."""

from tilewright.cores.probe import Probe, probe
from tilewright.cores.result import CosimResult, Fault, LaneMismatch, OverflowVector
from tilewright.cores.run import run_bundle, run_bundles
from tilewright.cores.setup import Setup
from tilewright.cores.simulator import (
    Icarus,
    Simulator,
    SimulatorName,
    Verilator,
    find_simulator,
    find_simulators,
)

__all__ = [
    "CosimResult",
    "Fault",
    "Icarus",
    "LaneMismatch",
    "OverflowVector",
    "Probe",
    "Setup",
    "Simulator",
    "SimulatorName",
    "Verilator",
    "find_simulator",
    "find_simulators",
    "probe",
    "run_bundle",
    "run_bundles",
]

"""Run the exported files through the RTL: find a simulator, build, run, judge."""

from tilewright.cosim.probe import Probe, probe
from tilewright.cosim.result import CosimResult, LaneMismatch, OverflowVector
from tilewright.cosim.run import run_bundle, run_bundles
from tilewright.cosim.setup import Setup
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

"""Run the exported files through the RTL: find a simulator, build, run, judge."""

from tilewright.cores.probe import Probe, probe
from tilewright.cores.result import CosimResult, Fault, LaneMismatch, OverflowVector
from tilewright.cores.run import run_bundle, run_bundles
from tilewright.cores.setup import Setup
from tilewright.cores.simulator import (
    SIMULATORS,
    Build,
    Icarus,
    Simulator,
    Verilator,
    check_simulator,
    find_simulator,
    find_simulators,
    simulator_names,
)
from tilewright.cores.sources import read_sources

__all__ = [
    "SIMULATORS",
    "Build",
    "CosimResult",
    "Fault",
    "Icarus",
    "LaneMismatch",
    "OverflowVector",
    "Probe",
    "Setup",
    "Simulator",
    "Verilator",
    "check_simulator",
    "find_simulator",
    "find_simulators",
    "probe",
    "read_sources",
    "run_bundle",
    "run_bundles",
    "simulator_names",
]

"""What a network costs on an array, from its shapes and weights, without running it."""

from tilewright.cost.core_modes import core_cycles, mode_names
from tilewright.cost.energy import EnergyTable, Picojoules
from tilewright.cost.hardware import HardwareAxes, hardware_points, psum_bits_needed
from tilewright.cost.layer_cost import LayerCost, layer_cost
from tilewright.cost.memories import MemoryDepths
from tilewright.cost.network_cost import NetworkCost, network_cost
from tilewright.cost.outline import LayerOutline
from tilewright.cost.pareto import nondominated
from tilewright.cost.traffic import MemoryTraffic, Traffic, layer_traffic
from tilewright.cost.widths import PsumWidths, psum_widths

__all__ = [
    "EnergyTable",
    "HardwareAxes",
    "LayerCost",
    "LayerOutline",
    "MemoryDepths",
    "MemoryTraffic",
    "NetworkCost",
    "Picojoules",
    "PsumWidths",
    "Traffic",
    "core_cycles",
    "hardware_points",
    "layer_cost",
    "layer_traffic",
    "mode_names",
    "network_cost",
    "nondominated",
    "psum_bits_needed",
    "psum_widths",
]

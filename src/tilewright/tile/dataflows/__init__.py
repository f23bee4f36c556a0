"""The dataflows, one module each, and the registry that lists them by name."""

from tilewright.registry import Registry
from tilewright.tile.dataflow import Dataflow
from tilewright.tile.dataflows.output_stationary import OUTPUT_STATIONARY
from tilewright.tile.dataflows.two_channels import TWO_CHANNELS, WIDEST_PAIR
from tilewright.tile.dataflows.weight_stationary import WEIGHT_STATIONARY

CORE_DATAFLOWS: tuple[Dataflow, ...] = (WEIGHT_STATIONARY, TWO_CHANNELS, OUTPUT_STATIONARY)
"""Those that our core runs."""

DATAFLOWS: Registry[Dataflow] = Registry("dataflow")
"""All of them; another package adds its own (`tilewright.registry`)."""

for _dataflow in CORE_DATAFLOWS:
    DATAFLOWS.add(_dataflow.name, _dataflow)

__all__ = [
    "CORE_DATAFLOWS",
    "DATAFLOWS",
    "OUTPUT_STATIONARY",
    "TWO_CHANNELS",
    "WEIGHT_STATIONARY",
    "WIDEST_PAIR",
]

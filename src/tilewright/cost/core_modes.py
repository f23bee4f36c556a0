"""Cycles of a layer on our core, in each of its modes and schedules (docs/dataflows.md)."""

from __future__ import annotations

from tilewright.cost.outline import LayerOutline
from tilewright.sim import layer_cycles
from tilewright.spec import ArrayShape, Schedule
from tilewright.tile import DATAFLOWS, Execution, plan_mode

SCHEDULES = {
    "serial": Schedule(),
    "overlapped": Schedule(is_overlapped=True, is_skipping=True, is_whole_layer=True),
}
"""Job by job, and a whole layer as one job whose folds overlap and skip what no tap uses."""


def mode_names() -> tuple[str, ...]:
    """Each dataflow in each schedule, as ``ws_serial``."""
    return tuple(f"{mode}_{schedule}" for mode in DATAFLOWS.names() for schedule in SCHEDULES)


def core_cycles(outline: LayerOutline, array: ArrayShape) -> dict[str, int]:
    """Cycles for one sample by `mode_names`; see `tilewright.tile.plan_mode`."""
    cycles = {}
    for mode in DATAFLOWS.names():
        plan = plan_mode(outline.shape, array, mode, outline.act_format.bits)
        for name, schedule in SCHEDULES.items():
            cycles[f"{mode}_{name}"] = layer_cycles(Execution(plan, schedule))
    return cycles

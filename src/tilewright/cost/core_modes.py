"""Cycles of a layer on our core, in each of its modes and schedules (docs/dataflows.md)."""

from __future__ import annotations

from collections import Counter

from tilewright.cost.outline import LayerOutline
from tilewright.sim import layer_cycles
from tilewright.spec import ArrayShape, ConvShape, Schedule
from tilewright.tile import DATAFLOWS, Dataflow, Execution, TilePlan, find_parts

SCHEDULES = {
    "serial": Schedule(),
    "overlapped": Schedule(is_overlapped=True, is_skipping=True, is_whole_layer=True),
}
"""Job by job, and a whole layer as one job whose folds overlap and skip what no tap uses."""


def mode_names() -> tuple[str, ...]:
    """Each dataflow in each schedule, as ``ws_serial``."""
    return tuple(f"{mode}_{schedule}" for mode in DATAFLOWS.names() for schedule in SCHEDULES)


def core_cycles(outline: LayerOutline, array: ArrayShape) -> dict[str, int]:
    """Cycles for one sample by `mode_names`; parts of a grouped layer run one after the other."""
    cycles = {}
    for mode in DATAFLOWS.names():
        dataflow = DATAFLOWS.get(mode).for_codes(outline.act_format.bits)
        plans = count_plans(outline.shape, array, dataflow, outline.times)
        for name, schedule in SCHEDULES.items():
            cycles[f"{mode}_{name}"] = sum(
                times * layer_cycles(Execution(plan, schedule)) for plan, times in plans
            )
    return cycles


def count_plans(
    shape: ConvShape, array: ArrayShape, dataflow: Dataflow, times: int = 1
) -> tuple[tuple[TilePlan, int], ...]:
    """The different plans of a layer's parts (`tilewright.tile.find_parts`), and how often each runs.

    times: so often the whole layer does.
    """
    shapes = Counter(part.shape for part in find_parts(shape, array, dataflow))
    return tuple((TilePlan(part, array, dataflow), times * count) for part, count in shapes.items())
